import { setTimeout as delay } from "node:timers/promises";
import type { PlayGate } from "../dsl/play-gate.ts";
import { HawserError, UsageError } from "../errors/index.ts";
import { declareAssertions } from "./declare.ts";
import { fragment } from "./fragment.ts";
import type { HostRun } from "./host-run.ts";
import { limitText, measure } from "./judge.ts";
import type { Redactor } from "./redactor.ts";
import { hostView } from "./members.ts";
import type { ResolvedPlay } from "./resolve.ts";
import { ValueHub } from "./values.ts";

export interface GateInput {
  readonly gate: PlayGate;
  readonly resolved: ResolvedPlay;
  readonly plays: readonly ResolvedPlay[];
  /** The batch's hosts that have not failed. */
  readonly hosts: readonly HostRun[];
  /** Counted from 1. */
  readonly batch: number;
  readonly of: number;
  readonly redactor: Redactor;
  /** Runs what works on a host while it holds a fork. */
  readonly forked: <T>(work: () => Promise<T>) => Promise<T>;
  /** Why the run is to stop, if so. */
  readonly stopping: () => string | undefined;
  /** Told what the gate waits for. */
  readonly waiting: (detail: string) => void;
}

/** What does not hold; `host` is undefined for the check on the controller. */
export interface Broken {
  readonly host: HostRun | undefined;
  readonly error: Error;
}

/** How a gate ended: passed when nothing is broken. */
export interface GateResult {
  readonly broken: readonly Broken[];
  readonly asserted: number;
  readonly seconds: number;
}

/** Seconds between two looks at whether the run is to stop. */
const GLANCE = 0.2;

/** Asks until all of it holds, or `within` is over; then for as long as `hold` says. */
export async function passGate(input: GateInput): Promise<GateResult> {
  const { within = 60, every = 2, hold = 0 } = input.gate;
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  let [until, held] = [within, false];
  for (;;) {
    const { broken, asserted } = await look(input);
    if (broken.length === 0 && !held) [held, until] = [true, seconds() + hold];
    const over = seconds() >= until || (held && broken.length > 0) || input.stopping() !== undefined;
    if (over) return { broken, asserted, seconds: Math.round(seconds() * 10) / 10 };
    input.waiting(held ? `the gate holds ${hold} s` : `the gate: ${broken[0]?.error.message ?? ""}`);
    await pause(Math.min(every, Math.max(0.05, until - seconds())), input.stopping);
  }
}

async function pause(seconds: number, stopping: () => string | undefined): Promise<void> {
  for (let left = seconds; left > 0 && stopping() === undefined; left -= GLANCE) await delay(Math.min(left, GLANCE) * 1000);
}

async function look(input: GateInput): Promise<{ broken: Broken[]; asserted: number }> {
  const { gate, hosts, batch, of } = input;
  const all = await Promise.all(hosts.map((host) => input.forked(() => lookAt(host, input)).catch((error: unknown) => unanswered(host, error))));
  const broken = all.flatMap((each) => each.broken);
  let asserted = all.reduce((total, each) => total + each.asserted, 0);
  if (gate.check) {
    asserted += 1;
    const error = await asked(() => gate.check?.({ hosts: hosts.map(({ host }) => hostView(host)), batch, of }), input.redactor);
    if (error) broken.push({ host: undefined, error });
  }
  return { broken, asserted };
}

/** A host that does not answer is not well. */
function unanswered(host: HostRun, error: unknown): { broken: Broken[]; asserted: number } {
  if (error instanceof UsageError) throw error;
  return { broken: [{ host, error: error as Error }], asserted: 0 };
}

async function asked(check: () => unknown, redactor: Redactor): Promise<HawserError | undefined> {
  try {
    return (await check()) === false ? new HawserError("the gate's check says no") : undefined;
  } catch (error) {
    return new HawserError(`the gate's check: ${redactor.text(error instanceof Error ? error.message : String(error))}`, { cause: error });
  }
}

/** One host: its assertions and the gate's own probe, in one request. */
async function lookAt(host: HostRun, { gate, resolved, plays, redactor }: GateInput): Promise<{ broken: Broken[]; asserted: number }> {
  const { facts, roleFacts } = host;
  if (!facts) return { broken: [], asserted: 0 };
  const assertions = gate.verify === true ? declareAssertions({ resolved, all: plays, host: host.host, facts, roleFacts, hub: new ValueHub() }).flatMap((v) => v.assertions).filter(({ total }) => !total) : [];
  const wanted = [...assertions.map(({ probe, runAs }) => fragment(probe, runAs, redactor.add)), ...(gate.probe ? [fragment(gate.probe, undefined, redactor.add)] : [])];
  // A gate that asks nothing of a host would let every host through.
  if (wanted.length === 0 && !gate.check) return { broken: [{ host, error: new HawserError("the gate asserts nothing here: its roles have only totals", { host: host.name, hint: "give a role an assertion of each host, or the gate a probe" }) }], asserted: 0 };
  const looks = await host.remote.look(wanted);
  const broken = assertions.flatMap((assertion, i): Broken[] => {
    const { value, ok, cause } = measure(assertion, looks[i]);
    if (ok) return [];
    const { role, name, unit = "", limit, hint, source } = assertion;
    const seen = value === null ? `was not measured: ${cause ?? ""}` : `is ${String(value)}${unit === "" ? "" : ` ${unit}`}`;
    return [{ host, error: new HawserError(redactor.text(`the assertion ${role}/${name} ${seen}, and must be ${limitText(limit)}`), { host: host.name, source, ...(hint !== undefined && { hint }) }) }];
  });
  const own = gate.probe ? looks.at(-1) : undefined;
  if (own && own.seen.code !== 0) broken.push({ host, error: new HawserError(`the gate's probe exited ${own.seen.code}`, { host: host.name, source: resolved.play.source, stderr: redactor.text(own.seen.err.trim() || own.seen.out.trim()) }) });
  return { broken, asserted: wanted.length };
}
