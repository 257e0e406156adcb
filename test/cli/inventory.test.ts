import assert from "node:assert/strict";
import test from "node:test";
import { stripVTControlCharacters } from "node:util";
import { parse } from "yaml";
import { inventoryExplain, inventoryGraph, inventoryHost, inventoryList } from "../../src/cli/inventory.ts";
import { load } from "../inventory/fixture.ts";

const inventory = await load(
  {
    "hosts.yml": `gateways: { children: { la: , sg: } }
databases: { children: { la: } }
la: { vars: { region: la, ssh: { user: ubuntu } }, hosts: { la-1: { ssh: { address: 203.0.113.11, port: 2222 } } } }
sg: { vars: { region: sg }, hosts: { sg-1: { ssh: { address: "2001:db8::1", port: 22, jump: [la-1], user: root } } } }
all: { hosts: { here: { ssh: { kind: local }, become: { method: none } } } }
witness:
`,
    "group_vars/all.yml": "base: { timezone: UTC, ntp: [one, two] }\n",
    "host_vars/la-1.yml": "base: { ntp: [three] }\npassword: !secret hunter2\n",
  },
  { extraVars: ["ssh.password=hunter2"] },
);

const templated = await load({
  hosts: "[web]\nw1 host=w1.example.com url='http://{{ host }}/' bad='{{ lookup(1) }}'\n[web:vars]\nansible_host={{ host }}\npassword={{ pw }}\n",
  "group_vars/all.yml": "pw: !secret hunter2\n",
});

const lines = (text: string): string[] => text.split("\n");

void test("list has one line a host", () => {
  assert.deepEqual(lines(inventoryList(inventory)), [
    "HOST  REGION  ADDRESS                   VIA   BECOME     GROUPS",
    "la-1  la      ubuntu@203.0.113.11:2222  -     sudo root  databases gateways la",
    "sg-1  sg      root@[2001:db8::1]:22     la-1  -          gateways sg",
    "here  -       local                     -     -          ungrouped",
    "",
    "3 hosts in .",
  ]);
  assert.deepEqual(lines(inventoryList(inventory, { pattern: "sg" })).slice(1, 2), ["sg-1  sg      root@[2001:db8::1]:22  la-1  -       gateways sg"]);
});

void test("list as JSON holds hosts and groups, cut to the pattern", () => {
  const found = JSON.parse(inventoryList(inventory, { format: "json", pattern: "la" })) as { hosts: { name: string; connection: object }[]; groups: { name: string; hosts: string[] }[] };
  assert.deepEqual(found.hosts.map(({ name }) => name), ["la-1"]);
  assert.deepEqual(found.groups.find(({ name }) => name === "gateways")?.hosts, ["la-1"]);
});

void test("graph draws a group with two parents once", () => {
  assert.deepEqual(lines(inventoryGraph(inventory)), [
    "all",
    "├─ ungrouped",
    "│  └─ here  local",
    "├─ gateways",
    "│  ├─ la",
    "│  │  └─ la-1  ubuntu@203.0.113.11:2222  la",
    "│  └─ sg",
    "│     └─ sg-1  root@[2001:db8::1]:22  sg",
    "├─ databases",
    "│  └─ la (see above)",
    "└─ witness (no hosts)",
  ]);
});

void test("host prints YAML that can be read back, and JSON", () => {
  const text = inventoryHost(inventory, "la-1");
  assert.deepEqual(lines(text).slice(0, 2), ["# la-1  ubuntu@203.0.113.11:2222  region la  become sudo root", "# groups: databases gateways la"]);
  const vars = { base: { ntp: ["three"] }, region: "la", ssh: { user: "ubuntu", address: "203.0.113.11", port: 2222, password: "[secret]" }, password: "[secret]" };
  assert.deepEqual(parse(text), vars);
  assert.deepEqual((JSON.parse(inventoryHost(inventory, "la-1", { format: "json" })) as { vars: unknown }).vars, vars);
});

void test("explain shows every layer, marks the winner and points at its line", () => {
  assert.deepEqual(lines(inventoryExplain(inventory, "la-1", "base.ntp[0]")), [
    "base.ntp[0] on la-1, weakest first:",
    '   group_vars/all.yml  group_vars/all.yml:1:30  "one"',
    '=> host_vars/la-1.yml  host_vars/la-1.yml:1:15  "three"',
  ]);
  assert.deepEqual(lines(inventoryExplain(inventory, "la-1", "base.timezone")), [
    "base.timezone on la-1, weakest first:",
    '   group_vars/all.yml  group_vars/all.yml:1:19  "UTC"',
    "=> host_vars/la-1.yml  host_vars/la-1.yml:1:1   (not in it)",
    "base.timezone is not set on la-1: host_vars/la-1.yml replaces base as a whole. Only ssh and become are merged.",
  ]);
  assert.deepEqual(lines(inventoryExplain(inventory, "sg-1", "ssh.password")), ["ssh.password on sg-1, weakest first:", "=> -e ssh.password  -e ssh.password:1:14  [secret]"]);
});

for (const [path, message] of [
  ["ssh.keepalive", "no layer sets ssh.keepalive on la-1; the default is 15"],
  ["ssh.host_key_checking", "no layer sets ssh.host_key_checking on la-1; the default is strict"],
  ["ssh.jump", "no layer sets ssh.jump on la-1"],
  ["ssh.keepalve", 'no layer sets ssh.keepalve on la-1; did you mean "ssh.keepalive"?'],
  ["regoin", 'no layer sets regoin on la-1; did you mean "region"?'],
] as const) {
  void test(`explain ${path} says that nothing sets it`, () => {
    assert.throws(() => inventoryExplain(inventory, "la-1", path), { name: "PatternError", kind: "unknown", message });
  });
}

void test("an unknown host or pattern is an error in every view", () => {
  assert.throws(() => inventoryHost(inventory, "la-2"), { kind: "unknown", message: 'no host is called "la-2"; did you mean "la-1"?' });
  assert.throws(() => inventoryExplain(inventory, "la-2", "x"), { kind: "unknown" });
  assert.throws(() => inventoryList(inventory, { pattern: "lla" }), { kind: "unknown" });
  assert.throws(() => inventoryGraph(inventory, { pattern: "lla" }), { kind: "unknown" });
});

void test("no view shows a secret, and color adds nothing but color", () => {
  for (const format of ["text", "json"] as const) {
    const views = (color: boolean): string[] => [
      inventoryList(inventory, { format, color }),
      inventoryGraph(inventory, { color }),
      ...["ssh", "ssh.password", "password"].map((path) => inventoryExplain(inventory, "la-1", path, { format, color })),
      inventoryHost(inventory, "la-1", { format, color }),
    ];
    assert.ok(!views(false).join("\n").includes("hunter2"));
    assert.deepEqual(views(true).map(stripVTControlCharacters), views(false));
  }
});

void test("views show templates filled in, and those that cannot be as they are written", () => {
  assert.deepEqual(lines(inventoryGraph(templated, { vars: true })), [
    "all",
    "└─ web",
    "   └─ w1  w1.example.com",
    '         ansible_host: "w1.example.com"',
    '         password: "[secret]"',
    '         ssh: {"address":"w1.example.com"}',
    '         pw: "[secret]"',
    '         host: "w1.example.com"',
    '         url: "http://w1.example.com/"',
    '         bad: "{{ lookup(1) }}"',
  ]);
  const found = parse(inventoryList(templated, { format: "yaml" })) as { hosts: { vars: Record<string, unknown> }[] };
  assert.equal(found.hosts[0]?.vars["url"], "http://w1.example.com/");
  assert.equal(found.hosts[0]?.vars["bad"], "{{ lookup(1) }}");
  assert.ok(!inventoryHost(templated, "w1", { format: "json" }).includes("hunter2"));
});

void test("explain shows what a template becomes, or why nothing", () => {
  assert.deepEqual(lines(inventoryExplain(templated, "w1", "url")), ["url on w1, weakest first:", '=> hosts host w1  hosts:2:28  "http://{{ host }}/"', 'filled in: "http://w1.example.com/"']);
  assert.match(inventoryExplain(templated, "w1", "bad"), /hosts:2:53: this template cannot be filled in: lookup\(\) is not called here/);
});
