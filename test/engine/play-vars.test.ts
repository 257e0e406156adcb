import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { explainPlays } from "../../src/cli/explain-plays.ts";
import { inventoryExplain } from "../../src/cli/inventory.ts";
import { play, playbook, type PlaySpec } from "../../src/dsl/play.ts";
import { defineRole, use, varsOf } from "../../src/dsl/role.ts";
import { resolvePlays, VarsError } from "../../src/engine/resolve.ts";
import { UsageError } from "../../src/errors/index.ts";
import { load } from "../inventory/fixture.ts";

const schema = z.strictObject({ port: z.number().default(80), name: z.string().default("none") });
const web = defineRole(import.meta, { name: "web", summary: "Served.", vars: schema, tasks() {} });
const front = defineRole(import.meta, { name: "front", summary: "Needs web.", vars: z.strictObject({}), dependsOn: [use(web)], tasks() {} });
const files = { "hosts.yml": "all: { hosts: { a: { web: { port: 81, name: inventory } }, b: } }\n" };

async function varsOn(spec: Partial<PlaySpec>, extraVars: readonly string[] = []): Promise<Record<string, unknown>> {
  const inventory = await load(files, { extraVars });
  const [resolved] = resolvePlays(playbook(import.meta, [play({ name: "p", hosts: "all", roles: [use(web)], ...spec })]), inventory, undefined);
  return Object.fromEntries([...(resolved?.roles ?? [])].map(([host, roles]) => [host, roles.find((each) => each.use.role.name === "web")?.vars]));
}

test("per-play vars take the place of the inventory's, as a whole; the use's own and -e are stronger", async () => {
  const vars = [varsOf(web, { port: 90 })];
  assert.deepEqual(await varsOn({}), { a: { port: 81, name: "inventory" }, b: { port: 80, name: "none" } });
  assert.deepEqual(await varsOn({ vars }), { a: { port: 90, name: "none" }, b: { port: 90, name: "none" } });
  assert.deepEqual(await varsOn({ vars, roles: [use(front)] }), { a: { port: 90, name: "none" }, b: { port: 90, name: "none" } }, "also of a role that is depended on");
  assert.deepEqual((await varsOn({ vars, roles: [use(web), use(web, { port: 1 }, { as: "own" })] }))["a"], { port: 90, name: "none" });
  assert.deepEqual(await varsOn({ vars }, ["web={port: 99}"]), { a: { port: 99, name: "none" }, b: { port: 99, name: "none" } });
});

test("per-play vars may be a function of the host, which mixes in what the inventory says", async () => {
  assert.deepEqual(await varsOn({ vars: [varsOf(web, (host) => ({ ...host.vars(web), port: host.name === "a" ? 1 : 2 }))] }), { a: { port: 1, name: "inventory" }, b: { port: 2, name: "none" } });
});

test("per-play vars that fit no role, or no schema, are refused at their line", async () => {
  const here = (error: unknown): boolean => error instanceof UsageError && (error.source?.file ?? "").endsWith("play-vars.test.ts");
  await assert.rejects(varsOn({ vars: [varsOf(web, { port: 1 })], roles: [] }), (error) => here(error) && /has vars of web, which it does not use/.test((error as Error).message));
  await assert.rejects(varsOn({ vars: [varsOf(web, { port: 1 })], roles: [use(web, {})] }), /has vars of web, which has complete vars where it is used/);
  assert.throws(() => play({ name: "p", hosts: "all", vars: [varsOf(web, {}), varsOf(web, {})] }), /has vars of web twice/);
  await assert.rejects(varsOn({ vars: [varsOf(web, { port: "x" as never })] }), (error) => error instanceof VarsError && /port/.test(error.problems[0]?.message ?? "") && (error.problems[0]?.file ?? "").endsWith("play-vars.test.ts"));
});

test("inventory explain says what each play of a playbook makes of a var", async () => {
  const inventory = await load(files, {});
  const site = playbook(import.meta, [
    play({ name: "plain", hosts: "all", roles: [use(web)] }),
    play({ name: "own", hosts: "a", roles: [use(front)], vars: [varsOf(web, { port: 90 })] }),
    play({ name: "other", hosts: "b", roles: [use(web)] }),
    play({ name: "use", hosts: "a", roles: [use(web, { port: 7 }, { as: "seven" })] }),
  ]);
  const plays = explainPlays(site, inventory, "a", "web.port");
  assert.deepEqual(plays.map(({ play: name, from, value }) => [name, from, value]), [["plain", "inventory", 81], ["own", "play", 90], ["use (web[seven])", "use", 7]]);
  const text = inventoryExplain(inventory, "a", "web.port", { plays });
  assert.match(text, /^=> hosts\.yml/m);
  assert.match(text, /^play own +the play's vars say it +\S*play-vars\.test\.ts:\d+:\d+ +90$/m);
  assert.throws(() => explainPlays(site, inventory, "a", "wbe.port"), /no play of play-vars\.test gives a a role wbe/);
});
