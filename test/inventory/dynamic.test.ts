import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { formatPlace, InventoryError, loadInventory, type Inventory } from "../../src/inventory/index.ts";
import { Secret } from "../../src/shell/index.ts";
import { askList, NO_ANSIBLE } from "./ansible.ts";
import { brief, directoryOf, type Files } from "./fixture.ts";

/** Loads `path` of the files, whose programs are made executable. */
async function dynamic(files: Exclude<Files, string>, path: string, env: Readonly<Record<string, string>> = {}): Promise<Inventory> {
  const cwd = withPrograms(files);
  return await loadInventory(path, { cwd, env: { PATH: process.env["PATH"], ...env }, home: "/home/ada" });
}

function withPrograms(files: Exclude<Files, string>): string {
  const cwd = directoryOf(files);
  for (const [name, text] of Object.entries(files)) if (text.toString().startsWith("#!") && !name.startsWith("dead")) chmodSync(join(cwd, name), 0o700);
  return cwd;
}

async function problemsOf(files: Exclude<Files, string>, path: string, env: Readonly<Record<string, string>> = {}): Promise<string[]> {
  try {
    await dynamic(files, path, env);
  } catch (error) {
    if (error instanceof InventoryError) return error.problems.map(brief);
    throw error;
  }
  throw new Error("the inventory loaded without a problem");
}

const prints = (json: unknown): string => `#!/bin/sh\n[ "$1" = --list ] || exit 9\ncat <<'END'\n${JSON.stringify(json, undefined, 1)}\nEND\n`;

const LIST = {
  web: { hosts: ["w1", "w2"], vars: { port: 80, region: "la" } },
  db: ["d1"],
  site: { children: ["web", "db"], vars: { ansible_user: "ada", ansible_group_priority: 3 } },
  _meta: { hostvars: { w1: { ansible_host: "10.0.0.1", port: 81, list: [1, { a: null }] }, d1: { t: "{{ ansible_user }}-x" }, nobody: { a: 1 } } },
};

void test("a script's --list gives groups, hosts and variables, each at a place in what it printed", async () => {
  const inventory = await dynamic({ "cloud.py": prints(LIST), "group_vars/web.yml": "port: 82\n", "group_vars/gone.yml": "a: 1\n" }, "cloud.py");
  assert.deepEqual(inventory.select("site").map(({ name, connection }) => [name, connection.address, connection.user]), [["w1", "10.0.0.1", "ada"], ["w2", "w2", "ada"], ["d1", "d1", "ada"]]);
  assert.deepEqual([inventory.host("w1").vars["port"], inventory.host("w2").vars["port"], inventory.host("d1").vars["t"], inventory.group("site").priority], [81, 82, "ada-x", 3]);
  assert.deepEqual(inventory.explain("w1", "port").map((layer) => `${layer.layer} ${formatPlace(layer)}`), ["cloud.py group web cloud.py --list:8:12", "group_vars/web.yml group_vars/web.yml:1:7", "cloud.py host w1 cloud.py --list:29:13"]);
  assert.deepEqual(inventory.warnings.map(brief), ['group_vars/gone.yml:1:1: no group is called "gone" (the inventory has all, ungrouped, web, db, site)']);
});

void test("a script without _meta is asked for each host", async () => {
  const script = `#!/bin/sh\nif [ "$1" = --list ]; then echo '{"web": ["w1", "w2"]}'; elif [ "$2" = w1 ]; then echo '{"a": 1}'; fi\n`;
  const inventory = await dynamic({ cloud: script }, "cloud");
  assert.deepEqual(inventory.hosts.map(({ vars }) => vars), [{ a: 1 }, {}]);
});

void test("a script in a directory is run, beside files, and not beside a hosts.yml", async () => {
  const files = { "10-cloud": prints({ web: ["w1"], _meta: { hostvars: {} } }), "20-static": "[web]\nw2\n" };
  assert.deepEqual((await dynamic(files, ".")).hosts.map(({ name }) => name), ["w1", "w2"]);
  assert.deepEqual((await dynamic({ ...files, "hosts.yml": "web: { hosts: { w3: } }" }, ".")).hosts.map(({ name }) => name), ["w2", "w3"]);
});

void test("secrets of a script are written as in YAML", async () => {
  const inventory = await dynamic({ cloud: prints({ web: ["w1"], _meta: { hostvars: { w1: { pw: { "!env": "PW" }, literal: { "!secret": "hunter3" }, raw: { __ansible_unsafe: "{{ x }}" }, url: "x{{ pw }}" } } } }) }, "cloud", { PW: "hunter2" });
  const { vars } = inventory.host("w1");
  assert.deepEqual(["pw", "literal", "url"].map((name) => vars[name]).map((value) => (value instanceof Secret ? value.reveal() : value)), ["hunter2", "hunter3", "xhunter2"]);
  assert.equal(vars["raw"], "{{ x }}");
  assert.ok(!JSON.stringify(inventory).includes("hunter"));
});

void test("a script's inventory is the one that ansible-inventory lists", { skip: NO_ANSIBLE }, async () => {
  const cwd = withPrograms({ cloud: prints(LIST) });
  const listed = askList(join(cwd, "cloud")) as unknown as { _meta: { hostvars: Record<string, unknown> }; site: { children: string[] } };
  const inventory = await loadInventory(join(cwd, "cloud"));
  const own = (name: string): Record<string, unknown> => Object.fromEntries(Object.keys(inventory.host(name).vars).filter((key) => key !== "ssh").map((key) => [key, inventory.explain(name, key).findLast(({ wins }) => wins)?.value]));
  assert.deepEqual(Object.fromEntries(inventory.hosts.map(({ name }) => [name, own(name)])), listed._meta.hostvars);
  assert.deepEqual(inventory.group("site").children, listed.site.children);
});

for (const [name, files, expected, env] of [
  ["one that fails", { cloud: "#!/bin/sh\necho no credentials >&2\nexit 3\n" }, ["cloud:1:1: cloud exited 3: no credentials (try it by hand: cloud --list)"]],
  ["one that hangs", { cloud: "#!/bin/sh\necho asking >&2\nexec sleep 600\n" }, ["cloud:1:1: cloud did not end within 0.5 s and was stopped: asking (try it by hand: cloud --list)"], { HAWSER_INVENTORY_TIMEOUT: "0.5" }],
  ["a time that is none", { cloud: "#!/bin/sh\n" }, ['cloud:1:1: HAWSER_INVENTORY_TIMEOUT must be a number of seconds, not "soon" (try it by hand: cloud --list)'], { HAWSER_INVENTORY_TIMEOUT: "soon" }],
  ["one that prints no JSON", { cloud: "#!/bin/sh\necho '{\"web\": ['\n" }, ["cloud --list:2:1: not valid JSON: flow sequence in block collection must be sufficiently indented and end with a ]"]],
  ["one that prints a list", { cloud: "#!/bin/sh\necho '[]'\n" }, ["cloud --list:1:1: what cloud --list prints must be an object of JSON, not a list"]],
  ["hosts that are no list", { cloud: prints({ web: { hosts: { w1: null } } }) }, ["cloud --list:3:12: hosts of group web must be a list of names, not a mapping"]],
  ["a host's variables that are a list", { cloud: prints({ web: ["w1"], _meta: { hostvars: { w1: [] } } }) }, ["cloud --list:7:4: the variables of w1 must be a mapping, not a list"]],
  ["a wrong setting", { cloud: prints({ web: ["w1"], _meta: { hostvars: { w1: { ansible_port: "x" } } } }) }, ['cloud --list:8:21: ansible_port must be a port from 1 to 65535, not "x"']],
  ["one that is not executable", { dead: "#!/bin/sh\n" }, ["dead:1:1: this script is not executable (chmod +x dead)"]],
  ["a module without an inventory", { "inventory.ts": "export default 5;\n" }, ["inventory.ts:1:1: this file has no inventory as its default export (export default defineInventory(async () => ({ web: { hosts: { … } } })))"]],
  ["a module that throws", { "inventory.ts": `export default { kind: "inventory", source() {\n  throw new Error("no credentials");\n} };\n` }, ["inventory.ts:2:9: inventory.ts gives no inventory: no credentials"]],
  ["a module that hangs", { "inventory.ts": `export default { kind: "inventory", source: () => new Promise(() => {}) };\n` }, ["inventory.ts:1:1: inventory.ts gives no inventory: it did not end within 0.2 s"], { HAWSER_INVENTORY_TIMEOUT: "0.2" }],
  ["a module with more than data", { "inventory.ts": `export default { kind: "inventory", source: () => ({ web: { hosts: { w1: { a: [new Date(0)], b: () => 1 } } } }) };\n` }, ["inventory.ts:1:1: inventory.ts.web.hosts.w1.a[0] is an object of a class, and an inventory is plain data", "inventory.ts:1:1: inventory.ts.web.hosts.w1.b is a function, and an inventory is plain data"]],
  ["a module with a wrong key", { "inventory.ts": `export default { kind: "inventory", source: () => ({ web: { hots: {} } }) };\n` }, ['inventory.ts:1:1: group web has no key "hots" (did you mean "hosts"?)']],
] as const satisfies readonly (readonly [string, Exclude<Files, string>, readonly string[], Readonly<Record<string, string>>?])[]) {
  void test(`dynamic: ${name} is an error before anything else is done`, async () => {
    assert.deepEqual(await problemsOf(files, Object.keys(files)[0] ?? "", env), expected);
  });
}

void test("inventory.ts gives groups, with secrets, and files beside it count", async () => {
  const index = JSON.stringify(join(import.meta.dirname, "../../src/index.ts"));
  const inventory = await dynamic(
    {
      "inventory.ts": `import { defineInventory, Secret } from ${index};
export default defineInventory(async ({ directory, env }) => ({
  site: { children: { web: null }, vars: { from: directory === process.cwd() ? "here" : "there", token: new Secret(env["TOKEN"] ?? "") } },
  web: { hosts: { "w[1:2]": { ssh: { port: 2222 } } }, vars: { region: "la" } },
}));
`,
      "group_vars/web.yml": "ssh: { user: ada }\n",
      "package.json": '{ "type": "module" }',
      notes: "any text\n",
    },
    ".",
    { TOKEN: "hunter2" },
  );
  assert.deepEqual(inventory.select("site").map(({ name, connection, region }) => [name, connection.port, connection.user, region]), [["w1", 2222, "ada", "la"], ["w2", 2222, "ada", "la"]]);
  const { token, from } = inventory.host("w1").vars;
  assert.ok(token instanceof Secret && token.reveal() === "hunter2");
  assert.equal(from, "there");
  assert.equal(formatPlace(inventory.locate("w1", ["token"])), "inventory.ts:1:1");
});
