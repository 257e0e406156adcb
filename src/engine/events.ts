import type { SourceLine } from "../errors/index.ts";

/**
 * What became of a resource or handler. `would-change` and `unknown` only in a check; `rescued` is a failure that its block's
 * rescue has made good, said after the failure itself.
 */
export type Outcome = "ok" | "changed" | "would-change" | "unknown" | "skipped" | "failed" | "rescued";

/** What a host is busy with, for progress rows. */
export type HostPhase = "connecting" | "facts" | "probing" | "planning" | "applying" | "waiting" | "proving" | "reconnecting" | "done" | "failed" | "unreachable";

/** How a host's part in a play ended. */
export type HostResult = "done" | "failed" | "unreachable" | "stopped";

/** One step of a batch whose controller had gone. */
export interface RecoveredStep {
  /** Ids; a handler's stands alone. */
  readonly ids: readonly string[];
  readonly result: "done" | "failed" | "not-run";
  /** Of a step that failed. What it printed is not known to be free of secrets, and not shown. */
  readonly exitCode?: number;
}

/** A failure as data; every text is redacted. */
export interface Failure {
  readonly message: string;
  readonly host?: string;
  readonly role?: string;
  /** The resource's id. */
  readonly resource?: string;
  /** Where the resource was declared. */
  readonly source?: SourceLine;
  /** Where the mistake itself is, when that is another file: a template's line. */
  readonly at?: SourceLine;
  readonly stderr?: string;
  readonly stdout?: string;
  readonly exitCode?: number;
  /** What to try. */
  readonly hint?: string;
  /** True when the host could not be reached at all. */
  readonly unreachable?: boolean;
}

/** Counts of one host; the order is the order of the recap. */
export interface HostCounts {
  ok: number;
  changed: number;
  wouldChange: number;
  unknown: number;
  skipped: number;
  failed: number;
  /** Failures that a block's rescue has made good. */
  rescued: number;
  /** Resources that were never looked at because the host's run ended before. */
  notReached: number;
  /** Handlers that are still owed: notified, not run. */
  handlersPending: number;
  unreachable: boolean;
  /** Exchanges waited for after connecting; see Session.requests. */
  requests: number;
}

/** Everything the engine says. Seconds are wall-clock; `at` is milliseconds since the run began. */
export type RunEvent = { readonly at: number } & (
  | { readonly event: "start"; readonly playbook: string; readonly check: boolean; readonly plays: readonly string[]; readonly hosts: readonly string[] }
  | { readonly event: "play"; readonly play: string; /** The play's place in the playbook, from 0. */ readonly index: number; readonly hosts: readonly string[]; readonly roles: readonly string[] }
  | { readonly event: "phase"; readonly host: string; readonly phase: HostPhase; readonly detail?: string; /** Resources finished and in all, of this play. */ readonly done?: number; readonly total?: number }
  | {
      readonly event: "resource";
      readonly host: string;
      readonly play: string;
      readonly role: string;
      readonly id: string;
      readonly kind: string;
      readonly outcome: Outcome;
      readonly summary?: string;
      /** Why it is unknown or skipped. */
      readonly cause?: string;
      readonly diff?: string;
      readonly source: SourceLine;
      readonly seconds?: number;
      /** Seconds that the look at it took, as the controller saw it. */
      readonly probeSeconds?: number;
      /** True for a handler. */
      readonly handler?: boolean;
      /** The host that it acts on, when that is another one: `t.on`. */
      readonly on?: string;
      readonly failure?: Failure;
    }
  /** A step of the play's `serial` begins; only where there is more than one. */
  | { readonly event: "batch"; readonly play: string; readonly batch: number; readonly of: number; readonly hosts: readonly string[] }
  /** The play's gate was passed after a batch. One that was not is a failure of its hosts and of the run. */
  | { readonly event: "gate"; readonly play: string; readonly batch: number; readonly of: number; readonly hosts: readonly string[]; /** Assertions, probes and checks that hold. */ readonly asserted: number; readonly seconds: number }
  /** What is sent to a host as one script, said before it is sent: of each step the resources, or its handler. */
  | { readonly event: "sent"; readonly host: string; /** The host that it goes to, when that is another one: `t.on`. */ readonly on?: string; readonly play: string; /** Names it on the host. */ readonly script: string; readonly steps: readonly (readonly string[])[] }
  /** What a batch of an interrupted run had done, which went on without its controller. */
  | { readonly event: "recovered"; readonly host: string; readonly script: string; readonly steps: readonly RecoveredStep[] }
  /** A host's part in a play is over. */
  | { readonly event: "host"; readonly host: string; readonly play: string; readonly index: number; readonly result: HostResult }
  /** What is about to be sent to be run for some resources or a handler; only where `detail` asks for it. One that holds a secret is not shown. */
  | { readonly event: "command"; readonly host: string; readonly ids: readonly string[]; /** Where it is not the session's. */ readonly user?: string; readonly text: string }
  /** An exchange with a host is over; only where `detail` asks for it. Bytes of the script or file and of what was printed, before any compression. */
  | { readonly event: "request"; readonly host: string; readonly what: string; readonly sent: number; readonly received: number; readonly seconds: number }
  /** A line that a running command printed; already redacted. */
  | { readonly event: "output"; readonly host: string; readonly id: string; readonly stream: "stdout" | "stderr"; readonly line: string }
  | { readonly event: "warning"; readonly host?: string; readonly message: string; readonly source?: SourceLine }
  /** A failure that belongs to a host or to the run rather than to one resource. */
  | { readonly event: "failure"; readonly failure: Failure }
  | { readonly event: "recap"; readonly result: "ok" | "failed"; readonly hosts: Readonly<Record<string, HostCounts>>; readonly pendingHandlers: Readonly<Record<string, readonly string[]>>; readonly interrupted?: boolean; readonly seconds: number }
);

/** A RunEvent before the engine has stamped the time on it. */
export type Unstamped = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, "at"> : never) : never;

/** A measured value beside its limit. */
export interface AssertionEvent {
  readonly event: "assertion";
  /** `*` for a total. */
  readonly host: string;
  readonly role: string;
  readonly name: string;
  /** Null when nothing was measured. */
  readonly value: number | string | boolean | null;
  readonly unit: string;
  /** As text: `<= 100`, `>= 1`, `1..5`, `= up`. */
  readonly limit: string;
  readonly ok: boolean;
  /** Why nothing was measured. */
  readonly cause?: string;
  /** What to try; only where the limit is broken. */
  readonly hint?: string;
  /** The host at the other end, where this is about a link between two hosts. */
  readonly link?: string;
  readonly source: SourceLine;
}

export type VerifyEvent =
  | AssertionEvent
  | { readonly event: "warning"; readonly host: string; readonly message: string; readonly source?: SourceLine }
  | { readonly event: "failure"; readonly failure: Failure };

/** How a verification ended. */
export interface Verified {
  readonly asserted: number;
  readonly broken: number;
  readonly unreachable: readonly string[];
  /** Hosts that answered and whose facts could not be read. */
  readonly failed: readonly string[];
  readonly hosts: number;
  readonly seconds: number;
}

/** What one host answered to an ad hoc command. */
export interface Answer {
  readonly host: string;
  /** Null when the command did not end by itself, or never began. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** Why there is no exit code. `lost`: the connection broke, and whether the command finished is not known. */
  readonly trouble?: "unreachable" | "lost" | "timed-out" | "interrupted" | "failed";
  /** The trouble in words. */
  readonly message?: string;
  readonly hint?: string;
}

export type AdHocEvent =
  /** Whole lines that a command printed, as soon as they came. */
  | { readonly event: "output"; readonly host: string; readonly stream: "stdout" | "stderr"; readonly text: string }
  | { readonly event: "answer"; readonly answer: Answer };
