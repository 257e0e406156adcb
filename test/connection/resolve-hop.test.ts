import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { after, describe, it, test } from "node:test";
import { placeOf, type Hop } from "../../src/connection/hop.ts";
import { HopResolver, parseJump } from "../../src/connection/resolve-hop.ts";
import { localUser, type Connection, type Target } from "../../src/connection/target.ts";
import { Secret } from "../../src/shell/index.ts";
import { temporary } from "./keys.ts";

for (const [spec, user, address, port] of [
  ["gate", undefined, "gate", undefined],
  ["root@gate", "root", "gate", undefined],
  ["root@gate:2222", "root", "gate", 2222],
  ["10.0.0.1:22", undefined, "10.0.0.1", 22],
  ["[2001:db8::1]:22", undefined, "2001:db8::1", 22],
  ["ada@[fe80::1%eth0]", "ada", "fe80::1%eth0", undefined],
  ["2001:db8::1", undefined, "2001:db8::1", undefined],
  ["ssh://ada@gate:2222/", "ada", "gate", 2222],
] as const) {
  void test(`the jump host ${spec} is understood`, () => assert.deepEqual(parseJump(spec), { user, address, port }));
}
for (const spec of ["", "a b", "root@", "@gate", "gate:", "gate:0", "gate:65536", "gate:ssh", "[gate", "a@b@c", "gate/x"]) {
  void test(`the jump host ${JSON.stringify(spec)} is refused`, () => assert.throws(() => parseJump(spec), { name: "UsageError", message: `cannot read the jump host ${JSON.stringify(spec)}`, hint: /user@host:port/ }));
}

const SSH: Connection = { kind: "ssh", address: "web1", agent: false, config: false };
const target = (host: string, connection: Partial<Connection> = {}): Target => ({ host, connection: { ...SSH, address: host, ...connection }, become: { method: "none", user: "root" } });

describe("the way to a host", () => {
  const folder = temporary({ after });
  const config = join(folder, "config");
  const chain = async (of: Target, text = "", hosts: readonly Target[] = []): Promise<readonly Hop[]> => {
    writeFileSync(config, text);
    return await new HopResolver((name) => hosts.find(({ host }) => host === name)).chain(of);
  };
  const places = async (...args: Parameters<typeof chain>): Promise<string> => (await chain(...args)).map((hop) => (hop.label === args[0].host ? "" : `${hop.label}=`) + placeOf(hop)).join(" ");
  const me = localUser();

  it("has ssh's defaults", async () => {
    const [hop] = await chain(target("web1"));
    const ssh = join(homedir(), ".ssh");
    assert.deepEqual(hop, {
      label: "web1", address: "web1", port: 22, user: me, keyName: "web1", keyPort: 22,
      keys: ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => ({ path: join(ssh, name), from: "default" })),
      certificates: [], identitiesOnly: false, agent: undefined, agentName: undefined, passphrase: undefined, password: undefined,
      knownHosts: [join(ssh, "known_hosts"), join(ssh, "known_hosts2"), "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"],
      newHosts: join(ssh, "known_hosts"), hostKeyChecking: "strict", connectTimeout: 20, keepalive: 15, family: undefined, bindAddress: undefined,
    });
  });

  it("takes what the inventory says before what the ssh configuration says", async () => {
    const text = `HostName 10.0.0.9\nPort 9\nUser cfg\nIdentityFile /cfg\nStrictHostKeyChecking no\nUserKnownHostsFile /cfg-known\nConnectTimeout 9\nServerAliveInterval 9\nHostKeyAlias al\n`;
    const [plain] = await chain(target("web1", { config }), text);
    assert.deepEqual([plain && placeOf(plain), plain?.keys, plain?.hostKeyChecking, plain?.newHosts, plain?.connectTimeout, plain?.keepalive, plain?.keyName, plain?.keyPort], ["cfg@10.0.0.9:9", [{ path: "/cfg", from: "config" }], "off", "/cfg-known", 9, 9, "al", 22]);
    const [own] = await chain(target("web1", { config, port: 1, user: "inv", keys: ["~/inv"], hostKeyChecking: "accept-new", knownHosts: "/inv-known", connectTimeout: 1, keepalive: 0 }), text);
    assert.deepEqual([own && placeOf(own), own?.keys, own?.hostKeyChecking, own?.knownHosts, own?.connectTimeout, own?.keepalive], ["inv@10.0.0.9:1", [{ path: join(homedir(), "inv"), from: "inventory" }], "accept-new", ["/inv-known"], 1, 0]);
  });

  for (const [setting, expected] of [["yes", "strict"], ["ask", "strict"], ["accept-new", "accept-new"], ["no", "off"], ["off", "off"], ["whatever", "strict"]] as const) {
    it(`is ${expected} about keys with StrictHostKeyChecking ${setting}`, async () => assert.equal((await chain(target("web1", { config }), `StrictHostKeyChecking ${setting}\n`))[0]?.hostKeyChecking, expected));
  }

  const gate = target("gate", { address: "10.0.0.1", user: "root", port: 2222 });
  const inner = target("inner", { address: "10.0.0.2", user: "ada", jump: ["gate"] });
  for (const [name, args, expected] of [
    ["straight", [target("web1")], `${me}@web1:22`],
    ["straight, whatever ProxyJump says", [target("web1", { jump: [], config }), "ProxyJump gate\n"], `${me}@web1:22`],
    ["by an inventory host", [target("web1", { jump: ["gate"] }), "", [gate]], `gate=root@10.0.0.1:2222 ${me}@web1:22`],
    ["by a jump host that has one itself", [target("web1", { jump: ["inner"] }), "", [gate, inner]], `gate=root@10.0.0.1:2222 inner=ada@10.0.0.2:22 ${me}@web1:22`],
    ["by two, of which the second is reached from the first", [target("web1", { jump: ["gate", "inner"] }), "", [gate, inner]], `gate=root@10.0.0.1:2222 inner=ada@10.0.0.2:22 ${me}@web1:22`],
    ["by user@host:port", [target("web1", { jump: ["bob@192.0.2.1:99", "[2001:db8::1]"] })], `bob@192.0.2.1:99=bob@192.0.2.1:99 [2001:db8::1]=${me}@[2001:db8::1]:22 ${me}@web1:22`],
    ["by ProxyJump", [target("web1", { config }), "Host web1\n  ProxyJump bob@a:1,b\nHost a\n  HostName a.example.com\nHost b\n  User bb\n"], `bob@a:1=bob@a.example.com:1 b=bb@b:22 ${me}@web1:22`],
    ["by ProxyJump of a ProxyJump", [target("web1", { config }), "Host web1\n  ProxyJump a\nHost a\n  ProxyJump b\n"], `b=${me}@b:22 a=${me}@a:22 ${me}@web1:22`],
    ["by ProxyJump, whose second host's own ProxyJump does not count", [target("web1", { config }), "Host web1\n  ProxyJump a,b\nHost b\n  ProxyJump c\n  ProxyCommand x\n"], `a=${me}@a:22 b=${me}@b:22 ${me}@web1:22`],
    ["by ProxyJump to an inventory host", [target("web1", { config }), "Host web1\n  ProxyJump gate\n", [gate]], `gate=root@10.0.0.1:2222 ${me}@web1:22`],
    ["by the inventory's jump host, whatever ProxyCommand says", [target("web1", { config, jump: ["gate"] }), "Host web1\n  ProxyCommand nc\n", [gate]], `gate=root@10.0.0.1:2222 ${me}@web1:22`],
  ] as const) {
    it(`goes ${name}`, async () => assert.equal(await places(...(args as unknown as Parameters<typeof chain>)), expected));
  }

  for (const [name, args, message] of [
    ["a circle in the inventory", [target("a", { jump: ["b"] }), "", [target("a", { jump: ["b"] }), target("b", { jump: ["a"] })]], /^the jump hosts form a circle: a -> b -> a$/],
    ["a circle by ProxyJump for all hosts", [target("web1", { config }), "ProxyJump gate\n"], /^the jump hosts form a circle: web1 -> gate -> gate$/],
    ["this machine as a jump host", [target("web1", { jump: ["here"] }), "", [target("here", { kind: "local" })]], /^here is this machine and cannot be a jump host$/],
    ["a jump host that cannot be read", [target("web1", { jump: ["a b"] })], /^cannot read the jump host "a b"$/],
    ["a ProxyCommand", [target("web1", { config }), "Host web1\n  ProxyCommand nc\n"], /config:2: ProxyCommand applies to web1/],
    ["a ProxyCommand of the first jump host", [target("web1", { config, jump: ["bob@a"] }), "Host a\n  ProxyCommand nc\n"], /config:2: ProxyCommand applies to a,/],
  ] as const) {
    it(`refuses ${name}`, () => assert.rejects(chain(...(args as unknown as Parameters<typeof chain>)), { name: "UsageError", message }));
  }

  it("hands a host's keys to its jump hosts, and never its password", async () => {
    const own = target("web1", { jump: ["bob@gate", "inner"], keys: ["/k"], password: new Secret("p"), passphrase: new Secret("q"), knownHosts: "/known", hostKeyChecking: "accept-new", connectTimeout: 3 });
    const [first, second, last] = await chain(own, "", [inner]);
    assert.deepEqual([first?.keys[0]?.path, first?.password, first?.passphrase?.reveal(), first?.newHosts, first?.hostKeyChecking, first?.connectTimeout], ["/k", undefined, "q", "/known", "accept-new", 3]);
    assert.deepEqual([second?.keys[0]?.from, second?.password, second?.newHosts], ["default", undefined, join(homedir(), ".ssh/known_hosts")]);
    assert.equal(last?.password?.reveal(), "p");
    const [configured] = await chain({ ...own, connection: { ...own.connection, config } }, "Host gate\n  IdentityFile /gate\n", [inner]);
    assert.deepEqual(configured?.keys, [{ path: "/gate", from: "config" }]);
  });
});
