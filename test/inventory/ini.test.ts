import assert from "node:assert/strict";
import test from "node:test";
import { formatPlace } from "../../src/inventory/index.ts";
import { brief, load, problemsOf } from "./fixture.ts";

const INI = `# a comment
; another
loose ansible_connection=local

[web]
web[01:03] http_port=80 max='100' ; not a comment
web01:2222 ansible_user=ada note="a b" # a comment

[db]
db-[a:b].example.com

[eu:children]
web
db # a comment

[eu:vars]
region=la
list=['a', 2]
text = a b # stays
number = 5 # goes
ansible_group_priority=5

[all:vars]
ansible_ssh_private_key_file=~/.ssh/deploy
`;

void test("an INI inventory has its groups, hosts, ports and variables", async () => {
  const ini = INI.replace(" ; not a comment", "");
  const inventory = await load({ hosts: ini });
  assert.deepEqual(inventory.hosts.map(({ name }) => name), ["loose", "web01", "web02", "web03", "db-a.example.com", "db-b.example.com"]);
  assert.deepEqual(inventory.select("eu").map(({ name }) => name), ["web01", "web02", "web03", "db-a.example.com", "db-b.example.com"]);
  assert.deepEqual(inventory.group("ungrouped").hosts, ["loose"]);
  assert.equal(inventory.group("eu").priority, 5);
  const { vars, connection, region } = inventory.host("web01");
  assert.deepEqual(vars, { ansible_ssh_private_key_file: "~/.ssh/deploy", region: "la", list: ["a", 2], text: "a b # stays", number: 5, http_port: 80, max: 100, ansible_user: "ada", ansible_port: 2222, note: "a b", ssh: { keys: "~/.ssh/deploy", port: 2222, user: "ada" } });
  assert.deepEqual([connection.user, connection.port, connection.keys, region], ["ada", 2222, ["/home/ada/.ssh/deploy"], "la"]);
  assert.equal(inventory.host("loose").connection.kind, "local");
  assert.deepEqual(inventory.warnings, []);
});

void test("explain and locate point into the INI file", async () => {
  const inventory = await load({ "hosts.ini": "[web]\nweb1 http_port=80\n[web:vars]\n  http_port = 8080\n" }, {}).catch((error: Error) => error);
  assert.ok(inventory instanceof Error, "a directory's .ini is not read");
  const read = await load({ hosts: "[web]\nweb1 x=1  http_port=80\n[web:vars]\n  http_port = 8080\n" });
  assert.deepEqual(read.explain("web1", "http_port").map((layer) => `${layer.layer} ${formatPlace(layer)} ${String(layer.value)} ${layer.wins}`), ["hosts group web hosts:4:15 8080 false", "hosts host web1 hosts:2:21 80 true"]);
});

for (const [name, text, expected] of [
  ["an unknown kind of section", "[web:hots]\nweb1\n", ["hosts:1:6: a section is [web], [web:children] or [web:vars] (did you mean \"hosts\"?)"]],
  ["a section with a space", "[web servers]\nweb1\n[db]\ndb1\n", ["hosts:1:1: [web servers] is no section (write [group], [group:children] or [group:vars], without spaces)"]],
  ["vars of no group", "[web]\nweb1\n[wbe:vars]\na=1\n", ['hosts:3:2: [wbe:vars] is about a group that is declared nowhere (did you mean "web"?)']],
  ["a child of no group", "[web]\nweb1\n[all_web:children]\nweb\nwbe\n", ['hosts:5:1: [all_web:children] names a group that is declared nowhere: wbe (did you mean "web"?)']],
  ["a word behind a host", "[web]\nweb1 web2\n", ["hosts:2:6: only key=value may stand behind a host's name (one host a line; quote a value with spaces)"]],
  ["a comment with a semicolon", "[web]\nweb1 a=1 ; b\n", ["hosts:2:10: only key=value may stand behind a host's name (one host a line; quote a value with spaces)", "hosts:2:12: only key=value may stand behind a host's name (one host a line; quote a value with spaces)"]],
  ["an open quote", "[web]\nweb1 a='1\n", ["hosts:2:8: the quote ' is not closed"]],
  ["a variable without a value", "[web]\nweb1\n[web:vars]\nport\n", ["hosts:4:1: [web:vars] holds a key=value a line (quote nothing, and put no spaces into the key)"]],
  ["a range that runs backwards", "[web]\n  web[3:1] a=1\n", ["hosts:2:6: the range [3:1] runs backwards (write [1:3])"]],
  ["a bad port", "[web]\nweb1 ansible_port=ssh\n", ['hosts:2:19: ansible_port must be a port from 1 to 65535, not "ssh"']],
  ["a connection of another kind", "[web]\nweb1 ansible_connection=winrm\n", ['hosts:2:25: ansible_connection must be ssh or local, not "winrm"']],
  ["arguments that cannot be understood", "[web]\nweb1\n[web:vars]\nansible_ssh_common_args=-o ProxyCommand='nc -X 5 %h %p'\n", ['hosts:4:25: ansible_ssh_common_args: this ProxyCommand cannot be turned into a jump (hawser runs no ssh program: write ssh: { jump: "user@bastion:22" }; a bastion with a key of its own is a host of the inventory, named in jump)']],
] as const) {
  void test(`INI: ${name} is reported where it stands`, async () => {
    assert.deepEqual((await problemsOf({ hosts: text })).map(brief), expected);
  });
}

void test("a # in a word ends it, with a warning, and no secret is quoted", async () => {
  const inventory = await load({ hosts: "[web]\nweb1 ansible_password=hunter2#5\n" });
  assert.equal(inventory.host("web1").connection.password?.reveal(), "hunter2");
  assert.deepEqual(inventory.warnings.map(brief), ["hosts:2:6: the # starts a comment here, so the value ends before it, as in Ansible (quote the value if the # belongs to it)", "hosts:2:6: ansible_password stands in plain text (use !age, !vault, !env or !file; for a lab, !secret says that it is meant)"]);
  assert.ok(!JSON.stringify(inventory.warnings).includes("hunter2"));
});

void test("a directory's files are read in the order of their names, the later one winning", async () => {
  const inventory = await load({ "10-hosts": "[web]\nweb1 a=1 b=1\n", "20.yml": "web:\n  hosts:\n    web1: { b: 2 }\n    web2:\n", "sub/more": "[db]\ndb1\n", "group_vars/db": "c: 3\n" });
  assert.deepEqual(inventory.hosts.map(({ name }) => name), ["web1", "web2", "db1"]);
  assert.deepEqual([inventory.host("web1").vars, inventory.host("db1").vars], [{ a: 1, b: 2 }, { c: 3 }]);
});

void test("a group may hold the one host that is called like it", async () => {
  assert.deepEqual((await load({ hosts: "[bastion]\nbastion\n[web]\nweb1\n" })).select("all:!bastion").map(({ name }) => name), ["web1"]);
  assert.equal((await problemsOf({ hosts: "[bastion]\nbastion\nother\n" }))[0]?.message, '"bastion" is both a host and a group');
});
