import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { play, playbook, type Play } from "../../src/dsl/play.ts";
import { defineRole, use, type Listener } from "../../src/dsl/role.ts";
import { planOf } from "../../src/engine/plan-of.ts";
import { resolvePlays } from "../../src/engine/resolve.ts";
import { UsageError } from "../../src/errors/index.ts";
import { recorded } from "../../src/resources/recorded.ts";
import { load } from "../inventory/fixture.ts";

const vars = z.strictObject({ port: z.number().default(80), admin: z.number().default(8001), address: z.string().optional(), protocol: z.enum(["tcp", "udp"]).default("tcp") });
const role = (name: string) =>
  defineRole(import.meta, {
    name,
    summary: "Serves.",
    vars,
    listens: ({ vars: { port, admin, address, protocol } }) => [
      { port, protocol, what: "the front", var: ["port"], ...(address !== undefined && { address }) },
      { port: admin, protocol: "tcp", address: "127.0.0.1", what: "admin", var: ["admin"] },
    ],
    tasks() {},
  });
const web = role("web");
const edge = role("edge");
const first = { port: 80, admin: 1 };

/** What is said against these plays on the hosts a and b; undefined when nothing is. */
async function refusal(plays: readonly Play[], files: Record<string, string> = { "hosts.yml": "all: { hosts: { a: , b:  } }\n" }): Promise<UsageError | undefined> {
  const inventory = await load(files);
  try {
    resolvePlays(playbook(import.meta, plays), inventory, undefined);
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}

const together = (own: z.input<typeof vars>, other: z.input<typeof vars>) => refusal([play({ name: "p", hosts: "all", roles: [use(web, own), use(edge, other)] })]);

test("two roles with one port on one host are refused, with what both are and where both are said", async () => {
  const error = await refusal([play({ name: "p", hosts: "all", roles: [use(web), use(edge)] })], { "hosts.yml": "all:\n  hosts:\n    a:\n      web: { port: 81 }\n      edge:\n        admin: 2\n        port: 81\n" });
  assert.equal(error?.message, "port 81/tcp of a is wanted twice: by web (the front) and by edge (the front)");
  assert.deepEqual([error.source?.file, error.source?.line, error.source?.column], ["hosts.yml", 7, 15]);
  assert.equal(error.hint, "the other is said at hosts.yml:4:20; give one of them another port, or each an address of its own");
});

test("vars in the playbook, and defaults, are pointed at where the role is used", async () => {
  const error = await together(first, { port: 80, admin: 2 });
  assert.match(error?.source?.file ?? "", /listens\.test\.ts$/);
  assert.match(error?.hint ?? "", /^the other is said at \S+listens\.test\.ts:\d+:\d+; /);
});

for (const [words, own, other, clash] of [
  ["every address and one of them", {}, { address: "10.0.0.1" }, true],
  ["every address of IPv4 and one of them", { address: "0.0.0.0" }, { address: "10.0.0.1" }, true],
  ["every address of IPv4 and one of IPv6", { address: "0.0.0.0" }, { address: "fd00::1" }, false],
  ["`::`, which takes IPv4 as well, and one of it", { address: "::" }, { address: "10.0.0.1" }, true],
  ["`*` and every address", { address: "*" }, {}, true],
  ["the same address", { address: "10.0.0.1" }, { address: "10.0.0.1" }, true],
  ["two addresses", { address: "10.0.0.1" }, { address: "10.0.0.2" }, false],
  ["two protocols", {}, { protocol: "udp" }, false],
  ["two ports", {}, { port: 81 }, false],
] as const) {
  test(`${words}: ${clash ? "refused" : "allowed"}`, async () => {
    assert.equal((await together({ ...first, ...own }, { port: 80, admin: 2, ...other })) !== undefined, clash);
  });
}

test("all plays count together, and a role that stands in two of them is one service", async () => {
  const one = (roles: readonly ReturnType<typeof use>[], hosts = "all") => play({ name: "p", hosts, roles });
  assert.match((await refusal([one([use(web, first)]), one([use(edge, { ...first, admin: 2 })])]))?.message ?? "", /by web \(the front\) and by edge/);
  assert.equal(await refusal([one([use(web, first)]), one([use(web, first)])]), undefined);
  assert.match((await refusal([one([use(web, first)]), one([use(web, first, { as: "second" })])]))?.message ?? "", /by web \(the front\) and by web\[second\] \(the front\)/);
  assert.equal(await refusal([one([use(web, first)], "a"), one([use(edge, first)], "b")]), undefined, "on two hosts");
});

test("two services of one role are refused, also where a role is planned by itself", async () => {
  const error = await together({ port: 8001, address: "127.0.0.1" }, { port: 1, admin: 2 });
  assert.equal(error?.message, "port 8001/tcp of a is wanted twice: by web (the front on 127.0.0.1) and by web (admin on 127.0.0.1)");
  assert.throws(() => planOf(use(web, { port: 8001 }), recorded("debian-12")), /port 8001\/tcp of host is wanted twice/);
});

test("a host's peers may say what it listens on", async () => {
  const relay = defineRole(import.meta, {
    name: "relay",
    summary: "Listens for the others.",
    vars: z.strictObject({ serves: z.number() }),
    listens: ({ peers }): Listener[] => peers.map(({ host, vars: { serves } }) => ({ port: serves, protocol: "tcp", what: `the way to ${host.name}` })),
    tasks() {},
  });
  const error = await refusal([play({ name: "p", hosts: "all", roles: [use(web, first), use(relay, (host) => ({ serves: host.name === "b" ? 80 : 5 }))] })]);
  assert.equal(error?.message, "port 80/tcp of a is wanted twice: by web (the front) and by relay (the way to b)");
});

test("what a role throws there points at its line", async () => {
  const broken = defineRole(import.meta, {
    name: "broken",
    summary: "Throws.",
    vars: z.strictObject({}),
    listens: () => {
      throw new Error("no such thing");
    },
    tasks() {},
  });
  const error = await refusal([play({ name: "p", hosts: "all", roles: [use(broken, {})] })]);
  assert.equal(error?.message, "broken: no such thing");
  assert.match(error.source?.file ?? "", /listens\.test\.ts$/);
});
