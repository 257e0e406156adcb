import assert from "node:assert/strict";
import test from "node:test";
import { Secret } from "../../src/shell/index.ts";
import { load, problemsOf } from "./fixture.ts";

const HOSTS = "all: { hosts: { a: , b: { become: { password: !secret own } , ssh: { password: !secret own } } }, vars: { ssh: { user: ada } } }\n";

void test("passwords that were asked for are for hosts without their own, and keep the other settings", async () => {
  const inventory = await load(HOSTS, { asked: { ssh: new Secret("one"), become: new Secret("two") } });
  const of = (name: string) => [inventory.host(name).connection.password?.reveal(), inventory.host(name).become.password?.reveal(), inventory.host(name).connection.user];
  assert.deepEqual(of("a"), ["one", "two", "ada"]);
  assert.deepEqual(of("b"), ["own", "own", "ada"]);
});

void test("answers are variables of every host, stronger than -e", async () => {
  const inventory = await load(HOSTS, { extraVars: ["version=3", "other=x"], answer: async (given) => new Map<string, string | Secret>([["version", String(given.get("version"))], ["token", new Secret("t")]]) });
  const { vars } = inventory.host("b");
  assert.deepEqual([vars["version"], vars["other"]], ["3", "x"]);
  assert.ok(vars["token"] instanceof Secret);
});

void test("nothing is asked when the inventory is wrong", async () => {
  assert.equal((await problemsOf("all: { hosts: { a: { ssh: { port: x } } } }\n", { answer: () => assert.fail("asked") })).length, 1);
});
