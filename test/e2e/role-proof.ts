import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Inventory, Playbook } from "hawser";
import { STEPS, type Step } from "../../scripts/status/evidence.ts";
import { connectTo } from "../../src/connect.ts";
import type { AssertionEvent } from "../../src/engine/events.ts";
import type { KeptStore } from "../../src/engine/kept.ts";
import { verifyPlaybook } from "../../src/engine/verify.ts";
import { labHost } from "../../src/lab/index.ts";
import { follow, type ResourceEvent, type Said } from "./engine-fixture.ts";
import { Recorder, type Server } from "./evidence.ts";

/** Shell text for each host, run as root without ssh, or anything else. */
export type Act = Readonly<Record<string, string>> | (() => Promise<unknown>);

/** Something that is not any more as declared. */
export interface Drift {
  readonly what: string;
  readonly by: Act;
  /** Each is found in the `HOST role/kind:key` of something that the check says it would change. Default: it would change something. */
  readonly repairs?: readonly RegExp[];
}

/** Something that does not work any more, although it may be as declared. */
export interface Fault {
  readonly what: string;
  readonly by: Act;
  /** Takes it back; `apply` runs the playbook. */
  readonly heal: Act | "apply";
  /** Each is found in the `role: name` of an assertion that fails under it. */
  readonly expect: readonly RegExp[];
  /** Whose assertions are looked at under it. Default: all that are proved. */
  readonly roles?: readonly string[];
  /** No other assertion fails under it. Default: others may. */
  readonly alone?: boolean;
  /** Seconds until they fail. Default 60. */
  readonly within?: number;
}

/** What is needed of an `E2eLab`, or of another lab. */
export interface ProvedLab {
  readonly name: string;
  readonly hosts: readonly { readonly name: string }[];
  /** Runs shell text on a host as root, without the engine. @throws when it fails */
  readonly exec: (host: string, script: string) => Promise<string>;
}

export interface RoleProof {
  /** `import.meta` of the test. */
  readonly test: ImportMeta;
  /** The roles that are proved, a row of docs/status.md each. Others of the playbook come along. */
  readonly roles: readonly string[];
  /** Up while the tests run: `before(() => lab.up())`. */
  readonly lab: ProvedLab;
  readonly book: Playbook;
  /** Asked once the lab is up. */
  readonly inventory: () => Promise<Inventory>;
  /** Where the controller keeps what a host gives only once, such as the parts of a key; asked once the lab is up. Default: a task that makes such a thing fails. */
  readonly kept?: () => KeptStore;
  /** How each role's server is asked for its version; by role. A role without one counts as not run against a real server. */
  readonly servers: Readonly<Record<string, Server>>;
  readonly drifts: readonly Drift[];
  readonly faults: readonly Fault[];
  /** Hosts that are restarted, one after the other. */
  readonly reboots: readonly string[];
  /** `apply`: a run brings back what no host keeps through a restart, such as an open seal. It is made before `verify` has to pass, and the evidence says so. */
  readonly afterReboot?: "apply";
  /** Steps that are left out, each with the reason, which docs/status.md shows. */
  readonly leaveOut?: Partial<Record<Exclude<Step, "drill">, string>>;
  /** Assertions, as `role: name`, that no fault here can break, each with the reason. They are counted apart. */
  readonly unbreakable?: readonly { readonly title: RegExp; readonly because: string }[];
  /** Seconds after which `verify` has to pass when something was changed. Default 60. */
  readonly settles?: number;
  /** The largest share of a host's resources that the first check may call unknown. Default 0.15. */
  readonly unknown?: number;
  /** Which of the roles' servers, where they have a choice of them: a row of its own in docs/status.md. Default: the usual one. */
  readonly backend?: string;
  /** Minutes after which a test has failed. Default 8: a machine may be busy with others. */
  readonly minutes?: number;
}

/**
 * The way every role goes, as subtests of the describe that calls it, and what is recorded of it (`Recorder`):
 * checked and applied from nothing, run again, verified, drifted and repaired, restarted, and each assertion seen to fail.
 * Where the machine lacks what it takes, give the reason to the describe's `skip` and to `unavailable`.
 * @example
 * void describe("etcd on lab hosts", { skip }, () => {
 *   before(() => lab.up());
 *   after(() => lab.down());
 *   const proof = proveRole({ test: import.meta, roles: ["etcd"], lab, book, inventory: () => lab.inventory(), … });
 *   void test("what only this role does", async () => assert.equal((await proof.run()).recap.result, "ok"));
 * });
 */
export function proveRole(proof: RoleProof): Proving {
  const proving = new Proving(proof);
  proving.declare();
  return proving;
}

/** Records that a role's test could not run here. To be called where its describe is skipped. */
export async function unavailable({ test: meta, roles, backend }: Pick<RoleProof, "test" | "roles" | "backend">, reason: string): Promise<void> {
  const steps = (Object.keys(STEPS) as Step[]).filter((step) => step !== "drill");
  await new Recorder({ test: meta, roles, lab: "", servers: {}, ...(backend !== undefined && { backend }) }).unavailable(steps, reason);
}

/** What a role's own tests take from its proof. */
export class Proving {
  readonly recorder: Recorder;
  readonly #proof: RoleProof;
  #inventory: Promise<Inventory> | undefined;
  /** Assertions that were seen to fail, without what is different on each host. */
  readonly #broken = new Set<string>();
  #all: readonly string[] = [];

  constructor(proof: RoleProof) {
    this.#proof = proof;
    this.recorder = new Recorder({ test: proof.test, roles: proof.roles, lab: proof.lab.name, servers: proof.servers, ...(proof.backend !== undefined && { backend: proof.backend }) });
  }

  inventory(): Promise<Inventory> {
    return (this.#inventory ??= this.#proof.inventory());
  }

  /** Runs the playbook, or checks it. */
  async run(check = false): Promise<Said> {
    const { book, kept } = this.#proof;
    return await follow(book, { inventory: await this.inventory(), check, ...(kept && { kept: kept() }) });
  }

  /** What `verify` measures of the proved roles, or of some of them. */
  async verify(roles = this.#proof.roles): Promise<readonly AssertionEvent[]> {
    const inventory = await this.inventory();
    const connections = connectTo(inventory);
    const assertions: AssertionEvent[] = [];
    try {
      await verifyPlaybook(this.#proof.book, { inventory, connect: connections.open, selection: { roles } }, (event) => void (event.event === "assertion" && assertions.push(event)));
    } finally {
      connections.leave();
    }
    return assertions;
  }

  /** Waits until every limit is kept. @returns what was measured then */
  async healthy(seconds = this.#proof.settles ?? 60): Promise<readonly AssertionEvent[]> {
    return await this.#until(seconds, (assertions) => assertions.filter(({ ok }) => !ok).map((each) => `${each.host} ${titleOf(each)}: ${each.value} is not ${each.limit}${each.cause === undefined ? "" : `, ${each.cause}`}`), "limits are broken");
  }

  /** A check and a run, which agree. */
  async checkAndRun(): Promise<{ readonly check: Said; readonly ran: Said }> {
    const check = await this.run(true);
    const ran = await this.run();
    assert.equal(ran.recap.result, "ok", ran.trouble);
    // A role that stands in two plays is changed in the first and found well in the second; a check has it would-change in both.
    const changed = new Set(ran.events.flatMap((event) => (event.event === "resource" && event.outcome === "changed" ? [`${event.host} ${event.id}`] : [])));
    assert.deepEqual(idsOf(check, "ok").filter((id) => changed.has(id)), [], "nothing that the check called ok was changed");
    assert.deepEqual(idsOf(check, "would-change").filter((id) => !changed.has(id)), [], "all that the check promised was changed");
    for (const event of last(check).values()) if (event.outcome === "unknown") assert.ok(event.cause, `${event.id} is unknown without a cause`);
    return { check, ran };
  }

  declare(): void {
    const { drifts, faults, reboots, minutes = 8 } = this.#proof;
    const options = { timeout: minutes * 60_000 };
    void test("applied from nothing, as the check said", options, this.#step(["apply", "check"], () => this.#fromNothing()));
    void test("a second run changes nothing, in at most three requests a host and play", options, this.#step("again", () => this.#again()));
    void test("every limit is kept", options, this.#step("verify", async () => {
      const assertions = await this.healthy();
      this.#all = [...new Set(assertions.map((each) => this.#generic(each)))];
      return { assertions: assertions.length };
    }));
    void test("what was changed by hand is named by a check and repaired by a run", options, this.#step("drift", () => this.#drifts(drifts)));
    void test("hosts that were restarted come back as they were", options, this.#step("reboot", () => this.#reboots(reboots)));
    for (const fault of faults) void test(`seen: ${fault.what}`, options, () => this.#fault(fault));
    void test("each assertion was seen to fail: none is decoration", options, this.#step("assertions", () => this.#decoration()));
  }

  /** A step, unless it is left out. */
  #step(steps: Step | readonly Step[], show: Parameters<Recorder["step"]>[1]): (t: { skip: (why: string) => void }) => Promise<void> {
    const [first] = [steps].flat();
    const why = first === undefined || first === "drill" ? undefined : this.#proof.leaveOut?.[first];
    return async (t) => {
      if (why === undefined) return await this.recorder.step(steps, show)();
      for (const step of [steps].flat()) await this.recorder.skip(step, why);
      t.skip(why);
    };
  }

  async #fromNothing() {
    const { check, ran } = await this.checkAndRun();
    const unknown = idsOf(check, "unknown").length;
    const all = last(check).size;
    assert.ok(unknown <= all * (this.#proof.unknown ?? 0.15), `${unknown} of ${all} are unknown: ${idsOf(check, "unknown").join(", ")}`);
    assert.ok(idsOf(ran, "changed").length > 0, "there was something already");
    return { resources: all, unknown, seconds: Math.round(ran.seconds) };
  }

  async #again() {
    let most = 0;
    for (const check of [false, true]) {
      const said = await this.run(check);
      assert.equal(said.recap.result, "ok", said.trouble);
      assert.deepEqual(idsOf(said, "changed", "would-change", "unknown"), []);
      for (const [host, { requests }] of Object.entries(said.recap.hosts)) {
        const plays = said.events.filter((event) => event.event === "play" && event.hosts.includes(host)).length;
        assert.ok(requests <= 3 * plays, `${requests} requests of ${host} for ${plays} plays`);
        most = Math.max(most, requests / plays);
      }
    }
    return { "requests a host and play": Math.round(most * 10) / 10 };
  }

  async #drifts(drifts: readonly Drift[]) {
    assert.ok(drifts.length > 0, "no drift is given");
    for (const { what, by, repairs = [] } of drifts) {
      await this.#act(by);
      const { check } = await this.checkAndRun();
      const named = idsOf(check, "would-change", "unknown");
      assert.ok(named.length > 0, `${what}: the check sees nothing`);
      for (const pattern of repairs) assert.ok(named.some((id) => pattern.test(id)), `${what}: ${pattern} is not among ${named.join("; ")}`);
      await this.healthy().catch((error: unknown) => assert.fail(`${what}: ${String(error)}`));
    }
    const after = await this.run(true);
    assert.deepEqual(idsOf(after, "would-change", "unknown"), []);
    return { drifts: drifts.length };
  }

  async #reboots(hosts: readonly string[]) {
    assert.ok(hosts.length > 0, "no host is given");
    const { lab, afterReboot } = this.#proof;
    let longest = 0;
    for (const host of hosts) {
      const boot = () => lab.exec(host, "cat /proc/sys/kernel/random/boot_id");
      const before = await boot();
      await labHost.stop(lab.name, host);
      const began = performance.now();
      await labHost.start(lab.name, host);
      assert.notEqual(await boot(), before, `${host} was not restarted`);
      if (afterReboot === "apply") await this.#apply();
      await this.healthy();
      longest = Math.max(longest, performance.now() - began);
    }
    const after = await this.run(true);
    assert.deepEqual(idsOf(after, "would-change", "unknown"), [], "a check after the restart");
    return { hosts: hosts.length, "seconds until verify passed": Math.round(longest / 1000), ...(afterReboot && { "brought back by": "a run" }) };
  }

  async #fault({ what, by, heal, expect, roles, alone = false, within = 60 }: Fault): Promise<void> {
    await this.#act(by);
    try {
      await this.#until(within, (assertions) => {
        const failing = assertions.filter(({ ok }) => !ok);
        for (const each of failing) this.#broken.add(this.#generic(each));
        const titles = failing.map(titleOf);
        const others = alone ? titles.filter((title) => !expect.some((pattern) => pattern.test(title))) : [];
        return [...expect.filter((pattern) => !titles.some((title) => pattern.test(title))).map((pattern) => `${pattern}, of ${titles.join("; ") || "none that fails"}`), ...others.map((title) => `${title} fails too`)];
      }, `${what}: not seen`, roles);
    } finally {
      if (heal === "apply") await this.#apply();
      else await this.#act(heal);
    }
    await this.healthy();
  }

  #decoration() {
    const { unbreakable = [] } = this.#proof;
    assert.ok(this.#all.length > 0, "nothing was asserted");
    const never = this.#all.filter((title) => !this.#broken.has(title));
    const left = never.filter((title) => !unbreakable.some((each) => each.title.test(title)));
    assert.deepEqual(left, [], "assertions that no fault broke");
    return Promise.resolve({ assertions: this.#all.length, "seen to fail": this.#all.length - never.length, ...(never.length > 0 && { "no fault breaks": never.join("; ") }) });
  }

  async #until(seconds: number, wrong: (assertions: readonly AssertionEvent[]) => readonly string[], what: string, roles = this.#proof.roles): Promise<readonly AssertionEvent[]> {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      const assertions = await this.verify(roles);
      const left = assertions.length === 0 ? ["nothing was measured"] : wrong(assertions);
      if (left.length === 0) return assertions;
      if (performance.now() > deadline) assert.fail(`${what}, after ${seconds} s: ${left.join("\n")}`);
      await sleep(300);
    }
  }

  async #apply(): Promise<void> {
    const said = await this.run();
    assert.equal(said.recap.result, "ok", said.trouble);
  }

  async #act(act: Act): Promise<void> {
    if (typeof act === "function") await act();
    else await Promise.all(Object.entries(act).map(([host, script]) => this.#proof.lab.exec(host, script)));
  }

  /** An assertion's title without names and addresses: what was seen to fail on one host need not be broken on each. */
  #generic(assertion: AssertionEvent): string {
    const names = this.#proof.lab.hosts.map(({ name }) => name).sort((one, other) => other.length - one.length);
    return titleOf(assertion)
      .replaceAll(/\d+\.\d+\.\d+\.\d+(?:[/:]\d+)?/g, "…")
      .replaceAll(new RegExp(String.raw`(?<![\w-])(?:${names.join("|")})(?![\w-])`, "g"), "…");
  }
}

const titleOf = ({ role, name }: AssertionEvent): string => `${role}: ${name}`;

/** The last outcome of each resource and handler, by `HOST id`. */
const last = ({ events }: Said): ReadonlyMap<string, ResourceEvent> => new Map(events.flatMap((event) => (event.event === "resource" ? [[`${event.host} ${event.id}`, event] as const] : [])));

const idsOf = (said: Said, ...outcomes: readonly string[]): string[] => [...last(said)].flatMap(([id, { outcome }]) => (outcomes.includes(outcome) ? [id] : [])).sort();
