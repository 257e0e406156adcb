import { UsageError } from "../errors/index.ts";
import { isAlive } from "./folder.ts";
import type { RunRecord, Sent } from "./record.ts";

/** What a later run needs to know of one that did not finish. */
export interface Resumable {
  readonly run: string;
  /** What was sent last, without what is known to have been done. */
  readonly sent: ReadonlyMap<string, Sent>;
  readonly finished: (host: string, play: number) => boolean;
  /** Hosts that anything was sent to, or changed on. */
  readonly touched: readonly string[];
  readonly carried: readonly { readonly host: string; readonly index: number }[];
}

/** Whether there is anything to go on with. */
export function isUnfinished({ state }: RunRecord): boolean {
  return state === "failed" || state === "interrupted" || state === "cut";
}

/** @throws UsageError when the run still goes on, or never began. */
export function resumable(run: RunRecord): Resumable {
  const { id, writer } = run.header;
  if (run.state === "refused") throw new UsageError(`the run ${id} was refused before it touched a host: ${run.error ?? ""}`, { hint: "mend that, and run it again" });
  if (run.state === "running") {
    const alive = isAlive(writer);
    if (alive === undefined) throw new UsageError(`whether the run ${id} still goes on can only be seen on ${writer.machine}, where it was started`, { hint: `resume it there` });
    throw new UsageError(`the run ${id} still goes on (process ${writer.pid})`, { hint: "stop it first" });
  }
  const carried = [...run.hosts].flatMap(([host, { finished }]) => [...finished].map((index) => ({ host, index })));
  const touched = [...run.hosts].filter(([, host]) => host.sent || host.changed.length > 0).map(([host]) => host);
  return { run: id, sent: run.sent, touched, carried, finished: (host, play) => run.hosts.get(host)?.finished.has(play) ?? false };
}
