import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Playbook } from "../dsl/play.ts";
import { HawserError, UsageError } from "../errors/index.ts";

/** Imports a playbook file. @throws UsageError when it is missing, does not load, or exports no playbook. */
export async function loadPlaybook(file: string): Promise<Playbook> {
  const full = path.resolve(file);
  if (!existsSync(full)) throw new UsageError(`there is no playbook ${file}`, { hint: "give the path of a .ts file, e.g. playbooks/site.ts" });
  let loaded: { default?: unknown };
  try {
    loaded = (await import(pathToFileURL(full).href)) as { default?: unknown };
  } catch (error) {
    if (error instanceof HawserError) throw error;
    throw new UsageError(`${file} does not load: ${(error as Error).message}`, { cause: error, hint: "run `npx tsc --noEmit` to see type errors with their lines" });
  }
  const playbook = loaded.default as Playbook | undefined;
  if (!playbook || !Array.isArray(playbook.plays)) throw new UsageError(`${file} has no playbook as its default export`, { hint: "export default playbook(import.meta, [play({ … })])" });
  return playbook;
}
