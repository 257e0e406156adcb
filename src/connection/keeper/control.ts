import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { settleable } from "../settleable.ts";
import { Line } from "./ask.ts";
import { keeperFolder, privateFolder, privateSocket } from "./place.ts";
import type { Ask, KeptConnection, Tell } from "./wire.ts";

/** The connections that this user keeps open, of all versions of hawser. @throws UsageError when others could reach into the folder */
export async function keptConnections(): Promise<readonly KeptConnection[]> {
  return await askAll({ ask: "list" });
}

/**
 * Closes kept connections; one in use is closed after its use.
 * @param hosts The inventory's names; none for all.
 * @returns what is left
 * @throws UsageError when others could reach into the folder
 */
export async function closeKept(hosts: readonly string[] = []): Promise<readonly KeptConnection[]> {
  return await askAll({ ask: "close", hosts });
}

async function askAll(ask: Ask): Promise<readonly KeptConnection[]> {
  const folder = keeperFolder();
  if (!existsSync(folder)) return [];
  privateFolder(folder);
  const paths = readdirSync(folder).filter((name) => name.endsWith(".sock")).sort().map((name) => join(folder, name));
  const answers = await Promise.all(paths.map((path) => askOne(path, ask)));
  return answers.flat();
}

async function askOne(path: string, ask: Ask): Promise<readonly KeptConnection[]> {
  privateSocket(path);
  const answer = settleable<readonly KeptConnection[]>();
  const line = await Line.to(path, ask, (tell: Tell) => tell.tell === "list" && answer.resolve(tell.connections));
  if (!line) return [];
  line.socket.once("close", () => answer.resolve([]));
  return await answer.promise;
}
