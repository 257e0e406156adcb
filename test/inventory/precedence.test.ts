import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { load } from "./fixture.ts";

/** Each place that can set `x`, weakest first. */
const LADDER = ["all in hosts.yml", "parent in hosts.yml", "child in hosts.yml", "group_vars/all.yml", "plays/group_vars/all.yml", "group_vars/parent.yml", "group_vars/child.yml", "plays/group_vars/parent.yml", "host in hosts.yml", "host_vars/h.yml", "plays/host_vars/h.yml", "extra"] as const;

function filesWith(set: ReadonlySet<string>): Record<string, string> {
  const vars = (place: string): string => (set.has(place) ? `{ x: "${place}" }` : "{}");
  const hosts = [
    `child: { hosts: { h: ${vars("host in hosts.yml")} }, vars: ${vars("child in hosts.yml")} }`,
    `parent: { children: { child: }, vars: ${vars("parent in hosts.yml")} }`,
    `all: { vars: ${vars("all in hosts.yml")} }`,
  ].join("\n");
  const files = LADDER.filter((name) => name.endsWith(".yml") && !name.includes(" ")).map((name) => [name, vars(name)] as const);
  return { "hosts.yml": hosts, "plays/group_vars/elsewhere.yml": "x: of another inventory", ...Object.fromEntries(files) };
}

void test("the strongest place that sets a variable wins, whichever places set it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.subarray([...LADDER], { minLength: 1 }), async (places) => {
      const inventory = await load(filesWith(new Set(places)), { playbookDir: "plays", extraVars: places.includes("extra") ? ["x=extra"] : [] });
      const strongest = LADDER.findLast((place) => places.includes(place));
      assert.equal(inventory.host("h").vars["x"], strongest);
      assert.deepEqual(inventory.explain("h", "x").map(({ value, wins }) => [value, wins]), LADDER.filter((place) => places.includes(place)).map((place) => [place, place === strongest]));
    }),
    { numRuns: 60 },
  );
});

for (const [name, hosts, expected] of [
  ["of groups equally deep, the last name wins", "a: { hosts: { h: }, vars: { x: a } }\nb: { hosts: { h: }, vars: { x: b } }", "b"],
  ["the order of declaration does not matter", "b: { hosts: { h: }, vars: { x: b } }\na: { hosts: { h: }, vars: { x: a } }", "b"],
  ["a higher priority beats the name", "a: { hosts: { h: }, vars: { x: a }, priority: 2 }\nb: { hosts: { h: }, vars: { x: b } }", "a"],
  ["depth beats priority", "top: { children: { z: }, vars: { x: top }, priority: 9 }\nz: { hosts: { h: }, vars: { x: z } }", "z"],
  ["depth is the longest way from all", "a: { children: { b: } }\nb: { children: { c: } }\nall: { children: { c: } }\nc: { hosts: { h: }, vars: { x: c } }\nd: { hosts: { h: }, vars: { x: d } }", "c"],
  ["a host listed twice takes the later entry", "a: { hosts: { h: { x: first } } }\nb: { hosts: { h: { x: second } } }", "second"],
  ["a range sets every host's variables", "a: { hosts: { 'h[1:2]': { x: range } } }\nb: { hosts: { h: } }\nc: { hosts: { h: { x: own } } }", "own"],
] as const) {
  void test(name, async () => {
    assert.equal((await load(hosts)).host("h").vars["x"], expected);
  });
}

void test("NAME.yml comes before NAME/, whose files follow their names, at any depth", async () => {
  const inventory = await load({ "hosts.yml": "g: { hosts: { h: } }", "group_vars/g.yml": "{a: 1, b: 1, c: 1, d: 1}", "group_vars/g/10.yml": "{b: 2, c: 2, d: 2}", "group_vars/g/20/x.yaml": "{c: 3, d: 3}", "group_vars/g/30": "{d: 4}" });
  assert.deepEqual(inventory.host("h").vars, { a: 1, b: 2, c: 3, d: 4 });
});

void test("variables are replaced as a whole, except ssh and become, which are merged key by key", async () => {
  const inventory = await load({
    "hosts.yml": "g: { hosts: { h: { ssh: { port: 2222 }, become: { user: app }, role: { b: 2 } } } }",
    "group_vars/all.yml": "{ ssh: { user: ada, port: 22 }, become: { method: doas }, role: { a: 1 } }",
  });
  const { vars, connection, become } = inventory.host("h");
  assert.deepEqual(vars, { ssh: { user: "ada", port: 2222 }, become: { method: "doas", user: "app" }, role: { b: 2 } });
  assert.deepEqual([connection.user, connection.port, become.method, become.user], ["ada", 2222, "doas", "app"]);
});

void test("an empty setting puts the default back", async () => {
  const inventory = await load("g: { vars: { ssh: { jump: bastion, port: 2222, user: ada } }, hosts: { h: { ssh: { jump: , port: ~ } } } }");
  const { connection } = inventory.host("h");
  assert.deepEqual([connection.jump, connection.port, connection.user], [undefined, undefined, "ada"]);
});

void test("key and keys are one setting", async () => {
  const inventory = await load("g: { vars: { ssh: { keys: [a, b] } }, hosts: { h: { ssh: { key: ~/c } } } }");
  assert.deepEqual(inventory.host("h").connection.keys, ["/home/ada/c"]);
});

void test("variables cannot be changed, since hosts share them", async () => {
  const { vars } = (await load("g: { vars: { list: [1, { a: 2 }] }, hosts: { h: } }")).host("h");
  assert.ok(Object.isFrozen(vars) && Object.isFrozen(vars["list"]) && Object.isFrozen((vars["list"] as unknown[])[1]));
});
