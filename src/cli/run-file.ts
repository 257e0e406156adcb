import { statSync } from "node:fs";
import path from "node:path";
import { connectTo } from "../connect.ts";
import type { RunEvent } from "../engine/events.ts";
import { listPlaybook, type Listing } from "../engine/list.ts";
import { runPlaybook } from "../engine/run.ts";
import type { RunOptions } from "../engine/run-options.ts";
import { type HostLists, KeptFiles } from "../inventory/index.ts";
import type { Asked, Journal, Resumable } from "../journal/index.ts";
import { askOnTerminal, type StepAsker } from "./ask-step.ts";
import { wantsColor } from "./color.ts";
import { beginJournal, journaled, kept, namesOf } from "./journaled.ts";
import { loadBook, type Book } from "./load-book.ts";
import type { LoadFlags } from "./load-inventory.ts";
import type { ImportFile } from "./load-playbook.ts";
import { raiseLab } from "./raise-lab.ts";
import { checkReportFolders, RunReports } from "./report-files.ts";
import { selectionOf, type SelectFlags } from "./run-options.ts";
import { reported } from "./run-reported.ts";

export interface RunFlags extends LoadFlags, SelectFlags {
  readonly check?: boolean;
  readonly watch?: boolean;
  readonly diff?: boolean;
  readonly step?: boolean;
  readonly forks: number;
  readonly keepOpen?: number;
  readonly lockTimeout: number;
  readonly probeTimeout: number;
  readonly output: "human" | "json";
  /** 0 to 3. */
  readonly verbose?: number;
  readonly detailedExitcode?: boolean;
  readonly timing?: boolean;
  readonly trace?: string;
  readonly report?: string[];
  readonly listHosts?: boolean;
  readonly listTasks?: boolean;
  readonly listTags?: boolean;
  readonly journal?: boolean;
}

/** A playbook and an inventory, ready to be run. */
export interface Loaded extends Book {
  readonly file: string;
  /** Without what is special about one run. */
  readonly options: RunOptions;
  /** Lets go of the connections; called once all is over. */
  readonly leave: () => void;
}

/** What makes a run more than `hawser run`. */
export interface Way {
  /** The run that this one goes on with. */
  readonly from?: Resumable;
  readonly options?: Partial<RunOptions>;
  /** For the journal, where it is not a plain run. */
  readonly asked?: Pick<Asked, "verb" | "plan">;
  /** Told of everything, before it is shown. */
  readonly listen?: (event: RunEvent) => void;
}

/** Loads, runs and reports. */
export async function runFile(file: string, flags: RunFlags, importFile: ImportFile, way: Way = {}): Promise<number> {
  checkReportFolders(flags.report ?? []);
  // What has no terminal to ask on is refused first. It is let go of again, since passwords and prompts are asked for on it.
  if (flags.step) askOnTerminal(false).close();
  const loaded = await loadRun(file, flags, importFile);
  try {
    return await runLoaded(loaded, flags, way);
  } finally {
    loaded.leave();
  }
}

/**
 * @param lists What `@NAME` stands for in patterns, before the lists of the last run.
 * @throws UsageError or InventoryError for whatever is wrong with the playbook, its vars or the inventory. No host is contacted.
 */
export async function loadRun(file: string, flags: RunFlags, importFile: ImportFile, lists: HostLists = () => undefined): Promise<Loaded> {
  const { playbook, inventory } = await loadBook(file, flags, importFile, lists);
  const connections = connectTo(inventory, { keepOpen: flags.keepOpen });
  const options: RunOptions = {
    inventory,
    connect: connections.open,
    kept: new KeptFiles(statSync(flags.inventory).isDirectory() ? flags.inventory : path.dirname(flags.inventory)),
    check: flags.check ?? false,
    ...(flags.limit !== undefined && { limit: flags.limit }),
    selection: selectionOf(flags),
    forks: flags.forks,
    lockTimeout: flags.lockTimeout,
    probeTimeout: flags.probeTimeout,
    ...((flags.verbose ?? 0) > 1 && { detail: (flags.verbose ?? 0) > 2 ? ("requests" as const) : ("commands" as const) }),
    timeLooks: (flags.timing ?? false) || flags.trace !== undefined,
  };
  return { file, playbook, inventory, options, leave: connections.leave };
}

/** @returns the exit code */
export async function runLoaded(loaded: Loaded, flags: RunFlags, way: Way = {}): Promise<number> {
  // What has no terminal to ask on is refused before anything is begun.
  const asker = flags.step ? askOnTerminal(wantsColor(process.stdout)) : undefined;
  try {
    return await runAsked(loaded, flags, way, asker);
  } finally {
    asker?.close();
  }
}

async function runAsked({ file, playbook, inventory, options }: Loaded, flags: RunFlags, way: Way, asker: StepAsker | undefined): Promise<number> {
  const listing: Listing | undefined = flags.listHosts ? "hosts" : flags.listTasks ? "tasks" : flags.listTags ? "tags" : undefined;
  if (listing !== "hosts") await raiseLab(inventory);
  if (listing) {
    process.stdout.write(await listPlaybook(playbook, options, listing));
    return 0;
  }
  // A check changes nothing, so there is nothing to go on with.
  const journal = flags.check || flags.journal === false ? undefined : beginJournal(askedOf(file, flags, way), way.from);
  return await withJournal(journal, () => reported(flags, new RunReports(flags.report, inventory), (listen, signals) => {
    asker?.follow(signals.interrupt);
    const tell = journaled(journal, (event) => {
      way.listen?.(event);
      listen(event);
    });
    return runPlaybook(playbook, { ...options, ...signals, ...(way.from && { resumes: way.from }), ...(asker && { step: asker.ask }), ...(journal && { id: journal.id }), ...way.options }, tell);
  }));
}

function askedOf(file: string, flags: RunFlags, way: Way): Asked {
  return { verb: "run", playbook: path.resolve(file), inventory: path.resolve(flags.inventory), flags: kept(flags), extraVars: namesOf(flags.extraVars ?? []), ...way.asked, ...(way.from && { resumes: way.from.run }) };
}

async function withJournal<T>(journal: Journal | undefined, run: () => Promise<T>): Promise<T> {
  try {
    const result = await run();
    journal?.end();
    return result;
  } catch (error) {
    journal?.end(error);
    throw error;
  }
}
