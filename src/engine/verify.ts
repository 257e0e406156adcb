import { randomBytes } from "node:crypto";
import type { Playbook } from "../dsl/play.ts";
import type { Use } from "../dsl/role.ts";
import type { Assertion, Verifier } from "../dsl/verifier.ts";
import { UsageError } from "../errors/index.ts";
import { suggest, type Inventory, type InventoryHost } from "../inventory/index.ts";
import { declareAssertions } from "./declare.ts";
import type { Verified, VerifyEvent } from "./events.ts";
import { failureOf } from "./failures.ts";
import { fragment } from "./fragment.ts";
import { HostRun } from "./host-run.ts";
import { limitText, measure, sum, type Judged } from "./judge.ts";
import { Redactor } from "./redactor.ts";
import { type ResolvedPlay, resolvePlays } from "./resolve.ts";
import { checkRoles, type Selection } from "./selection.ts";
import { Semaphore } from "./semaphore.ts";
import type { Session } from "./session.ts";
import { ValueHub } from "./values.ts";

/** The host of an assertion about all hosts of a role. */
export const EVERY_HOST = "*";

export interface VerifyOptions {
  readonly inventory: Inventory;
  /** Opens a host's session. */
  readonly connect: (host: InventoryHost) => Promise<Session>;
  /** An inventory pattern. Totals over hosts outside of it are left out. */
  readonly limit?: string;
  /** Roles, and tags of plays and of their roles. */
  readonly selection?: Pick<Selection, "roles" | "tags">;
  /** Hosts worked on at a time. Default 10. */
  readonly forks?: number;
  /** Seconds that one probe may take. Default 30. */
  readonly probeTimeout?: number;
}

/**
 * Measures what the playbook's roles assert, on all hosts, and changes nothing: no lock is taken.
 * @throws UsageError before any host is contacted
 */
export async function verifyPlaybook(playbook: Playbook, options: VerifyOptions, listen: (event: VerifyEvent) => void): Promise<Verified> {
  return await new Verification(playbook, options, listen).run();
}

/** What one host measured. */
interface Measurement {
  readonly host: string;
  readonly assertion: Assertion;
  readonly judged: Judged;
}

class Verification {
  readonly #plays: readonly ResolvedPlay[];
  readonly #options: VerifyOptions;
  readonly #listen: (event: VerifyEvent) => void;
  readonly #redactor = new Redactor();
  readonly #hosts: readonly InventoryHost[];
  readonly #unreachable: string[] = [];
  readonly #failed: string[] = [];
  #asserted = 0;
  #broken = 0;

  constructor(playbook: Playbook, options: VerifyOptions, listen: (event: VerifyEvent) => void) {
    this.#options = options;
    this.#listen = listen;
    const { inventory, limit, selection = {} } = options;
    this.#plays = chosenRoles(resolvePlays(playbook, inventory, limit), selection);
    this.#redactor.learn(inventory.hosts, this.#plays);
    this.#hosts = inventory.hosts.filter((host) => this.#plays.some((play) => play.hosts.includes(host)));
  }

  async run(): Promise<Verified> {
    const began = performance.now();
    const fork = new Semaphore(this.#options.forks ?? 10);
    const measured = await Promise.all(this.#hosts.map(async (host) => {
      await fork.acquire();
      try {
        return await this.#measure(host);
      } finally {
        fork.release();
      }
    }));
    const all = measured.flat();
    for (const { host, assertion, judged } of all) if (!assertion.total) this.#say(host, assertion, judged);
    this.#totals(all);
    return { asserted: this.#asserted, broken: this.#broken, unreachable: this.#unreachable, failed: this.#failed, hosts: this.#hosts.length, seconds: Math.round(performance.now() - began) / 1000 };
  }

  async #measure(host: InventoryHost): Promise<Measurement[]> {
    // Answers come one by one: a probe that measures for seconds must not use up the others' time.
    const run = new HostRun(host, { connect: this.#options.connect, redactor: this.#redactor, emit: () => {}, check: true, lockTimeout: 0, probeTimeout: this.#options.probeTimeout ?? 30, timeLooks: true, note: "", run: randomBytes(8).toString("hex") });
    try {
      const plays = this.#plays.filter((play) => play.hosts.includes(host));
      await run.prepare(plays.flatMap((play) => play.roles.get(host.name) ?? []), { readOnly: true });
      const assertions = this.#declared(plays, run).flatMap((v) => v.assertions);
      const looks = await run.remote.look(assertions.map(({ probe, runAs }) => fragment(probe, runAs, this.#redactor.add)));
      return assertions.map((assertion, i) => ({ host: host.name, assertion, judged: measure(assertion, looks[i]) }));
    } catch (error) {
      if (error instanceof UsageError) throw error;
      const failure = failureOf(error, { host: host.name }, this.#redactor);
      (failure.unreachable ? this.#unreachable : this.#failed).push(host.name);
      this.#listen({ event: "failure", failure });
      return [];
    } finally {
      void run.close();
    }
  }

  #declared(plays: readonly ResolvedPlay[], run: HostRun): Verifier[] {
    if (!run.facts) return [];
    const { facts, roleFacts } = run;
    const seen = new Set<string>();
    const verifiers = plays.flatMap((resolved) => declareAssertions({ resolved, all: this.#plays, host: run.host, facts, roleFacts, hub: new ValueHub() })).filter(({ role }) => !seen.has(role) && seen.add(role));
    for (const { warnings } of verifiers) for (const { role, message, source } of warnings) this.#listen({ event: "warning", host: run.name, message: `${role}: ${message}`, source });
    return verifiers;
  }

  #totals(all: readonly Measurement[]): void {
    const groups = new Map<string, Measurement[]>();
    for (const each of all) {
      if (!each.assertion.total) continue;
      const key = `${each.assertion.role}\0${each.assertion.name}`;
      groups.set(key, [...(groups.get(key) ?? []), each]);
    }
    const lost = new Map([...this.#unreachable.map((host) => [host, "it is unreachable"] as const), ...this.#failed.map((host) => [host, "it could not be looked at"] as const)]);
    for (const [first, ...rest] of groups.values()) {
      if (!first) continue;
      const users = new Set(this.#plays.flatMap((play) => play.all.filter(({ name }) => play.roles.get(name)?.some(({ use }) => use.name === first.assertion.role)).map(({ name }) => name)));
      // Whoever limits a run to some hosts does not ask about all.
      if ([...users].some((name) => !this.#hosts.some((host) => host.name === name))) continue;
      const missing = [...lost].filter(([host]) => users.has(host)).map(([host, cause]) => ({ host, judged: { value: null, ok: false, cause } }));
      this.#say(EVERY_HOST, first.assertion, sum(first.assertion.limit, [first, ...rest, ...missing]));
    }
  }

  #say(host: string, { role, name, unit = "", limit, hint, link, source }: Assertion, { value, ok, cause }: Judged): void {
    this.#asserted += 1;
    if (!ok) this.#broken += 1;
    this.#listen({
      event: "assertion", host, role, name, value: typeof value === "string" ? this.#redactor.text(value) : value, unit, limit: limitText(limit), ok,
      ...(cause !== undefined && { cause: this.#redactor.text(cause) }),
      ...(!ok && hint !== undefined && { hint }),
      ...(link !== undefined && { link }),
      source,
    });
  }
}

/** The plays with only those roles that were asked for. @throws UsageError when a name matches nothing, or nothing asserts anything */
function chosenRoles(plays: readonly ResolvedPlay[], { roles, tags }: Pick<Selection, "roles" | "tags">): ResolvedPlay[] {
  const uses = plays.flatMap((play) => [...play.roles.values()].flat().map(({ use }) => ({ use, tags: tagsOf(play, use) })));
  checkRoles({ ...(roles && { roles }) }, [...new Set(uses.map(({ use }) => use.name))]);
  const known = new Set(uses.flatMap((each) => each.tags));
  for (const tag of tags ?? []) {
    if (tag === "all" || known.has(tag)) continue;
    const near = suggest(tag, [...known]);
    throw new UsageError(`--tags ${tag} matches nothing`, { hint: near === undefined ? `tags of plays and their roles: ${[...known].join(", ") || "none"}` : `did you mean ${near}?` });
  }
  const chosen = (play: ResolvedPlay, use: Use): boolean => {
    const byRole = roles === undefined || roles.some((wanted) => wanted === use.name || wanted === use.role.name);
    return byRole && (tags === undefined || tags.includes("all") || tagsOf(play, use).some((tag) => tags.includes(tag)));
  };
  const left = plays
    .map((play) => ({ ...play, roles: new Map([...play.roles].map(([host, own]) => [host, own.filter(({ use }) => chosen(play, use))] as const)) }))
    .map((play) => ({ ...play, hosts: play.hosts.filter(({ name }) => play.roles.get(name)?.some(({ use }) => use.role.verify)) }));
  if (left.every(({ hosts }) => hosts.length === 0)) throw new UsageError("none of these roles asserts anything", { hint: `give one a verify({ v }); roles: ${[...new Set(uses.map(({ use }) => use.name))].join(", ") || "none"}` });
  return left;
}

const tagsOf = (play: ResolvedPlay, use: Use): string[] => [...(play.play.tags ?? []), ...use.tags];
