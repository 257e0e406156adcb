import { dirname } from "node:path";
import type { Hop } from "../hop.ts";
import { settleable } from "../settleable.ts";
import type { Transport } from "../transport.ts";
import { Line } from "./ask.ts";
import { KeptTransport } from "./kept-transport.ts";
import { keeperSocket, privateFolder, privateSocket } from "./place.ts";
import { startKeeper } from "./start.ts";
import { errorFromWire, toWire, type Tell } from "./wire.ts";

/** A keeper may end at the moment in which it is asked. */
const ATTEMPTS = 3;

/**
 * Borrows a connection from the keeper, which is started where none is; it connects when it has none.
 * @param keepOpen Seconds that the connection stays open after this use.
 * @param again For a session whose connection was lost: takes none that waits.
 * @returns undefined where no keeper can be had; then one connects by oneself.
 * @throws what connecting throws; UsageError when others could reach into the keeper's folder
 */
export async function borrow(host: string, chain: readonly Hop[], keepOpen: number, again: boolean): Promise<Transport | undefined> {
  const path = keeperSocket();
  privateFolder(dirname(path));
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    privateSocket(path);
    const transport = await lease(host, path, chain, keepOpen, again);
    if (transport !== "gone") return transport;
    if (!(await startKeeper(path))) return undefined;
  }
  return undefined;
}

/** @returns `gone` where no keeper is left to ask, undefined where one hangs. */
async function lease(host: string, path: string, chain: readonly Hop[], keepOpen: number, again: boolean): Promise<Transport | "gone" | undefined> {
  const answer = settleable<Tell | undefined>();
  const lost = settleable<string>();
  const onTell = (tell: Tell): void => {
    if (tell.tell === "lost") lost.resolve(tell.why);
    else answer.resolve(tell);
  };
  const line = await Line.to(path, { ask: "lease", chain: toWire(chain), keepOpen, again }, onTell);
  line?.socket.once("close", () => answer.resolve(undefined));
  const told = line && (await answer.promise);
  if (told?.tell === "failed") throw errorFromWire(told.error);
  if (told?.tell !== "leased") return line?.hangs ? undefined : "gone";
  const transport = new KeptTransport(host, path, line as Line, told);
  void lost.promise.then((why) => transport.lose(why));
  return transport;
}
