import type { HostCounts } from "../engine/events.ts";

/** How a run ended; a recap event is one. */
export interface RunEnd {
  readonly result: "ok" | "failed";
  readonly hosts: Readonly<Record<string, HostCounts>>;
  readonly interrupted?: boolean;
}

/**
 * The exit code of a run; `undefined` stands for a run that never began.
 *
 * 0 clean, 1 usage or load error, 2 a host failed or the run did, 3 changes are pending (only in a check with
 * `detailedExitcode`), 4 a host was unreachable and nothing failed, 130 interrupted before anything failed.
 * A failure wins over an unreachable host: it is the one that needs a change of code.
 */
export function exitCode(end: RunEnd | undefined, options: { readonly check?: boolean; readonly detailedExitcode?: boolean } = {}): number {
  if (end === undefined) return 1;
  const hosts = Object.values(end.hosts);
  const unreachable = hosts.some((host) => host.unreachable);
  if (hosts.some((host) => host.failed > 0)) return 2;
  if (end.interrupted === true) return 130;
  if (unreachable) return 4;
  if (end.result === "failed") return 2;
  return options.check === true && options.detailedExitcode === true && hosts.some(isPending) ? 3 : 0;
}

/** What is unknown may change, and a handler that is owed will run: neither is a clean host. */
function isPending(host: HostCounts): boolean {
  return host.wouldChange > 0 || host.unknown > 0 || host.handlersPending > 0;
}
