import assert from "node:assert/strict";
import test from "node:test";
import { inspect } from "node:util";
import { formatPlace } from "../../src/inventory/index.ts";
import { load, type Files } from "./fixture.ts";

const FILES: Files = {
  "hosts.yml": `all:
  vars:
    base: { timezone: UTC, ntp: [one, two] }
    ssh: { user: ada }
la:
  hosts:
    la-1:
      ssh:
        port: 2222
`,
  "group_vars/la.yml": `base:
  ntp:
    - three
    - name: four
      iburst: true
  sysctl:
    net.ipv4.ip_forward: 1
empty:
ansible_user: root
`,
};

for (const [path, expected] of [
  ["base.ntp", ["hosts.yml group all hosts.yml:3:28 one,two", "> group_vars/la.yml group_vars/la.yml:2:3 three,[object Object]"]],
  ["base.ntp[0]", ["hosts.yml group all hosts.yml:3:34 one", "> group_vars/la.yml group_vars/la.yml:3:7 three"]],
  ["base.ntp.1.name", ["hosts.yml group all hosts.yml:3:39 -", "> group_vars/la.yml group_vars/la.yml:4:13 four"]],
  ["base.timezone", ["hosts.yml group all hosts.yml:3:23 UTC", "> group_vars/la.yml group_vars/la.yml:1:1 -"]],
  ["base.sysctl.net.ipv4.ip_forward", ["hosts.yml group all hosts.yml:3:5 -", "> group_vars/la.yml group_vars/la.yml:7:26 1"]],
  ["ssh.port", ["> hosts.yml host la-1 hosts.yml:9:15 2222"]],
  ["ssh.user", ["hosts.yml group all hosts.yml:4:18 ada", "> group_vars/la.yml group_vars/la.yml:9:15 root"]],
  ["empty", ["> group_vars/la.yml group_vars/la.yml:8:1 null"]],
  ["nothing", []],
] as const) {
  void test(`explain ${path}`, async () => {
    const layers = (await load(FILES)).explain("la-1", path);
    assert.deepEqual(
      layers.map(({ wins, layer, value, present, ...place }) => `${wins ? "> " : ""}${layer} ${formatPlace(place)} ${present ? String(value) : "-"}`),
      expected,
    );
  });
}

void test("a merged variable as a whole is won by every layer that still adds a key", async () => {
  const inventory = await load("a: { vars: { ssh: { port: 1 } }, children: { b: { vars: { ssh: { user: u } }, hosts: { h: { ssh: { port: 2 } } } } } }");
  assert.deepEqual(inventory.explain("h", "ssh").map(({ value, wins }) => [value, wins]), [[{ port: 1 }, false], [{ user: "u" }, true], [{ port: 2 }, true]]);
});

for (const [path, expected] of [
  [["base", "ntp", 1, "iburst"], "group_vars/la.yml:5:15"],
  [["base", "ntp", 1, "nothing"], "group_vars/la.yml:4:7"],
  [["base", "ntp"], "group_vars/la.yml:2:3"],
  [["base", "timezone"], "group_vars/la.yml:1:1"],
  [["base", "sysctl", "net.ipv4.ip_forward"], "group_vars/la.yml:7:26"],
  [["empty", "below"], "group_vars/la.yml:8:1"],
  [["ssh", "port"], "hosts.yml:9:15"],
  [["ssh", "user"], "group_vars/la.yml:9:15"],
  [["ssh"], "hosts.yml:8:7"],
  [["nothing", "at", "all"], "hosts.yml:7:5"],
] as const) {
  void test(`locate ${path.join(".")} at ${expected}`, async () => {
    assert.equal(formatPlace((await load(FILES)).locate("la-1", path)), expected);
  });
}

void test("anchors and merges lead to where the text is written", async () => {
  const inventory = await load("x:\n  vars:\n    a: &a { one: 1, two: 2 }\n    b:\n      <<: *a\n      two: 22\n    c: *a\n  hosts:\n    h:\n");
  assert.deepEqual(inventory.host("h").vars, { a: { one: 1, two: 2 }, b: { two: 22, one: 1 }, c: { one: 1, two: 2 } });
  assert.equal(formatPlace(inventory.locate("h", ["b", "one"])), "hosts.yml:3:18");
  assert.equal(formatPlace(inventory.locate("h", ["b", "two"])), "hosts.yml:6:12");
});

void test("a secret stays one in every layer and in no print", async () => {
  const inventory = await load("x: { vars: { ssh: { password: hunter2 }, ansible_become_pass: hunter2, db: { pw: !secret hunter2 } }, hosts: { h: } }");
  const all = [inventory.hosts, inventory.warnings, ...["ssh", "ssh.password", "become", "ansible_become_pass", "db", "db.pw"].map((path) => inventory.explain("h", path))];
  assert.ok(!`${inspect(all, { depth: 20 })}${JSON.stringify(all)}`.includes("hunter2"));
  assert.equal(inventory.host("h").connection.password?.reveal(), "hunter2");
  assert.equal(inventory.host("h").become.password?.reveal(), "hunter2");
});

void test("an unknown host is refused with a guess", async () => {
  const inventory = await load(FILES);
  for (const ask of [() => inventory.host("la-l"), () => inventory.explain("la-l", "x"), () => inventory.locate("la-l", ["x"])]) {
    assert.throws(ask, { name: "PatternError", kind: "unknown", message: 'no host is called "la-l"; did you mean "la-1"?' });
  }
});
