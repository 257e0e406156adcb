import type { Inventory, InventoryHost } from "../inventory/index.ts";
import type { Detail } from "./host-run.ts";
import type { KeptStore } from "./kept.ts";
import type { AppliedPlan, Observe } from "./planned.ts";
import type { SentBatch } from "./recovered.ts";
import type { Selection } from "./selection.ts";
import type { Session } from "./session.ts";
import type { AskStep } from "./step.ts";

export interface RunOptions {
  readonly inventory: Inventory;
  /** Names the run in its journal and in the lock's note on the hosts: letters, digits and dashes. Default: random. */
  readonly id?: string;
  /** For a check: told of everything that it judges. */
  readonly observe?: Observe;
  /** A saved plan: nothing but its changes is made. */
  readonly plan?: AppliedPlan;
  /** A run that ended without finishing, to go on with. */
  readonly resumes?: Resumed;
  /** Opens a host's session. */
  readonly connect: (host: InventoryHost) => Promise<Session>;
  /** Look and predict, change nothing. Default false. */
  readonly check?: boolean;
  /** An inventory pattern; hosts outside it are read where others need their values, never changed. */
  readonly limit?: string;
  readonly selection?: Selection;
  /** Hosts worked on at a time. Default 10. */
  readonly forks?: number;
  /** Where once-only outputs are kept. Without it, tasks that make one fail before they run. */
  readonly kept?: KeptStore;
  /** Seconds to wait for another run's lock on a host. Default 30. */
  readonly lockTimeout?: number;
  /** Seconds that one look may take. Default 30. */
  readonly probeTimeout?: number;
  /** Tells with each resource how long its look took, which costs a round trip. Default false: looks are answered in one piece. */
  readonly timeLooks?: boolean;
  /** Asked before each change, which then goes out by itself; hosts are worked on one after the other. Default: nothing is asked. */
  readonly step?: AskStep;
  /** Tells also what is run on hosts (`commands`), and each exchange with them as well (`requests`). Default: neither. */
  readonly detail?: Detail;
  /** Aborted: stop after the current batch, with a recap. */
  readonly interrupt?: AbortSignal;
  /** Aborted: stop now; what runs on hosts is not followed any more. */
  readonly abort?: AbortSignal;
}

/** What is known of an interrupted run. */
export interface Resumed {
  /** The interrupted run's id. */
  readonly run: string;
  /** What it sent last to each host, where nothing was heard of the end. */
  readonly sent: ReadonlyMap<string, SentBatch>;
  /** Whether it has finished a play on a host; the play is given by its place in the playbook. */
  readonly finished: (host: string, play: number) => boolean;
}
