import { defineResource, PlanError, Sh, z, type Change, type Observed } from "hawser";
import { replyOf, type Reply } from "./curl.ts";

const shell = z.custom<Sh>((value) => value instanceof Sh);

interface Args {
  readonly name: string;
  readonly look: Sh;
  readonly write: Sh;
  readonly differences: (reply: Reply) => readonly string[] | undefined;
}

/** Something that a server keeps and is asked for over its API. */
export const apiObject = defineResource({
  kind: "api-object",
  summary: "Something that a server keeps: asked for over its HTTP API, compared in the controller, and written where it differs.",
  args: z.strictObject({
    /** Names it in reports, and in its id. */
    name: z.string().min(1),
    /** A request that prints the answer and its status. */
    look: shell,
    /** Writes it. */
    write: shell,
    /** What differs, in words that hold no secret; empty when it is as wanted, undefined when there is none. */
    differences: z.custom<(reply: Reply) => readonly string[] | undefined>((value) => typeof value === "function"),
  }),
  // Servers print the members of an object in another order each time.
  compares: "code",
  key: ({ name }) => name,
  claims: ({ name }) => [{ target: `api-object:${name}` }],
  probe: ({ look }) => look,
  plan: planned,
  predict(args, seen, upstream) {
    try {
      const change = planned(args, seen);
      return change === undefined ? { outcome: "ok" } : { outcome: "would-change", change };
    } catch (error) {
      // A server that is not there yet holds nothing; what one that answers has is not known when it does not say.
      if (silent(seen) && upstream.every(({ outcome }) => outcome === "would-change")) return { outcome: "would-change", change: { summary: "create" } };
      return { outcome: "unknown", cause: error instanceof Error ? error.message : "it cannot be asked" };
    }
  },
});

function planned({ name, write, differences }: Args, seen: Observed): Change | undefined {
  const reply = answerOf(name, seen);
  // Consul says 403 of a token that is not there, too.
  if (reply.status === 403 && !/not found/i.test(reply.text)) throw new PlanError(`${name}: the server refuses the token that looks: ${reply.text.trim()}`);
  if (reply.status >= 500) throw new PlanError(`${name}: the server answers ${reply.status}: ${reply.text.trim()}`, "it is sealed, or knows no leader: hawser verify says which");
  const found = differences(reply);
  if (found !== undefined && found.length === 0) return undefined;
  return { summary: found === undefined ? "create" : "update", apply: write, ...(found !== undefined && { diff: found.join("\n") }) };
}

function silent({ code, out }: Observed): boolean {
  try {
    replyOf(out);
    return code !== 0;
  } catch {
    return true;
  }
}

function answerOf(name: string, seen: Observed): Reply {
  try {
    if (seen.code !== 0) throw new Error(seen.err.trim());
    return replyOf(seen.out);
  } catch (error) {
    throw new PlanError(`${name}: the server cannot be asked: ${(error as Error).message}`, "look at the service and its journal");
  }
}

export type Json = z.core.util.JSONType;

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds in a duration as both servers write them: `1h30m`, `768h`, `90s`. */
function seconds(text: string): number | undefined {
  if (!/^(?:\d+[smhd])+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)([smhd])/g)].reduce((sum, [, count, unit = "s"]) => sum + Number(count) * (SECONDS[unit] ?? 1), 0);
}

/** Where `found` is not what `wanted` says; what `wanted` does not name may be anything. */
export function unlike(wanted: unknown, found: unknown, at = ""): readonly string[] {
  const here = at === "" ? "it" : at;
  if (Array.isArray(wanted)) {
    if (!Array.isArray(found)) return wanted.length === 0 && (found === null || found === undefined) ? [] : [`${here}: ${shown(found)} -> a list of ${wanted.length}`];
    if (wanted.length !== found.length) return [`${here}: ${found.length} -> ${wanted.length} elements`];
    return wanted.flatMap((each, i) => unlike(each, found[i] as unknown, `${at}[${i}]`));
  }
  if (typeof wanted === "object" && wanted !== null) {
    if (typeof found !== "object" || found === null) return Object.keys(wanted).length === 0 ? [] : [`${here}: ${shown(found)} -> an object`];
    return Object.entries(wanted).flatMap(([key, value]) => unlike(value, (found as Record<string, unknown>)[key], at === "" ? key : `${at}.${key}`));
  }
  return same(wanted, found) ? [] : [`${here}: ${shown(found)} -> ${shown(wanted)}`];
}

function same(wanted: unknown, found: unknown): boolean {
  if (wanted === found || ((wanted === "" || wanted === null) && (found === undefined || found === null || found === ""))) return true;
  if (typeof found === "number" && typeof wanted === "string") return String(found) === wanted || seconds(wanted) === found;
  if (typeof found === "string" && typeof wanted === "number") return String(wanted) === found || seconds(found) === wanted;
  if (typeof found === "string" && typeof wanted === "string") return seconds(wanted) !== undefined && seconds(wanted) === seconds(found);
  return typeof wanted === "boolean" && String(wanted) === String(found);
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
