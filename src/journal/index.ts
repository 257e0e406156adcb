export { isAlive, runsFolder } from "./folder.ts";
export { type Asked, type Header, Journal, newRunId } from "./journal.ts";
export { lastHosts, hostsOf, RUN_LISTS, type RunList } from "./named.ts";
export { type HostRecord, readJournal, type RunRecord, type RunState, type Sent } from "./record.ts";
export { isUnfinished, resumable, type Resumable } from "./resumable.ts";
export { findRun, KEPT_RUNS, pruneRuns, runsIn } from "./store.ts";
