import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { loadInventory } from "../../src/inventory/index.ts";
import { brief, directoryOf, load } from "./fixture.ts";

void test("a host without settings has ssh's defaults", async () => {
  const { connection, become } = (await load("g: { hosts: { h: } }")).host("h");
  assert.deepEqual(connection, { kind: "ssh", address: "h", agent: true, hostKeyChecking: "strict", connectTimeout: 20, keepalive: 15 });
  assert.deepEqual(become, { method: "sudo", user: "root", assumed: true });
});

void test("every setting arrives", async () => {
  const cwd = directoryOf(`g:
  hosts:
    h:
      ssh: { kind: ssh, address: "2001:db8::1", port: "2222", user: ada, keys: [~/k1, keys/k2, /k3], passphrase: !secret pp, agent: false, jump: "bastion,root@203.0.113.9:22", known_hosts: known, host_key_checking: accept-new, config: false, connect_timeout: 5, keepalive: 0, keep_open: 10m }
      become: { method: su, user: app, password: !secret pw }
`);
  const { connection, become } = (await loadInventory(".", { cwd, home: "/home/ada" })).host("h");
  const { passphrase, ...settings } = connection;
  assert.equal(passphrase?.reveal(), "pp");
  assert.deepEqual(settings, {
    kind: "ssh",
    address: "2001:db8::1",
    port: 2222,
    user: "ada",
    keys: ["/home/ada/k1", join(cwd, "keys/k2"), "/k3"],
    agent: false,
    jump: ["bastion", "root@203.0.113.9:22"],
    knownHosts: join(cwd, "known"),
    hostKeyChecking: "accept-new",
    config: false,
    connectTimeout: 5,
    keepalive: 0,
    keepOpen: 600,
  });
  assert.deepEqual([become.method, become.user, become.password?.reveal()], ["su", "app", "pw"]);
});

void test("paths in group_vars start in the inventory directory too", async () => {
  const cwd = directoryOf({ "inv/hosts.yml": "g: { hosts: { h: } }", "inv/group_vars/g.yml": "ssh: { key: keys/k }" });
  assert.deepEqual((await loadInventory("inv", { cwd })).host("h").connection.keys, [join(cwd, "inv/keys/k")]);
});

for (const [vars, expected] of [
  ["ansible_host: 10.0.0.1", { address: "10.0.0.1" }],
  ["ansible_port: 2222", { port: 2222 }],
  ["ansible_user: ada", { user: "ada" }],
  ["ansible_ssh_private_key_file: ~/k", { keys: ["/home/ada/k"] }],
  ["ansible_connection: local", { kind: "local" }],
  ["ansible_connection: smart", { kind: "ssh" }],
] as const) {
  void test(`Ansible's ${vars} is understood and kept as a variable`, async () => {
    const { connection, vars: all } = (await load(`g: { hosts: { h: { ${vars} } } }`)).host("h");
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(connection[key as keyof typeof connection], value);
    assert.ok((vars.split(":")[0] ?? "") in all);
  });
}

for (const [vars, expected] of [
  ["", { method: "sudo", user: "root", assumed: true }],
  ["ssh: { user: root }", { method: "none", user: "root", assumed: true }],
  ["ssh: { user: root }, become: { user: app }", { method: "sudo", user: "app", assumed: true }],
  ["ssh: { user: root }, become: { method: sudo }", { method: "sudo", user: "root" }],
  ["ansible_become: false", { method: "none", user: "root" }],
  ["ansible_become: false, ansible_become_method: su", { method: "none", user: "root" }],
  ["ansible_become: true", { method: "sudo", user: "root", assumed: true }],
  ["ansible_become_method: doas, ansible_become_user: app", { method: "doas", user: "app" }],
] as const) {
  void test(`{ ${vars} } becomes ${expected.user} by ${expected.method}`, async () => {
    assert.deepEqual((await load(`g: { hosts: { h: { ${vars} } } }`)).host("h").become, expected);
  });
}

for (const [name, hosts, expected] of [
  ["two hosts at one address", "g: { hosts: { a: { ssh: { address: 10.0.0.1 } }, b: { ssh: { address: 10.0.0.1, port: 22 } } } }", ["hosts.yml:1:71: b and a are both at 10.0.0.1:22"]],
  ["one address, two ports", "g: { hosts: { a: { ssh: { address: x } }, b: { ssh: { address: x, port: 23 } } } }", []],
  ["one private address behind two jump hosts", "g: { hosts: { a: { ssh: { address: x, jump: j1 } }, b: { ssh: { address: x, jump: j2 } } } }", []],
  ["two local hosts", "g: { vars: { ssh: { kind: local } }, hosts: { a: , b: } }", []],
  ["a plain password", "g: { hosts: { a: { ssh: { password: x } } } }", ["hosts.yml:1:27: ssh.password stands in plain text (use !age, !vault, !env or !file; for a lab, !secret says that it is meant)"]],
  ["a password marked as such", "g: { hosts: { a: { ssh: { password: !secret x } } } }", []],
  ["arguments that change nothing here", "g: { hosts: { a: { ansible_ssh_common_args: -C -o ControlPersist=60s } } }", []],
  ["an agent that would be forwarded", "g: { hosts: { a: { ansible_ssh_common_args: -A } } }", ["hosts.yml:1:45: ansible_ssh_common_args: -A is not used (hawser forwards neither agent nor display)"]],
  ["another ssh program", "g: { hosts: { a: { ansible_ssh_executable: /opt/ssh } } }", ["hosts.yml:1:20: ansible_ssh_executable is not used (hawser runs no ssh program)"]],
  ["a template of Ansible's", "g: { hosts: { a: { x: '{{ y }}.conf' } } }", []],
  ["an old boolean", "g: { hosts: { a: { x: yes } } }", ['hosts.yml:1:23: unquoted yes is read as true, as Ansible does; to YAML 1.2 it is text (write true, or quote it: "yes")']],
  ["a leading zero", "g: { hosts: { a: { x: 010 } } }", ['hosts.yml:1:23: unquoted 010 is read as the number 8, as Ansible does (quote it: "010")']],
  ["base sixty", "g: { hosts: { a: { x: 22:22 } } }", ['hosts.yml:1:23: unquoted 22:22 is read as the number 1342, as Ansible does (quote it: "22:22")']],
  ["a power of ten", "g: { hosts: { a: { x: 1e3 } } }", ['hosts.yml:1:23: unquoted 1e3 is read as text, as Ansible does; to YAML 1.2 it is the number 1000 (quote it: "1e3")']],
  ["a template of Go's", "g: { hosts: { a: { x: '{{ $labels.instance }} {{ .Value }} {{ humanize $value }}' } } }", []],
] as const) {
  void test(`${name} gives ${expected.length === 0 ? "no warning" : "a warning"}`, async () => {
    assert.deepEqual((await load(hosts)).warnings.map(brief), expected);
  });
}

void test("files that are not read are named", async () => {
  const inventory = await load({ "hosts.yml": "g: { hosts: { h: } }", "more.yml": "a: 1", "old.ini": "[x]\ny\n", "README.md": "text", "group_vars/README.md": "text", "group_vars/.hidden": "x", "group_vars/g.yml~": "x", "group_vars/g/x.conf": "x" });
  assert.deepEqual(inventory.warnings.map(({ file }) => file), ["old.ini", "more.yml", "group_vars/README.md", "group_vars/g/x.conf"]);
});

void test("the region is the variable, from any layer, or empty", async () => {
  const inventory = await load("la: { vars: { region: la }, hosts: { a: , b: { region: sg } } }\nx: { hosts: { c: } }");
  assert.deepEqual(inventory.hosts.map(({ region }) => region), ["la", "sg", ""]);
});

void test("groups are listed weakest first, and ungrouped only for a host in no other", async () => {
  const inventory = await load("all: { hosts: { solo: , h: } }\nz: { children: { deep: { hosts: { h: } } } }\na: { hosts: { h: } }");
  assert.deepEqual(inventory.host("h").groups, ["a", "z", "deep"]);
  assert.deepEqual(inventory.host("solo").groups, ["ungrouped"]);
  assert.deepEqual(inventory.groups.map(({ name, depth, hosts }) => `${name} ${depth} ${hosts.join(",")}`), ["all 0 solo,h", "ungrouped 1 solo", "z 1 h", "deep 2 h", "a 1 h"]);
});
