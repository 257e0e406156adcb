import assert from "node:assert/strict";
import test from "node:test";
import { load, problemsOf, brief } from "./fixture.ts";

const withArgs = (args: string, more = ""): string => `g: { vars: { ansible_ssh_common_args: ${JSON.stringify(args)} }, hosts: { h: {${more}} } }`;

for (const [args, expected] of [
  ["-J bastion", { jump: ["bastion"] }],
  ["-Jada@b1:2222,b2", { jump: ["ada@b1:2222", "b2"] }],
  ["-o ProxyJump=bastion", { jump: ["bastion"] }],
  ["-oProxyJump=bastion -o ConnectTimeout=5", { jump: ["bastion"], connectTimeout: 5 }],
  ['-o "ProxyJump bastion"', { jump: ["bastion"] }],
  ["-o ProxyCommand=none", { jump: [] }],
  ['-o ProxyCommand="ssh -W %h:%p -q ada@bastion.example.com"', { jump: ["ada@bastion.example.com"] }],
  ["-o ProxyCommand='ssh -p 2222 -W %h:%p ada@bastion'", { jump: ["ada@bastion:2222"] }],
  ["-o 'ProxyCommand=/usr/bin/ssh -o StrictHostKeyChecking=no -l ada -W [%h]:%p bastion'", { jump: ["ada@bastion"] }],
  ['-o ProxyCommand="ssh bastion nc %h %p"', { jump: ["bastion"] }],
  ["-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null", { hostKeyChecking: "off", knownHosts: "/dev/null" }],
  ["-o StrictHostKeyChecking=accept-new -o ServerAliveInterval=30", { hostKeyChecking: "accept-new", keepalive: 30 }],
  ["-o ControlMaster=auto -o ControlPersist=60s -C -i ~/k", { keys: ["/home/ada/k"] }],
] as const) {
  void test(`${args} gives ${JSON.stringify(expected)}`, async () => {
    const { connection } = (await load(withArgs(args))).host("h");
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(connection[key as keyof typeof connection], value);
  });
}

for (const [args, message] of [
  ["-o ProxyCommand='nc %h %p'", "this ProxyCommand cannot be turned into a jump"],
  ["-o ProxyCommand='ssh -i key -W %h:%p bastion'", "this ProxyCommand cannot be turned into a jump"],
  ["-o ProxyCommand='ssh bastion'", "this ProxyCommand cannot be turned into a jump"],
  ["-o LocalForward='1 b:2'", "hawser has nothing like LocalForward"],
  ["-D 1080", "hawser has nothing like -D"],
  ["-o 'x", "the quote ' is not closed"],
] as const) {
  void test(`${args} is refused`, async () => {
    const [problem] = await problemsOf(withArgs(args));
    assert.ok(problem !== undefined && brief(problem).startsWith(`hosts.yml:1:39: ansible_ssh_common_args: ${message}`), problem && brief(problem));
  });
}

void test("stronger arguments replace weaker ones as a whole, and templates in them are filled in", async () => {
  const inventory = await load(`g: { vars: { ansible_ssh_common_args: "-J {{ bastion }} -o ConnectTimeout=5", bastion: ada@b1 }, hosts: { a: , b: { bastion: b2 }, c: { ansible_ssh_common_args: "-o ConnectTimeout=7" } } }`);
  assert.deepEqual(inventory.hosts.map(({ connection }) => [connection.jump, connection.connectTimeout]), [[["ada@b1"], 5], [["b2"], 5], [undefined, 7]]);
});
