import type { AssertionEvent, Failure, RunEvent } from "../engine/events.ts";
import type { SourceLine } from "../errors/index.ts";
import type { RunReport, VerifyReport } from "./report-file.ts";
import type { Entry, HostRecord, Resource, Warning } from "./run-record.ts";
import { count, place } from "./text.ts";
import { element, escapeAttribute, type Element } from "./xml.ts";

/** One test, before it is an element. */
interface Case {
  /** A role; of what is nobody's, `hawser`. */
  readonly role: string;
  readonly name: string;
  readonly seconds?: number;
  readonly result?: Element;
  readonly out?: string;
}

interface Suite {
  readonly name: string;
  readonly host?: string;
  readonly cases: readonly Case[];
  readonly out?: string;
}

/**
 * A test suite for each host and play, and a test for each resource: what JUnit's readers have in common (Jenkins' schema, GitLab).
 * A resource that failed is a failure, a host that was not reached or did not come through an error.
 */
export function* runJunit(report: RunReport): Iterable<string> {
  const { record, broke, cwd } = report;
  const whole = [...record.failures.map((failure) => errorCase("run", failure, cwd)), ...(broke === undefined ? [] : [errorCase("run", { message: broke }, cwd)])];
  const suites = [...(whole.length === 0 ? [] : [{ name: record.start?.playbook ?? "run", cases: whole }]), ...[...record.hosts.values()].flatMap((host) => hostSuites(host, report))];
  yield* document({ name: record.start?.playbook ?? "", began: record.began, seconds: record.seconds, suites });
}

/** A test suite for each host and role, and a test for each limit. */
export function* verifyJunit({ record, cwd }: VerifyReport): Iterable<string> {
  const suites = new Map<string, Suite & { cases: Case[] }>();
  const suiteOf = (host: string, role: string): Suite & { cases: Case[] } => {
    const name = [host === "*" ? "all hosts" : host, role].filter((part) => part !== "").join(": ");
    const suite = suites.get(name) ?? { name, ...(host !== "*" && host !== "" && { host }), cases: [] };
    suites.set(name, suite);
    return suite;
  };
  for (const failure of record.failures) suiteOf(failure.host ?? "run", "").cases.push(errorCase(failure.unreachable === true ? "is reachable" : "could be looked at", failure, cwd));
  for (const each of record.assertions) suiteOf(each.host, each.role).cases.push(assertionCase(each, cwd));
  yield* document({ name: record.playbook, began: record.began, seconds: record.verified.seconds, suites: [...suites.values()] });
}

function* document({ name, began, seconds, suites }: { name: string; began: Date; seconds: number; suites: readonly Suite[] }): Iterable<string> {
  const all = suites.flatMap(({ cases }) => cases);
  const totals = Object.entries<string | number>({ name, ...counts(all), time: time(seconds) }).map(([key, value]) => ` ${key}="${escapeAttribute(String(value))}"`);
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${totals.join("")}>\n`;
  // Without milliseconds and zone, as the schema wants it.
  const timestamp = began.toISOString().slice(0, 19);
  for (const suite of suites) yield element(suiteElement(suite, timestamp), "  ");
  yield "</testsuites>\n";
}

function suiteElement({ name, host, cases, out }: Suite, timestamp: string): Element {
  const seconds = cases.reduce((sum, each) => sum + (each.seconds ?? 0), 0);
  return {
    name: "testsuite",
    attributes: { name, ...counts(cases), skipped: number(cases, "skipped"), time: time(seconds), timestamp, ...(host !== undefined && { hostname: host }) },
    content: [
      ...cases.map((each): Element => ({
        name: "testcase",
        attributes: { classname: each.role, name: each.name, time: time(each.seconds ?? 0) },
        content: [...(each.result ? [each.result] : []), ...(each.out === undefined ? [] : [{ name: "system-out", content: each.out }])],
      })),
      ...(out === undefined ? [] : [{ name: "system-out", content: out }]),
    ],
  };
}

const number = (cases: readonly Case[], result: string): number => cases.filter((each) => each.result?.name === result).length;
const counts = (cases: readonly Case[]): Record<string, number> => ({ tests: cases.length, failures: number(cases, "failure"), errors: number(cases, "error") });
const time = (seconds: number): string => seconds.toFixed(3);

function hostSuites(host: HostRecord, { record, cwd, drift = false }: RunReport): Suite[] {
  const byPlay = new Map<string, Entry[]>();
  for (const entry of host.entries.values()) byPlay.set(entry.resource.play, [...(byPlay.get(entry.resource.play) ?? []), entry]);
  const counted = record.recap?.hosts[host.name];
  const owed = record.recap?.pendingHandlers[host.name] ?? [];
  const own: Case[] = [
    ...host.failures.map((failure) => errorCase(failure.unreachable === true ? "is reachable" : "comes through", failure, cwd)),
    ...(counted && counted.notReached > 0 ? [{ role: "hawser", name: "all resources are reached", result: { name: "skipped", attributes: { message: `${count(counted.notReached, "resource")} not reached` } } }] : []),
  ];
  const out = [...host.warnings.map((warning) => warningText(warning, cwd)), ...(owed.length === 0 ? [] : [`handlers that the next run runs: ${owed.join(", ")}`])].join("\n");
  return [
    ...(own.length > 0 || out !== "" ? [{ name: host.name, host: host.name, cases: own, ...(out !== "" && { out }) }] : []),
    ...[...byPlay].map(([play, entries]) => ({ name: `${host.name}: ${play}`, host: host.name, cases: entries.map((entry) => entryCase(entry, { cwd, drift })) })),
  ];
}

function entryCase({ resource, outcome, summary, cause, diff, seconds, probeSeconds, failure }: Entry, { cwd, drift }: { cwd: string; drift: boolean }): Case {
  const said = [outcome === "ok" || outcome === "skipped" || outcome === "failed" ? undefined : outcome, summary, cause, outcome === "rescued" ? failure?.message : undefined].filter((part) => part !== undefined).join(": ");
  const out = [said, diff].filter((part) => part !== undefined && part !== "").join("\n");
  if (drift && (outcome === "would-change" || outcome === "unknown")) return { role: resource.role, name: nameOf(resource), result: failed("failure", { message: said, source: resource.source }, cwd, { type: "drift" }), ...(diff !== undefined && { out: diff }) };
  const result: Element | undefined =
    outcome === "failed" ? failed("failure", { message: summary ?? "failed", ...failure, source: failure?.source ?? resource.source }, cwd) : outcome === "skipped" ? { name: "skipped", attributes: { message: cause ?? "" } } : undefined;
  const took = seconds ?? probeSeconds;
  return { role: resource.role, name: nameOf(resource), ...(took !== undefined && { seconds: took }), ...(result && { result }), ...(out !== "" && outcome !== "skipped" && { out }) };
}

/** Without the role, which is the test's class. */
const nameOf = ({ id, role }: Resource): string => (id.startsWith(`${role}/`) ? id.slice(role.length + 1) : id);

function assertionCase({ role, name, value, unit, limit, ok, cause, hint, source }: AssertionEvent, cwd: string): Case {
  const measured = value === null ? "nothing was measured" : [String(value), unit].filter((part) => part !== "").join(" ");
  if (ok) return { role, name, out: `${measured}, limit ${limit}` };
  const message = `${measured}, limit ${limit}${cause === undefined ? "" : `: ${cause}`}`;
  return { role, name, result: failed("failure", { message, source, ...(hint !== undefined && { hint }) }, cwd, { verb: "asserted" }) };
}

function errorCase(name: string, failure: Failure, cwd: string): Case {
  return { role: "hawser", name, result: failed("error", failure, cwd) };
}

function failed(name: "failure" | "error", failure: Failure, cwd: string, { verb = "declared", type }: { readonly verb?: string; readonly type?: string } = {}): Element {
  const { message, source, at, stderr, stdout, exitCode, hint, unreachable } = failure;
  const placed = (word: string, where: SourceLine | undefined): string[] => (where === undefined || where.line < 1 ? [] : [`${word} ${place(where, cwd)}`]);
  const body = [
    message + (exitCode === undefined ? "" : ` (exit code ${exitCode})`),
    ...placed("at", at),
    ...placed(`${verb} at`, source),
    ...(stderr === undefined || stderr === "" ? [] : [`stderr:\n${stderr}`]),
    ...((stderr ?? "") !== "" || stdout === undefined || stdout === "" ? [] : [`stdout:\n${stdout}`]),
    ...(hint === undefined ? [] : [`try: ${hint}`]),
  ];
  const [first = ""] = message.split("\n");
  return { name, attributes: { message: first, type: type ?? (unreachable === true ? "unreachable" : "failed") }, content: body.join("\n") };
}

function warningText({ message, source }: Warning | Extract<RunEvent, { event: "warning" }>, cwd: string): string {
  return `warning: ${message}${source === undefined ? "" : ` at ${place(source, cwd)}`}`;
}
