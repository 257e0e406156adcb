import type { Failure } from "../engine/events.ts";
import type { SourceLine } from "../errors/index.ts";
import type { RunReport, VerifyReport } from "./report-file.ts";
import type { HostRecord, Entry, Warning } from "./run-record.ts";
import { hostState } from "./state.ts";
import { shortPath } from "./text.ts";

export const RUN_SCHEMA = "hawser/run/1";
export const VERIFY_SCHEMA = "hawser/verify/1";

/** One document with its keys in a fixed order and a host on each line; what there is none of is left out. */
export function* runJson({ record, regions, cwd, broke }: RunReport): Iterable<string> {
  const { start, recap, plays } = record;
  const head = {
    schema: RUN_SCHEMA,
    playbook: start?.playbook ?? "",
    check: start?.check ?? false,
    began: record.began.toISOString(),
    seconds: record.seconds,
    result: recap?.result ?? "failed",
    ...(recap?.interrupted === true && { interrupted: true }),
    ...(broke !== undefined && { broke }),
    plays: plays.map(({ play, roles, hosts }) => ({ play, roles, hosts })),
    failures: record.failures.map((failure) => failureJson(failure, cwd)),
    warnings: record.warnings.map((warning) => warningJson(warning, cwd)),
  };
  const regionOf = new Map(regions.map(({ name, region }) => [name, region]));
  yield* document(head, "hosts", [...record.hosts.values()], (host) => hostJson(host, { regionOf, recap, cwd }));
}

/** As runJson, of a verification; the broken assertions are not sorted to the front. */
export function* verifyJson({ record, cwd }: VerifyReport): Iterable<string> {
  const { verified, failures, warnings, assertions } = record;
  const head = {
    schema: VERIFY_SCHEMA,
    playbook: record.playbook,
    began: record.began.toISOString(),
    seconds: verified.seconds,
    result: verified.broken > 0 || verified.failed.length > 0 || verified.unreachable.length > 0 ? "failed" : "ok",
    asserted: verified.asserted,
    broken: verified.broken,
    unreachable: verified.unreachable,
    failed: verified.failed,
    failures: failures.map((failure) => failureJson(failure, cwd)),
    warnings: warnings.map(({ host, ...warning }) => ({ host, ...warningJson(warning, cwd) })),
  };
  yield* document(head, "assertions", assertions, ({ host, role, name, value, unit, limit, ok, cause, hint, link, source }) => ({ host, role, name, value, unit, limit, ok, ...(cause !== undefined && { cause }), ...(hint !== undefined && { hint }), ...(link !== undefined && { link }), source: placeJson(source, cwd) }));
}

/** An object whose last key is a list with an item on each line: neither the whole text nor all items are in memory at once. */
export function* document<T>(head: object, key: string, items: readonly T[], toJson: (item: T) => object): Iterable<string> {
  const text = JSON.stringify(head);
  yield `${text.slice(0, -1)},${JSON.stringify(key)}:[`;
  for (const [i, item] of items.entries()) yield `${i === 0 ? "" : ","}\n${JSON.stringify(toJson(item))}`;
  yield items.length === 0 ? "]}\n" : "\n]}\n";
}

interface HostInput {
  readonly regionOf: ReadonlyMap<string, string>;
  readonly recap: RunReport["record"]["recap"];
  readonly cwd: string;
}

function hostJson({ name, first = 0, last, entries, failures, warnings }: HostRecord, { regionOf, recap, cwd }: HostInput): object {
  const counts = recap?.hosts[name];
  return {
    host: name,
    region: regionOf.get(name) ?? "",
    ...(counts && { state: hostState(counts) }),
    seconds: (last - first) / 1000,
    ...(counts && { counts }),
    pendingHandlers: recap?.pendingHandlers[name] ?? [],
    failures: failures.map((failure) => failureJson(failure, cwd)),
    warnings: warnings.map((warning) => warningJson(warning, cwd)),
    resources: [...entries.values()].map((entry) => entryJson(entry, cwd)),
  };
}

function entryJson(entry: Entry, cwd: string): object {
  const { at, seconds, probeSeconds } = entry;
  return { ...entryKeys(entry, cwd), at, ...(seconds !== undefined && { seconds }), ...(probeSeconds !== undefined && { probeSeconds }) };
}

/** A resource and what became of it, without when and how long. */
export function entryKeys({ resource, outcome, summary, cause, diff, failure }: Entry, cwd: string): object {
  const { id, play, role, kind, handler, source } = resource;
  return {
    id,
    play,
    role,
    kind,
    ...(handler && { handler }),
    outcome,
    ...(summary !== undefined && { summary }),
    ...(cause !== undefined && { cause }),
    ...(diff !== undefined && { diff }),
    ...(failure !== undefined && { failure: failureJson(failure, cwd) }),
    source: placeJson(source, cwd),
  };
}

export function failureJson({ message, host, role, resource, source, at, stderr, stdout, exitCode, hint, unreachable }: Failure, cwd: string): object {
  return {
    message,
    ...(host !== undefined && { host }),
    ...(role !== undefined && { role }),
    ...(resource !== undefined && { resource }),
    ...(exitCode !== undefined && { exitCode }),
    ...(stderr !== undefined && { stderr }),
    ...(stdout !== undefined && { stdout }),
    ...(hint !== undefined && { hint }),
    ...(unreachable === true && { unreachable }),
    ...(source !== undefined && { source: placeJson(source, cwd) }),
    ...(at !== undefined && { at: placeJson(at, cwd) }),
  };
}

function warningJson({ message, source }: Warning, cwd: string): object {
  return { message, ...(source !== undefined && { source: placeJson(source, cwd) }) };
}

/** Files relative to where hawser ran, so that two checkouts say the same. */
function placeJson({ file, line, column }: SourceLine, cwd: string): SourceLine {
  return { file: shortPath(file, cwd), line, column };
}
