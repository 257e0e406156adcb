import { type HostContext, type OpenLane, phase } from "./host-context.ts";

/** Waits until the lane has room, without holding a fork. @returns why the lane is closed, when it is. */
export async function enterLane(cx: HostContext, lane: OpenLane, name: string): Promise<string | undefined> {
  const closed = (): string | undefined => (lane.closedBy === undefined ? undefined : `${lane.closedBy} failed in the lane ${name}`);
  if (lane.closedBy !== undefined) return closed();
  cx.fork.release();
  phase(cx, "waiting", `for the lane ${name}`);
  await lane.semaphore.acquire();
  await cx.fork.acquire();
  if (lane.closedBy === undefined) return undefined;
  lane.semaphore.release();
  return closed();
}
