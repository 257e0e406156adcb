import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { UsageError } from "../errors/index.ts";
import { idOf, readJournal, type RunRecord } from "./record.ts";

/** As many journals are kept; older ones go when a new run begins. */
export const KEPT_RUNS = 200;

/** The journals' files, the newest first. */
export function journalsIn(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return names.filter((name) => name.endsWith(".jsonl")).sort().reverse().map((name) => path.join(folder, name));
}

/** Runs, the newest first, read one by one: whoever wants only the last one reads no other. What is no journal is left out. */
export function* runsIn(folder: string): Generator<RunRecord> {
  for (const file of journalsIn(folder)) {
    try {
      yield readJournal(file);
    } catch {
      // Of another version, or cut in its first line; `hawser runs show` says so by its name.
    }
  }
}

/**
 * A run by its id, or by the beginning of it.
 * @throws UsageError when there is none, or more than one.
 */
export function findRun(folder: string, id: string): RunRecord {
  const files = journalsIn(folder).filter((file) => idOf(file).startsWith(id));
  const exact = files.find((file) => idOf(file) === id) ?? (files.length === 1 ? files[0] : undefined);
  if (exact !== undefined) return readJournal(exact);
  if (files.length > 1) throw new UsageError(`${files.length} runs begin with ${id}`, { hint: `say which: ${files.slice(0, 5).map(idOf).join(", ")}` });
  throw new UsageError(`there is no run ${id}`, { hint: "hawser runs lists them" });
}

/** Removes the oldest journals. @returns how many. */
export function pruneRuns(folder: string, keep: number): number {
  const old = journalsIn(folder).slice(keep);
  for (const file of old) rmSync(file, { force: true });
  return old.length;
}
