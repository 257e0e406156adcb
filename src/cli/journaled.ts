import path from "node:path";
import type { RunEvent } from "../engine/events.ts";
import { UsageError } from "../errors/index.ts";
import { Journal, KEPT_RUNS, lastHosts, pruneRuns, RUN_LISTS, runsFolder, type Asked, type Resumable, type RunList } from "../journal/index.ts";

/** Options that say how to report, and not what to do: a resumed run has its own. */
const OF_REPORTING = new Set(["output", "report", "step", "verbose", "diff", "timing", "trace", "detailedExitcode", "journal", "inventory", "extraVars"]);

/** What a journal keeps of a command's options. */
export function kept(flags: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => !OF_REPORTING.has(name)));
}

/** Extra vars without their values, which may be secret: files as given, of the others the names. */
export function namesOf(extraVars: readonly string[]): string[] {
  return extraVars.flatMap((text) => {
    if (text.startsWith("@")) return [`@${path.resolve(text.slice(1))}`];
    if (/^\s*\{/.test(text)) return ["{…}"];
    return [text.split("=", 1)[0] ?? ""];
  });
}

/**
 * The extra vars of a run that is gone on with: files are read again, values have to be given again.
 * @throws UsageError when one is missing.
 */
export function extraVarsAgain(before: readonly string[], given: readonly string[]): string[] {
  const now = namesOf(given);
  const missing = before.filter((name) => !name.startsWith("@") && !now.includes(name));
  if (missing.length > 0) throw new UsageError(`the run had extra vars whose values its journal does not keep: ${missing.join(", ")}`, { hint: `give them again: ${missing.map((name) => (name === "{…}" ? "-e '{…}'" : `-e ${name}=…`)).join(" ")}` });
  return [...before.filter((name) => name.startsWith("@")), ...given];
}

/** Begins a run's journal. @throws UsageError when it cannot be written. */
export function beginJournal(asked: Asked, resumed?: Resumable): Journal {
  const folder = runsFolder();
  const journal = new Journal(folder, asked, (message) => process.stderr.write(`warning: ${message}\n`));
  pruneRuns(folder, KEPT_RUNS);
  if (resumed) journal.carry(resumed.carried);
  return journal;
}

/** Writes everything that a run says to its journal first. */
export function journaled(journal: Journal | undefined, listen: (event: RunEvent) => void): (event: RunEvent) => void {
  return journal === undefined ? listen : (event) => {
    journal.on(event);
    listen(event);
  };
}

/** What `@failed` and the like stand for, by the last run on the inventory. */
export function runLists(inventory: string): (name: string) => readonly string[] | undefined {
  const isList = (name: string): name is RunList => (RUN_LISTS as readonly string[]).includes(name);
  return (name) => (isList(name) ? lastHosts(name, runsFolder(), path.resolve(inventory)) : undefined);
}
