import { z } from "zod";
import { Sh, type Value } from "../shell/index.ts";
import { defineResource, PlanError, type HostTools, type Observed } from "./contract.ts";

/** What an imperative apply is given: the host, and the late values named in `uses`, unwrapped. */
export interface ApplyTools<Uses = Record<never, never>> extends HostTools {
  readonly uses: Uses;
}

/** Turns `{ token: Value<string> }` into `{ token: string }`. */
export type Unwrapped<Uses extends Record<string, Value<unknown>>> = { readonly [K in keyof Uses]: Uses[K] extends Value<infer T> ? T : never };

export const shellValue = z.custom<Sh>((value) => value instanceof Sh, "a command is written with sh`…`");

const applyFunction = z.custom<(tools: ApplyTools) => Promise<unknown>>((value) => typeof value === "function", "apply is sh`…` or an async function");

/** Exit status 127 of a shell: command not found. */
const NOT_FOUND = 127;

/** Why a check that exited neither 0 nor 1 is an error, with the first line of what it said. */
function checkError(seen: Observed): PlanError {
  const said = (seen.err || seen.out).trim().split("\n")[0] ?? "";
  const hint = seen.code === NOT_FOUND ? "a command is missing: declare what installs it in `needs`" : "a check exits 0 when there is nothing to do and 1 when there is";
  return new PlanError(`its check exited ${seen.code}${said === "" ? "" : `: ${said}`}`, hint);
}

export const task = defineResource({
  kind: "task",
  summary: "What no other kind does: a check that looks and an apply that acts, in shell or in TypeScript with zx.",
  args: z.strictObject({
    /** Names it in reports, and in its id. */
    name: z.string().min(1),
    /** Read-only. Exit 0: nothing to do; 1: apply would run; anything else is an error. */
    check: shellValue,
    /** In shell, which stops at the first failing line; or an async function, given `$`, `sh`, `reconnect` and `uses`. */
    apply: z.union([shellValue, applyFunction]),
    /** `runs` claims that apply will run once a need has changed. */
    predict: z.literal("runs").optional(),
    /** `while-needs-absent`: an erring check means "not there yet" while a need would still change. */
    absent: z.literal("while-needs-absent").optional(),
    /** What the recap says when it runs. Default `run`. */
    summary: z.string().default("run"),
  }),
  opaque: true,
  compares: "code",
  key: (args) => args.name,
  claims: () => [],
  probe: (args) => args.check,
  plan(args, seen) {
    if (seen.code === 0) return undefined;
    if (seen.code !== 1) throw checkError(seen);
    const { apply, summary } = args;
    return apply instanceof Sh ? { summary, apply } : { summary, run: (host) => apply(host as ApplyTools) };
  },
  predict(args, seen, upstream) {
    const change = { summary: args.summary };
    if (seen.code === 1) return { outcome: "would-change", change };
    const cause = upstream[0]?.id ?? "a need";
    if (args.predict === "runs") return upstream.some((up) => up.outcome === "would-change") ? { outcome: "would-change", change } : { outcome: "unknown", cause: `it runs if ${cause} changes, which is unknown` };
    if (seen.code === 0) return { outcome: "ok" };
    if (args.absent === "while-needs-absent" && upstream.every((up) => up.outcome === "would-change")) return { outcome: "would-change", change };
    return { outcome: "unknown", cause: `${checkError(seen).message}, and ${cause} would change first` };
  },
});

export const read = defineResource({
  kind: "read",
  summary: "A value read from the host during the run, for resources here or on other hosts.",
  args: z.strictObject({
    /** Names it in reports, and in its id. */
    name: z.string().min(1),
    /** Read-only. Its output is parsed; a non-zero exit means that there is no value yet. */
    probe: shellValue,
    /** Makes the value of what the probe printed. Default: the text without blanks around it. */
    parse: z.custom<(out: string) => unknown>((value) => typeof value === "function"),
  }),
  key: (args) => args.name,
  claims: () => [],
  probe: (args) => args.probe,
  plan: () => undefined,
});

export const gate = defineResource({
  kind: "gate",
  summary: "Waits, on the host, until a condition holds.",
  args: z.strictObject({
    /** Names it in reports, and in its id. */
    name: z.string().min(1),
    /** Read-only. Exit 0 opens the gate. */
    probe: shellValue,
    /** Seconds until a closed gate is a failure. */
    within: z.number().positive(),
    /** Seconds between looks. */
    every: z.number().positive().default(1),
  }),
  compares: "code",
  waits: true,
  key: (args) => args.name,
  claims: () => [],
  probe: (args) => args.probe,
  plan(args, seen) {
    if (seen.code === 0) return undefined;
    return {
      summary: `wait up to ${args.within} s`,
      apply: Sh.lines(
        Sh.raw(`n=${Math.ceil(args.within / args.every)}`),
        "until (",
        args.probe,
        Sh.raw(`) >/dev/null 2>&1; do\n  n=$((n - 1))\n  if [ "$n" -le 0 ]; then echo ${JSON.stringify(`still closed after ${args.within} s`)} >&2`),
        "(",
        args.probe,
        Sh.raw(`) >&2; exit 1; fi\n  sleep ${args.every}\ndone`),
      ),
    };
  },
  predict(args, seen, upstream) {
    if (seen.code === 0) return { outcome: "ok" };
    const waiting = upstream.every((up) => up.outcome === "would-change");
    return waiting ? { outcome: "would-change", change: { summary: `wait up to ${args.within} s` } } : { outcome: "unknown", cause: `${upstream[0]?.id ?? "a need"} is unknown` };
  },
});
