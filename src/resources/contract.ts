import type { z } from "zod";
import type { Facts } from "./facts.ts";
import type { Sh } from "../shell/index.ts";

/** What a probe printed. Text is decoded as UTF-8; a probe that may meet other bytes prints them as base64. */
export interface Observed {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

/** What kinds may look at besides their own arguments. */
export interface KindContext {
  readonly facts: Facts;
}

/** A local file or bytes that a change needs on the host before its apply runs: mode 0600, in hawser's own folder, removed afterwards. */
export interface Upload {
  /** Names it there; `staged(name)` is its path. One name stands for one content, so that what arrived before a cut is used. */
  readonly name: string;
  readonly content: Buffer | { readonly localFile: string };
}

/** What an apply does to the host. Exactly one of `apply` and `run` is present. */
export interface Change {
  /** In a few words, as it stands in the recap: `create`, `mode 0644 -> 0600`. Never holds a secret. */
  readonly summary: string;
  /** A unified diff, or a line that says why there is none. */
  readonly diff?: string;
  /** Shell text; consecutive ones travel together. It stops at the first failing line (`set -e`). */
  readonly apply?: Sh;
  /** For what shell text cannot do. Given the host's session by the engine; ends the batch before it. */
  readonly run?: (host: HostTools) => Promise<unknown>;
  readonly uploads?: readonly Upload[];
  /**
   * What the same probe will print after the apply. With it, later resources that look at the same thing are planned on
   * the expected state, in a check as well; the host compares before it acts, so a wrong guess costs a request, never a result.
   */
  readonly after?: Observed;
  /** Consecutive changes with one `key` become one command: `install a`, `install b` -> `install a b`. */
  readonly merge?: { readonly key: string; readonly item: string; readonly apply: (items: readonly string[]) => Sh };
  /** The apply reboots the host: the connection's loss is expected, and facts are read anew. */
  readonly reboots?: { readonly withinSeconds: number };
}

/** What an imperative apply is given. */
export interface HostTools {
  /** zx's `$`, bound to the host; a failing command throws. */
  readonly $: import("zx/core").Shell;
  /** Runs one shell value in the kept-open shell. */
  sh(command: Sh): Promise<Observed>;
  /** Connects again after a reboot. */
  reconnect(withinSeconds: number): Promise<void>;
}

/** What is known in a check of a resource that this one needs. */
export interface Upstream {
  readonly id: string;
  readonly kind: string;
  readonly outcome: "would-change" | "unknown";
  readonly change?: Change;
}

/** A check's answer for a resource whose needs would change. */
export type Prediction =
  | { readonly outcome: "ok" }
  | { readonly outcome: "would-change"; readonly change: Change }
  | { readonly outcome: "unknown"; readonly cause: string };

/**
 * Part of a host that a resource owns. Two exclusive claims (no `part`) of one target are an error, and so are two claims
 * of the same part, or a part beside an exclusive claim; unless both want the same.
 */
export interface Claim {
  /** e.g. `file:/etc/hosts`, `package:curl`. */
  readonly target: string;
  readonly part?: string;
  /** What is wanted of the target, in full, where several may want it: roles that need the same package agree. */
  readonly wanted?: string;
}

/**
 * A kind of resource: how to look, what to change, and what to expect. Everything here is pure: no clock, no random, no I/O.
 *
 * Arguments may hold late values (`Late<T>`): read one by `now()` only where it is needed. If `probe` needs one, the
 * resource waits for it before it is looked at; if only `plan` does, before it is planned.
 */
export interface Kind<Schema extends z.ZodType> {
  readonly kind: string;
  readonly args: Schema;
  /** The last part of the resource's id; unique per role and host, e.g. the path. */
  key(args: z.output<Schema>): string;
  claims(args: z.output<Schema>): readonly Claim[];
  /**
   * A read-only fragment. It prints nothing that changes by itself (no times, no pids), because an apply first compares a
   * new observation with the planned one. Resources whose probes have one text share one look.
   */
  probe(args: z.output<Schema>, context: KindContext): Sh;
  /**
   * What must change, or nothing.
   * @throws PlanError when the state can be neither kept nor repaired, e.g. a directory where a file should be.
   */
  plan(args: z.output<Schema>, seen: Observed, context: KindContext): Change | undefined;
  /**
   * Called in a check, instead of trusting `plan`, when a resource that this one needs would change or is unknown.
   * Default: `plan`'s answer, and `unknown` when `plan` throws.
   */
  predict?(args: z.output<Schema>, seen: Observed, upstream: readonly Upstream[], context: KindContext): Prediction;
  /** What `predict` plans may be applied where the look still says the same: what is needed shows on standard error alone. Default false. */
  readonly foresees?: boolean;
  /**
   * Called in a check when a value that `plan` needs will not be known before the run: what is certain without it, as that a file which is not there
   * will be created. Default: nothing, and the resource is unknown.
   */
  certain?(args: z.output<Schema>, seen: Observed): Change | undefined;
  /** Its apply changes nothing, it waits: that counts as ok, and needs no permission of a saved plan. Default false. */
  readonly waits?: boolean;
  /** Its apply may change anything (packages, tasks, archives): everything later on the host is probed again. Default false. */
  readonly opaque?: boolean;
  /** What a repeated look compares with the planned one. `code` for probes whose output is not stable. Default `output` (and the code). */
  readonly compares?: "output" | "code";
  /** For the reference pages. */
  readonly summary: string;
}

/** The state cannot be reached from what is there. `hint` says what to try. */
export class PlanError extends Error {
  override readonly name = "PlanError";
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** Keeps a kind's types while it is written as a value. */
export function defineResource<Schema extends z.ZodType>(kind: Kind<Schema>): Kind<Schema> {
  return kind;
}
