import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { play, playbook } from "../../src/dsl/play.ts";
import { defineRole, use, type RoleSpec } from "../../src/dsl/role.ts";
import type { Verifier } from "../../src/dsl/verifier.ts";
import { BecomeFailed, Unreachable } from "../../src/engine/session.ts";
import { UsageError } from "../../src/errors/index.ts";
import type { AssertionEvent, Verified, VerifyEvent } from "../../src/engine/events.ts";
import { verifyPlaybook, type VerifyOptions } from "../../src/engine/verify.ts";
import { Secret, sh } from "../../src/shell/index.ts";
import { inventoryOf, runPlays } from "./harness.ts";
import { LocalSession } from "./local-session.ts";

type Verify = NonNullable<RoleSpec<z.ZodType, Record<never, never>, Record<never, never>>["verify"]>;

const asserting = (name: string, verify: Verify) => defineRole(import.meta, { name, summary: "Asserts.", vars: z.strictObject({}), tasks() {}, verify });

interface Ended {
  readonly verified: Verified;
  readonly events: readonly VerifyEvent[];
  readonly sessions: ReadonlyMap<string, LocalSession>;
  /** Assertions as `host name value limit ok`. */
  readonly lines: readonly string[];
}

async function verify(roles: readonly ReturnType<typeof asserting>[], { hosts = ["h1"], connect, ...options }: Partial<Omit<VerifyOptions, "connect">> & { hosts?: readonly string[]; connect?: (name: string) => void } = {}): Promise<Ended> {
  const events: VerifyEvent[] = [];
  const sessions = new Map<string, LocalSession>();
  const verified = await verifyPlaybook(
    playbook(import.meta, [play({ name: "p", hosts: "all", tags: ["net"], roles: roles.map((role) => use(role, {}, { tags: [`tag-${role.name}`] })) })]),
    {
      inventory: inventoryOf(hosts),
      ...options,
      connect: async ({ name }) => {
        connect?.(name);
        const session = new LocalSession(name);
        sessions.set(name, session);
        return session;
      },
    },
    (event) => events.push(event),
  );
  const lines = events.filter((event) => event.event === "assertion").map(({ host, name, value, limit, ok }) => `${host} ${name} ${String(value)} ${limit} ${ok}`);
  return { verified, events, sessions, lines };
}

const number = ({ out }: { out: string }): number => Number(out);
const echo = (text: string | number) => sh`echo ${String(text)}`;
const assertion = (events: readonly VerifyEvent[], name: string): AssertionEvent => events.find((event): event is AssertionEvent => event.event === "assertion" && event.name === name) ?? assert.fail(name);

test("each value stands beside its limit, whatever kind of limit it is", async () => {
  const role = asserting("r", ({ v }) => {
    v.assert("most", { probe: echo(84.5), value: number, unit: "ms", limit: { max: 100 } });
    v.assert("too much", { probe: echo(101), value: number, limit: { max: 100 } });
    v.assert("least", { probe: echo(1), value: number, limit: { min: 1 } });
    v.assert("between", { probe: echo(6), value: number, limit: { min: 1, max: 5 } });
    v.assert("exactly", { probe: echo(1360), value: number, limit: { equals: 1360 } });
    v.assert("word", { probe: echo("up"), value: ({ out }) => out.trim(), limit: { equals: "up" } });
    v.assert("truth", { probe: sh`false`, value: ({ code }) => code === 0, limit: { equals: true } });
  });
  const { lines, verified } = await verify([role]);
  assert.deepEqual(lines, ["h1 most 84.5 <= 100 true", "h1 too much 101 <= 100 false", "h1 least 1 >= 1 true", "h1 between 6 1..5 false", "h1 exactly 1360 = 1360 true", "h1 word up = up true", "h1 truth false = true false"]);
  assert.deepEqual([verified.asserted, verified.broken], [7, 3]);
});

test("what cannot be measured breaks its limit, and says why", async () => {
  const role = asserting("r", ({ v }) => {
    v.assert("no value", { probe: sh`echo "no such device" >&2; exit 3`, value: () => undefined, limit: { min: 0 }, hint: "plug it in" });
    v.assert("not a number", { probe: echo("x"), value: number, limit: { min: 0 } });
    v.assert("thrown", { probe: echo("{"), value: ({ out }) => (JSON.parse(out) as { a: number }).a, limit: { min: 0 } });
  });
  const { events, verified } = await verify([role]);
  assert.equal(verified.broken, 3);
  const { value, cause, hint } = assertion(events, "no value");
  assert.deepEqual([value, cause, hint], [null, "the probe exited 3: no such device", "plug it in"]);
  assert.equal(assertion(events, "not a number").cause, "the probe exited 0: x");
  assert.match(assertion(events, "thrown").cause ?? "", /JSON.*; the probe exited 0: \{/);
});

test("a probe that hangs costs only itself", async () => {
  const role = asserting("r", ({ v }) => {
    v.assert("hangs", { probe: sh`sleep 30`, value: number, limit: { min: 0 } });
    v.assert("answers", { probe: echo(1), value: number, limit: { min: 0 } });
  });
  const { events, lines } = await verify([role], { probeTimeout: 1 });
  assert.equal(assertion(events, "hangs").cause, "no answer within 1 s");
  assert.ok(lines.includes("h1 answers 1 >= 0 true"));
});

test("all assertions of a host travel in one request after the facts, and nothing is locked", async () => {
  const role = asserting("r", ({ v }) => {
    for (let i = 0; i < 40; i++) v.assert(`number ${i}`, { probe: echo(i), value: number, limit: { equals: i } });
  });
  const { sessions, verified } = await verify([role]);
  assert.equal(verified.broken, 0);
  const session = sessions.get("h1") as LocalSession;
  assert.equal(session.scripts.length, 2);
  assert.ok(session.scripts.every((script) => !script.includes("flock")));
});

test("a total is the sum over all hosts of the role, judged once", async () => {
  const role = asserting("r", ({ v, host, members }) => {
    v.total("holders", { probe: echo(host.name === "b" ? 1 : 0), value: number, limit: { equals: 1 } });
    v.total("hosts", { probe: echo(members.length), value: number, limit: { max: 8 } });
  });
  const { lines, verified } = await verify([role], { hosts: ["a", "b", "c"] });
  assert.deepEqual(lines, ["* holders 1 = 1 true", "* hosts 9 <= 8 false"]);
  assert.deepEqual([verified.asserted, verified.broken], [2, 1]);
});

test("without one of the hosts there is no total: of an unreachable one it is broken, of one outside the limit left out", async () => {
  const role = asserting("r", ({ v }) => {
    v.total("holders", { probe: echo(1), value: number, limit: { min: 1 } });
    v.assert("own", { probe: echo(1), value: number, limit: { min: 1 } });
  });
  const down = await verify([role], { hosts: ["a", "b"], connect: (name) => {
    if (name === "b") throw new Unreachable("b: no answer", { host: "b" });
  } });
  assert.deepEqual(down.lines, ["a own 1 >= 1 true", "* holders null >= 1 false"]);
  assert.equal(assertion(down.events, "holders").cause, "b: it is unreachable");
  assert.deepEqual([down.verified.unreachable, down.verified.failed, down.verified.broken], [["b"], [], 1]);
  const limited = await verify([role], { hosts: ["a", "b"], limit: "a" });
  assert.deepEqual(limited.lines, ["a own 1 >= 1 true"]);
});

test("become that fails is a host that cannot be reached, and others are verified", async () => {
  const role = asserting("r", ({ v }) => v.assert("own", { probe: echo(1), value: number, limit: { min: 1 } }));
  const { verified, lines } = await verify([role], { hosts: ["a", "b"], connect: (name) => {
    if (name === "a") throw new BecomeFailed("a: sudo", { host: "a" });
  } });
  assert.deepEqual([verified.unreachable, lines], [["a"], ["b own 1 >= 1 true"]]);
});

test("roles and tags choose, and a typo names the right word", async () => {
  const one = asserting("one", ({ v }) => v.assert("a", { probe: echo(1), value: number, limit: { min: 1 } }));
  const two = asserting("two", ({ v }) => v.assert("b", { probe: echo(1), value: number, limit: { min: 1 } }));
  assert.deepEqual((await verify([one, two], { selection: { roles: ["two"] } })).lines, ["h1 b 1 >= 1 true"]);
  assert.deepEqual((await verify([one, two], { selection: { tags: ["tag-one"] } })).lines, ["h1 a 1 >= 1 true"]);
  assert.equal((await verify([one, two], { selection: { tags: ["net"] } })).lines.length, 2);
  await assert.rejects(verify([one, two], { selection: { roles: ["tow"] } }), (error) => error instanceof UsageError && error.hint === "did you mean two?");
  await assert.rejects(verify([one, two], { selection: { tags: ["tag-onne"] } }), (error) => error instanceof UsageError && error.hint === "did you mean tag-one?");
});

test("a playbook whose roles assert nothing is refused before any host is contacted", async () => {
  const silent = defineRole(import.meta, { name: "silent", summary: "Says nothing.", vars: z.strictObject({}), tasks() {} });
  const contacted: string[] = [];
  await assert.rejects(verify([silent], { connect: (name) => void contacted.push(name) }), (error) => error instanceof UsageError && /none of these roles asserts anything/.test(error.message));
  assert.deepEqual(contacted, []);
});

test("secrets that a probe is fed, or prints, show nowhere", async () => {
  const secret = new Secret("s3cr3t-value");
  const role = asserting("r", ({ v }) => v.assert("echoes", { probe: sh`cat`.stdin(secret), value: ({ out }) => out, limit: { equals: "other" } }));
  const { events } = await verify([role]);
  assert.doesNotMatch(JSON.stringify(events), /s3cr3t/);
});

test("one name twice, and a total that is no number, are refused at their line", async () => {
  const twice = asserting("r", ({ v }) => ["a", "a"].forEach((name) => v.assert(name, { probe: echo(1), value: number, limit: { min: 1 } })));
  await assert.rejects(verify([twice]), (error) => error instanceof UsageError && /asserts "a" twice/.test(error.message) && (error.source?.file ?? "").endsWith("verify.test.ts"));
  const word = asserting("r", ({ v }) => v.total("a", { probe: echo(1), value: number, limit: { equals: "up" } }));
  await assert.rejects(verify([word]), (error) => error instanceof UsageError && /the total "a" is a number/.test(error.message));
});

test("warnings are said by verify, by a run and by a check, with their line", async () => {
  const say = (v: Pick<Verifier, "warn">) => v.warn("there is no witness: nothing fails over by itself");
  const role = defineRole(import.meta, { name: "r", summary: "Warns.", vars: z.strictObject({}), tasks: ({ t }) => say(t), verify: ({ v }) => {
    say(v);
    v.assert("a", { probe: echo(1), value: number, limit: { min: 1 } });
  } });
  const message = "r: there is no witness: nothing fails over by itself";
  const { events } = await verify([role]);
  assert.equal(events.find((event) => event.event === "warning")?.message, message);
  for (const check of [false, true]) {
    const ran = await runPlays([{ name: "p", hosts: "all", roles: [use(role, {})] }], { check });
    assert.deepEqual(ran.events.filter((event) => event.event === "warning").map((event) => [event.host, event.message, event.source?.file.endsWith("verify.test.ts")]), [["h1", message, true]]);
    assert.equal(ran.recap.result, "ok");
  }
});
