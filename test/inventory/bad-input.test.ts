import assert from "node:assert/strict";
import { chmodSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { formatProblem, InventoryError, loadInventory } from "../../src/inventory/index.ts";
import { brief, directoryOf, problemsOf, type Files } from "./fixture.ts";

const HOSTS = "web:\n  hosts:\n    web1:\n    web2:\n";

/** What is wrong, the files, and every problem that must be reported. */
const CASES: readonly (readonly [string, Files, readonly string[]])[] = [
  // YAML
  ["a tab", "web:\n\thosts:\n", ["hosts.yml:2:1: not valid YAML: tabs are not allowed as indentation (indent with spaces)"]],
  ["an open bracket", "web:\n  vars: {a: [1, 2}\n", ["hosts.yml:2:18: not valid YAML: flow sequence in block collection must be sufficiently indented and end with a ]"]],
  ["two documents", "web:\n---\ndb:\n", ["hosts.yml:2:1: not valid YAML: source contains multiple documents (keep one document in a file: remove the ---)"]],
  ["a colon in a value", "web:\n  vars:\n    a: b: c\n", ['hosts.yml:3:8: not valid YAML: nested mappings are not allowed in compact mappings (quote a value that holds ": ")']],
  ["a repeated key", "web:\n  hosts:\n    web1:\n    web2:\n    web1:\n", ['hosts.yml:5:5: the key "web1" is repeated (it is already on line 3; remove one of the two)']],
  ["a tag nobody knows", `${HOSTS}  vars:\n    a: !secrte x\n`, ['hosts.yml:6:8: unknown tag !secrte (did you mean "!secret"?)']],
  ["a tag on a mapping", `${HOSTS}  vars:\n    a: !secret {b: 1}\n`, ["hosts.yml:6:8: !secret needs a text behind it"]],
  ["a tag with nothing", `${HOSTS}  vars:\n    a: !env\n`, ["hosts.yml:6:8: !env needs a text behind it"]],
  ["an alias of nothing", `${HOSTS}  vars:\n    a: *b\n`, ["hosts.yml:6:8: this alias has no anchor before it in the file"]],
  ["an alias of itself", `${HOSTS}  vars:\n    a: &b [*b]\n`, ["hosts.yml:6:12: this alias stands inside its own anchor"]],
  ["a merge of a text", `${HOSTS}  vars:\n    a:\n      <<: text\n`, ["hosts.yml:7:7: << merges mappings only"]],
  ["a mapping as a key", `${HOSTS}  vars:\n    ? {a: 1}\n    : 2\n`, ["hosts.yml:6:7: a key must be a word or a quoted text"]],
  ["an unquoted mode", `${HOSTS}  vars:\n    file: { mode: 0644 }\n`, ['hosts.yml:6:19: unquoted mode 0644 is the number 644, not an octal file mode (quote it: mode: "0644")']],
  ["a mode without the zero", `${HOSTS}  vars:\n    mode: 644\n`, ['hosts.yml:6:11: unquoted mode 644 is the number 644, not an octal file mode (quote it: mode: "644")']],
  ["a number too large", `${HOSTS}  vars:\n    id: 12345678901234567890\n`, ['hosts.yml:6:9: the number 12345678901234567890 is too large to be exact (quote it: "12345678901234567890")']],
  ["bytes that are not UTF-8", { "hosts.yml": Buffer.from([0x77, 0xff, 0xfe]) }, ["hosts.yml:1:1: the file is not UTF-8 text"]],

  ["a template in a connection that cannot be filled in", "web:\n  hosts:\n    web1: { ansible_host: '{{ lookup(\"env\", \"X\") }}' }\n", ["hosts.yml:3:27: this template cannot be filled in: lookup() is not called here (compute it in TypeScript where the role is used)"]],
  ["a template in a connection that leads nowhere", "web:\n  hosts:\n    web1: { ansible_host: '{{ adress }}', address: x }\n", ['hosts.yml:3:27: this template cannot be filled in: there is no variable adress (did you mean "address"?)']],
  ["a filled-in setting that is wrong", "web:\n  vars: { ip: a b }\n  hosts:\n    web1: { ssh: { address: '{{ ip }}' } }\n", ['hosts.yml:4:29: ssh.address must be a host name or an IP address, not "a b"']],
  ["a plugin of Ansible's", "plugin: amazon.aws.aws_ec2\nregions: [us-west-2]\n", ["hosts.yml:1:1: this file configures Ansible's inventory plugin amazon.aws.aws_ec2, which is Python (write a script that prints `ansible-inventory -i this-file --list`, make it executable, and put the file outside of the inventory)"]],

  // Structure
  ["an empty file", "", ["hosts.yml:1:1: the inventory has no hosts (write all: { hosts: { la-1: } })"]],
  ["groups without hosts", "web:\n  children:\n    db:\n", ["hosts.yml:1:1: the inventory has no hosts (write all: { hosts: { la-1: } })"]],
  ["a list", "- web1\n", ["hosts.yml:1:1: an inventory must be a mapping of groups, not a list"]],
  ["an unknown key", `${HOSTS}  childern:\n    db:\n`, ['hosts.yml:5:3: group web has no key "childern" (did you mean "children"?)']],
  ["a variable beside vars", `${HOSTS}  colour: red\n`, ['hosts.yml:5:3: group web has no key "colour" (a group has hosts, children, vars and priority; variables go under vars)']],
  ["a group that is a text", `${HOSTS}db: text\n`, ["hosts.yml:5:1: group db must be a mapping, not text"]],
  ["hosts as a list", "web:\n  hosts: [web1]\ndb:\n  hosts:\n    db1:\n", ["hosts.yml:2:3: hosts of group web must be a mapping, not a list (write each name as a key: la-1:)"]],
  ["children as a list", `${HOSTS}db:\n  children: [web]\n`, ["hosts.yml:6:3: children of group db must be a mapping, not a list (write each name as a key: la:)"]],
  ["vars as a list", `${HOSTS}  vars: [a]\n`, ["hosts.yml:5:3: vars of group web must be a mapping, not a list"]],
  ["a host that is a number", "web:\n  hosts:\n    web1: 5\n", ["hosts.yml:3:5: host web1 must be a mapping, not a number"]],
  ["vars below a host", "web:\n  hosts:\n    web1:\n      vars: {a: 1}\n", ['hosts.yml:4:7: "vars" belongs to a group and cannot be a variable (variables of a host stand directly below its name)']],
  ["a group name with a space", `${HOSTS}"my group":\n`, ['hosts.yml:5:1: "my group" is not a group name (letters, digits, _, - and . are allowed, and the first must be a letter, a digit or _)']],
  ["a variable name with a dot", `${HOSTS}  vars:\n    a.b: 1\n`, ['hosts.yml:6:5: "a.b" is not a variable name (letters, digits, _ and - are allowed, and the first must not be a digit)']],
  ["a backward range", "web:\n  hosts:\n    web[10:1]:\n    ok:\n", ["hosts.yml:3:8: the range [10:1] runs backwards (write [1:10])"]],
  ["a priority in words", `${HOSTS}  priority: high\n`, ["hosts.yml:5:13: priority must be a whole number, not text"]],
  ["a cycle", "a:\n  children:\n    b:\nb:\n  children:\n    c:\nc:\n  children:\n    a:\n  hosts:\n    h1:\n", ["hosts.yml:9:5: group a is its own descendant: a > b > c > a"]],
  ["a group in itself", "a:\n  hosts:\n    h1:\n  children:\n    a:\n", ["hosts.yml:5:5: group a is its own descendant: a > a"]],
  ["all as a child", `${HOSTS}  children:\n    all:\n`, ["hosts.yml:6:5: all cannot be a child: every group is below it"]],
  ["ungrouped as a child", `${HOSTS}  children:\n    ungrouped:\n`, ["hosts.yml:6:5: ungrouped cannot be a child: its hosts are those that no group lists"]],
  ["ungrouped with children", `${HOSTS}ungrouped:\n  children:\n    web:\n`, ["hosts.yml:7:5: ungrouped cannot have children"]],
  ["a host named like a group", `${HOSTS}db:\n  hosts:\n    web:\n`, ['hosts.yml:7:5: "web" is both a host and a group (the group is on line 1; a pattern could not tell them apart)']],
  ["a host named all", "web:\n  hosts:\n    all:\n", ['hosts.yml:3:5: "all" is both a host and a group (every inventory has a group of that name)']],

  // Connection settings
  ["a port too high", "web:\n  hosts:\n    web1: { ssh: { port: 70000 } }\n", ["hosts.yml:3:26: ssh.port must be a port from 1 to 65535, not 70000"]],
  ["a port in words", "web:\n  hosts:\n    web1: { ssh: { port: ssh } }\n", ['hosts.yml:3:26: ssh.port must be a port from 1 to 65535, not "ssh"']],
  ["an unknown ssh key", "web:\n  hosts:\n    web1: { ssh: { adress: x } }\n", ['hosts.yml:3:20: ssh has no key "adress" (did you mean "address"?)']],
  ["another tool's word", "web:\n  hosts:\n    web1: { ssh: { identity_file: x } }\n", ['hosts.yml:3:20: ssh has no key "identity_file" (did you mean "key"?)']],
  ["an unknown become key", "web:\n  hosts:\n    web1: { become: { usr: x } }\n", ['hosts.yml:3:23: become has no key "usr" (did you mean "user"?)']],
  ["an unknown become method", "web:\n  hosts:\n    web1: { become: { method: pbrun } }\n", ['hosts.yml:3:31: become.method must be sudo, su, doas or none, not "pbrun"']],
  ["become as a flag", "web:\n  hosts:\n    web1: { become: true }\n", ["hosts.yml:3:13: become must be a mapping, not a boolean (write become: { method: sudo })"]],
  ["ssh as a text", "web:\n  hosts:\n    web1: { ssh: 10.0.0.1 }\n", ["hosts.yml:3:13: ssh must be a mapping, not text (write ssh: { address: 203.0.113.11 })"]],
  ["a bad address", "web:\n  hosts:\n    web1: { ssh: { address: root@web1 } }\n", ['hosts.yml:3:29: ssh.address must be a host name or an IP address, not "root@web1"']],
  ["a bad host key setting", "web:\n  hosts:\n    web1: { ssh: { host_key_checking: ask } }\n", ['hosts.yml:3:39: ssh.host_key_checking must be strict, accept-new, off, true or false, not "ask"']],
  ["a bad jump", "web:\n  hosts:\n    web1: { ssh: { jump: [ok, 'a b'] } }\n", ['hosts.yml:3:20: ssh.jump must be user@host:port or the name of a host, or a list of these, not "a b"']],
  ["keys that are no paths", "web:\n  hosts:\n    web1: { ssh: { keys: [a, 1] } }\n", ["hosts.yml:3:20: ssh.keys must be a path, not a number"]],
  ["a negative keepalive", "web:\n  hosts:\n    web1: { ssh: { keepalive: -1 } }\n", ["hosts.yml:3:31: ssh.keepalive must be seconds from 0 to 3600, not -1"]],
  ["a time that is too long", "web:\n  hosts:\n    web1: { ssh: { keep_open: 25h } }\n", ['hosts.yml:3:31: ssh.keep_open must be a duration up to 24h, such as 90s, 10m or 1h30m, or off, not "25h"']],
  ["a time that is none", "web:\n  hosts:\n    web1: { ssh: { keep_open: true } }\n", ["hosts.yml:3:31: ssh.keep_open must be a duration up to 24h, such as 90s, 10m or 1h30m, or off, not true"]],
  ["ssh's word for it", "web:\n  hosts:\n    web1: { ssh: { control_persist: 10m } }\n", ['hosts.yml:3:20: ssh has no key "control_persist" (did you mean "keep_open"?)']],
  ["a password of digits, not repeated in the message", "web:\n  hosts:\n    web1: { ssh: { password: 424242 } }\n", ["hosts.yml:3:30: ssh.password must be a secret, not a number (use !age, !vault, !env, !file or !secret; quote digits)"]],
  ["key and keys", "web:\n  hosts:\n    web1: { ssh: { key: a, keys: [b] } }\n", ["hosts.yml:3:28: ssh.keys sets what line 3 has set already (remove one of the two)"]],
  ["Ansible's name and ours", "web:\n  hosts:\n    web1:\n      ansible_port: 22\n      ssh: { port: 23 }\n", ["hosts.yml:4:7: ansible_port sets what line 5 has set already (remove one of the two)"]],
  ["a connection of another kind", "web:\n  hosts:\n    web1: { ansible_connection: winrm }\n", ['hosts.yml:3:33: ansible_connection must be ssh or local, not "winrm"']],
  ["a region that is a list", "web:\n  hosts:\n    web1: { region: [la] }\n", ['hosts.yml:3:13: region must be a short name such as "la", not a list']],

  // Files of variables
  ["group_vars of nobody", { "hosts.yml": HOSTS, "group_vars/wbe.yml": "a: 1\n" }, ['group_vars/wbe.yml:1:1: no group is called "wbe" (did you mean "web"?)']],
  ["host_vars of nobody", { "hosts.yml": HOSTS, "host_vars/web11.yml": "a: 1\n" }, ['host_vars/web11.yml:1:1: no host is called "web11" (did you mean "web1"?)']],
  ["host_vars of a group", { "hosts.yml": HOSTS, "host_vars/web.yml": "a: 1\n" }, ['host_vars/web.yml:1:1: no host is called "web" (it is a group: move the file to group_vars/)']],
  ["group_vars of a host", { "hosts.yml": HOSTS, "group_vars/web1/a.yml": "a: 1\n" }, ['group_vars/web1:1:1: no group is called "web1" (it is a host: move the file to host_vars/)']],
  ["group_vars that are a list", { "hosts.yml": HOSTS, "group_vars/web.yml": "- a\n" }, ["group_vars/web.yml:1:1: a file of variables must be a mapping, not a list"]],
  ["a mistake in a file of a directory", { "hosts.yml": HOSTS, "group_vars/web/ssh.yml": "ssh:\n  prot: 22\n" }, ['group_vars/web/ssh.yml:2:3: ssh has no key "prot" (did you mean "port"?)']],
  ["no hosts file", { "group_vars/web.yml": "a: 1\n" }, [".:1:1: the directory has no hosts.yml (an inventory is hosts.yml, or files in Ansible's YAML or INI)"]],
  ["two hosts files", { "hosts.yml": HOSTS, "hosts.yaml": HOSTS }, [".:1:1: the directory has both hosts.yml and hosts.yaml"]],
];

for (const [name, files, expected] of CASES) {
  void test(`${name} is reported where it stands`, async () => {
    assert.deepEqual((await problemsOf(files)).map(brief), expected);
  });
}

void test("every problem of every file is reported at once", async () => {
  const found = await problemsOf({ "hosts.yml": "web:\n  hots:\n  hosts:\n    web1: { ssh: { port: 0 } }\n    web[3:1]:\n", "group_vars/web.yml": "mode: 0600\n", "host_vars/nobody.yml": "a: 1\n", "host_vars/web1.yml": "a: [\n" });
  assert.deepEqual(
    found.map(({ file, line, column }) => `${file}:${line}:${column}`),
    ["hosts.yml:2:3", "hosts.yml:4:26", "hosts.yml:5:8", "group_vars/web.yml:1:7", "host_vars/nobody.yml:1:1", "host_vars/web1.yml:2:1"],
  );
});

void test("a jump host that leads back is a problem", async () => {
  const found = await problemsOf("all:\n  hosts:\n    a: { ssh: { jump: b } }\n    b: { ssh: { jump: [c] } }\n    c: { ssh: { jump: a } }\n");
  assert.equal(found[0]?.message, "a is reached by way of itself: a > b > c > a");
  assert.deepEqual([found[0]?.line, found[0]?.column, found.length], [3, 23, 3]);
});

void test("the message shows the line and a caret below the mistake", async () => {
  const [problem] = await problemsOf("web:\n  hosts:\n    web1: { ssh: { prot: 22 } }\n");
  assert.ok(problem);
  assert.equal(formatProblem(problem), ['hosts.yml:3:20: ssh has no key "prot"', "        web1: { ssh: { prot: 22 } }", "                       ^", '    did you mean "port"?'].join("\n"));
});

void test("no secret is quoted, wherever the mistake stands", async () => {
  const sources = ["a: !secret hunter2\n b: 1\n", "web:\n  vars: { password: hunter2, mode: 0600 }\n  hosts: { w: }\n", "web:\n  vars:\n    a: !secret |\n      hunter2\n     oops\n", 'a: !secret "x" hunter2\n', "x: !secret [hunter2]\n", "a: !secret hunter2\na: !secret hunter2\n"];
  for (const source of sources) {
    await assert.rejects(
      () => loadInventory(join(directoryOf(source), "hosts.yml")),
      (error) => {
        assert.ok(error instanceof InventoryError);
        assert.ok(!error.message.includes("hunter2"), error.message);
        return true;
      },
    );
  }
});

void test("a path that does not exist, a dangling link and an unreadable directory say so", async () => {
  const cwd = directoryOf({ "hosts.yml": HOSTS });
  await assert.rejects(() => loadInventory("nowhere", { cwd }), { message: "nowhere:1:1: the file does not exist" });
  symlinkSync("gone.yml", join(cwd, "loop.yml"));
  await assert.rejects(() => loadInventory("loop.yml", { cwd }), { message: "loop.yml:1:1: the file does not exist" });
  // Root reads everything, so the check needs an ordinary user.
  if (process.getuid?.() === 0) return;
  chmodSync(join(cwd, "hosts.yml"), 0);
  await assert.rejects(() => loadInventory(".", { cwd }), { message: "hosts.yml:1:1: the file may not be read by this user" });
});
