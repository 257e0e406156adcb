import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import * as fc from "fast-check";
import { loadInventory, type Inventory } from "../../src/inventory/index.ts";
import { Secret } from "../../src/shell/index.ts";
import { askList, NO_ANSIBLE } from "./ansible.ts";
import { directoryOf, type Files } from "./fixture.ts";
import { inventories } from "./generate.ts";

interface Listed {
  readonly _meta: { readonly hostvars: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
  readonly [group: string]: { readonly hosts?: readonly string[]; readonly children?: readonly string[] } | Listed["_meta"];
}

/**
 * A host's variables as Ansible lists them: as they are written, secrets revealed, without the tidy `ssh` and `become` that
 * hawser makes of Ansible's names.
 */
function varsOf(inventory: Inventory, host: string): Record<string, unknown> {
  const names = Object.keys(inventory.host(host).vars).filter((name) => name !== "ssh" && name !== "become");
  return Object.fromEntries(names.map((name) => [name, revealed(inventory.explain(host, name).findLast(({ wins }) => wins)?.value)]));
}

function revealed(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revealed(item)]));
  return value;
}

/** Loads the files with both and compares groups, children, hosts in their order, and every variable of every host. */
async function compare(files: Files, { path, password }: { readonly path: string; readonly password?: string | undefined }): Promise<Inventory> {
  const cwd = directoryOf(files);
  const playbookDir = Object.keys(typeof files === "string" ? {} : files).some((name) => name.startsWith("plays/")) ? join(cwd, "plays") : undefined;
  const vault = password === undefined ? undefined : join(cwd, password);
  const listed = askList(join(cwd, path), { args: playbookDir === undefined ? [] : ["--playbook-dir", playbookDir], env: vault === undefined ? {} : { ANSIBLE_VAULT_PASSWORD_FILE: vault } }) as unknown as Listed;
  const inventory = await loadInventory(join(cwd, path), { env: { HAWSER_VAULT_PASSWORD_FILE: vault }, home: "/home/ada", ...(playbookDir === undefined ? {} : { playbookDir }) });

  for (const group of inventory.groups) {
    const theirs = (listed[group.name] ?? {}) as { readonly hosts?: readonly string[]; readonly children?: readonly string[] };
    const below = new Set(group.children.flatMap((child) => inventory.group(child).hosts));
    assert.deepEqual(group.children, theirs.children ?? [], `children of ${group.name}`);
    if (group.name === "all") continue;
    // Ansible lists a group's own hosts only; those also below a child may be own as well.
    assert.deepEqual(group.hosts.filter((name) => !below.has(name)), (theirs.hosts ?? []).filter((name) => !below.has(name)), `hosts of ${group.name}`);
  }
  const hostvars = Object.fromEntries(inventory.hosts.map(({ name }) => [name, varsOf(inventory, name)]));
  const theirs = Object.fromEntries(inventory.hosts.map(({ name }) => [name, listed._meta.hostvars[name] ?? {}]));
  assert.deepEqual(hostvars, theirs);
  assert.deepEqual(Object.keys(listed._meta.hostvars).filter((name) => !(name in hostvars)), []);
  return inventory;
}

/** A text and a list, encrypted by ansible-vault with the password `letmein`. */
const VAULTED = `$ANSIBLE_VAULT;1.1;AES256
62616265396462313562323830656533613334313737613634343066303438366165356165373534
3236366132396266303162633632663830306263633734360a363832333738323264623766643164
63623330323766356363656461343464643066656539363930363035386632613336343433333961
3239666231366533610a613532306335666334326466326437646539323630656165336431393065
65373932633632383933383966636130633261373364393662376134353166356166
`;

const REAL: Readonly<Record<string, Files>> = {
  "one INI file of a small shop": {
    hosts: `# production
localhost ansible_connection=local

[web]
web[01:03].example.com http_port=80 tags="['a', 'b']" note='it is "here"'
web09.example.com:2222 weight=0.5 enabled=True disabled=false nothing=None zip=00501 v=1.10

[db]
db-[a:c]   ansible_host=10.0.0.5 ansible_user=postgres   # the databases
10.0.0.9

[lb]
lb ansible_become=yes ansible_become_method=sudo ansible_become_user=root

[dc_east:children]
web
db

[dc_east:vars]
region=la
list=[1, 'two', {"three": 3}]
tuple=1, 2
quoted="a b"
path=/srv/a b
url=https://example.com/?a=b&c=d
hash={'a': {'b': [True, None]}}
hex=0x1F
big=1_000
neg=-5
comment = text # stays
number=5 # goes
empty=
template={{ region }}-x
ansible_group_priority=10
ansible_ssh_common_args=-o ProxyJump=lb

[all:vars]
ansible_user=deploy
region=nowhere
`,
    "group_vars/all": "from_all: 1\nregion2: all\n",
    "group_vars/db.yml": "from_db: { a: 1 }\nregion2: db\n",
    "group_vars/dc_east.json": '{ "from_json": [1, 2.5, null, true] }',
    "host_vars/10.0.0.9.yaml": "from_host: x\nregion2: host\n",
  },
  "a YAML file in Ansible's shape, with what YAML 1.1 reads": {
    "hosts.yml": `all:
  hosts:
    mail.example.com: { a: yes, b: Off, c: 010, d: 1_000, e: 22:22, f: 0b11, g: 0x1F, h: 089, i: 1e3, j: 1.5e+3, k: ~, l: "yes", m: 0o17 }
  children:
    webservers:
      hosts:
        foo[1:2].example.com:
        bar.example.com: { http_port: 80, ansible_port: 2222 }
      vars: { x: web, ansible_group_priority: 2 }
    dbservers:
      hosts: one.example.com
      children: replicas
      vars: { x: db }
    replicas: { hosts: { "two.example.com:2200": } }
  vars: { x: all, ntp: [a, b] }
`,
    "group_vars/dbservers/10-a.yml": "deep: { a: 1 }\ny: 1\n",
    "group_vars/dbservers/20/b.json": '{ "y": 2 }',
    "group_vars/dbservers/30": "z: 3\n",
  },
  "a directory with several files, and files beside the playbook": {
    "inventory/01-static": "[web]\nw1\nw2\n\n[db]\nd1 a=1\n",
    "inventory/02-more.yml": "web: { vars: { v: file } }\nsite: { children: { web: , db: } }\ndb: { hosts: { d1: { a: 2 }, d2: } }\n",
    "inventory/03.ini": "[ignored]\nnobody\n",
    "inventory/group_vars/all.yml": "v: inventory all\nw: inventory all\nx: inventory all\n",
    "inventory/group_vars/web.yml": "v: inventory web\n",
    "inventory/host_vars/w1.yml": "h: inventory\ni: inventory\n",
    "plays/group_vars/all.yml": "w: play all\n",
    "plays/group_vars/site.yml": "x: play site\n",
    "plays/group_vars/elsewhere.yml": "x: nobody\n",
    "plays/host_vars/w1.yml": "i: play\n",
  },
  "whole files in a vault": { hosts: "[web]\nw1\n", "group_vars/web.yml": VAULTED, password: "letmein\n" },
};

for (const [name, files] of Object.entries(REAL)) {
  const path = name.includes("directory") ? "inventory" : typeof files === "object" && "hosts" in files ? "hosts" : "hosts.yml";
  void test(`${name} gives the groups, hosts and variables that ansible-inventory lists`, { skip: NO_ANSIBLE }, async () => {
    await compare(files, { path, password: typeof files === "object" && "password" in files ? "password" : undefined });
  });
}

for (const [index, inventory] of fc.sample(inventories, { numRuns: 4, seed: 5 }).entries()) {
  void test(`generated inventory ${index + 1} has the groups and hosts that ansible-inventory lists`, { skip: NO_ANSIBLE }, async () => {
    await compare({ "hosts.yml": inventory.yaml }, { path: "hosts.yml" });
  });
}

/** Values as people and machines write them in INI. */
const VALUES = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."ab01'\"[]{}(),:.=_-+ TrueFalsNo\\#x".split("")), maxLength: 12 }),
  fc.constantFrom("True", "False", "None", "true", "1", "-1", "+1", "--1", "1.", ".5", "1e3", "1e-3", "1_0", "1__0", "01", "00", "0.0", "0x1f", "0o17", "0b2", "1,2", "(1,)", "(1)", "()", "[]", "{}", "['a']", "[a]", "{'a': 1, 'b': [2]}", "'a' 'b'", "u'x'", "r'\\n'", "'\\x41\\n'", "'''x'''", "1 # c", "x # c", "'a' # c", "1 2", "a b", "1-2", "[1, 2", "{'a'}", "\"it's\"", "1.10", "1.0.0", "10.0.0.1", "$x", "a=b", "[1,, 2]", "(,)", "True ", "NoneX"),
);

void test("values in INI have the type that Ansible gives them", { skip: NO_ANSIBLE }, async () => {
  const values = fc.sample(VALUES, { numRuns: 400, seed: 7 }).filter((value) => !/^\{[^:}]+\}$|[jJ]/.test(value));
  await compare({ hosts: `[g]\nh\n[g:vars]\n${values.map((value, index) => `v${index}=${value}\n`).join("")}` }, { path: "hosts" });
});

void test("variables on a host's line have the value that Ansible gives them", { skip: NO_ANSIBLE }, async () => {
  const values = fc.sample(VALUES, { numRuns: 300, seed: 8 }).filter((value) => /^(?:[^\s'"\\#{}]|'[^'{}]*'|"[^"\\{}]*")*$/.test(value));
  assert.ok(values.length > 100);
  await compare({ hosts: `[g]\nh ${values.map((value, index) => `v${index}=${value}`).join(" ")}\n` }, { path: "hosts" });
});
