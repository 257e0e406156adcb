import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { configFor, type Given, type HostConfig } from "../../src/connection/host-config.ts";
import { readSshConfig } from "../../src/connection/ssh-config.ts";
import { localUser } from "../../src/connection/target.ts";
import { temporary } from "./keys.ts";

const folder = temporary({ after });
const file = join(folder, "config");
const me = localUser();

async function of(text: string, name = "web1", given: Partial<Given> = {}): Promise<HostConfig> {
  writeFileSync(file, text);
  return configFor(await readSshConfig(file), name, { jump: false, ...given });
}

const EMPTY = { identityFiles: [], certificates: [], identitiesOnly: false };

describe("what an ssh configuration says about web1", () => {
  for (const [text, expected] of [
    ["", {}],
    ["Host web2\n  Port 1\n", {}],
    ["Port 1\nHost web1\n  Port 2\n", { port: 1 }],
    ["Host web*\n  Port 2\nHost *\n  Port 3\n  User x\n", { port: 2, user: "x" }],
    ["Host web? !web1\n  Port 2\n", {}],
    ["Host !web1\n  Port 2\n", {}],
    ["Host !web2\n  Port 2\n", {}],
    ["Host web1?\n  Port 2\n", {}],
    ["Host WEB1\n  Port 2\n", {}],
    ["Host db1,web1\n  Port 2\n", {}],
    ["hOsT=web1\n  pOrT = 2\n", { port: 2 }],
    ["HostName %h.example.com\n", { hostName: "web1.example.com" }],
    ["HostName %%h-%h\n", { hostName: "%h-web1" }],
    ["IdentityFile /k1\nHost web1\n  IdentityFile /k2\nIdentityFile /k1\n", { identityFiles: ["/k1", "/k2"] }],
    ["IdentityFile none\n", {}],
    ['IdentityFile "~/my key"\n', { identityFiles: [join(homedir(), "my key")] }],
    ["IdentityFile keys/k\n", { identityFiles: [resolve("keys/k")] }],
    ["Port 99\nUser ada\nHostName h.example.com\nIdentityFile %d/%h-%n-%r-%p-%%\n", { port: 99, user: "ada", hostName: "h.example.com", identityFiles: [`${homedir()}/h.example.com-web1-ada-99-%`] }],
    ["IdentityFile /%u-%i-%r-%k\nHostKeyAlias al\n", { identityFiles: [`/${me}-${process.getuid?.()}-${me}-al`], hostKeyAlias: "al" }],
    ["IdentityFile /%l/%L/%C\n", { identityFiles: [`/${hostname()}/${hostname().split(".")[0]}/${createHash("sha1").update(`${hostname()}web122${me}`).digest("hex")}`] }],
    ["IdentityFile ${HOME}/k\n", { identityFiles: [`${process.env["HOME"]}/k`] }],
    ["CertificateFile /k-cert.pub\n", { certificates: ["/k-cert.pub"] }],
    ["IdentitiesOnly yes\nIdentitiesOnly no\n", { identitiesOnly: true }],
    ["IdentityAgent ~/agent\n", { identityAgent: join(homedir(), "agent") }],
    ["IdentityAgent $HOME\n", { identityAgent: process.env["HOME"] }],
    ["IdentityAgent none\n", { identityAgent: "none" }],
    ["ProxyJump a, b@c:1\nProxyJump d\n", { proxyJump: ["a", "b@c:1"] }],
    ["ProxyJump none\nProxyJump a\n", {}],
    ["ProxyJump jump-%h\n", { proxyJump: ["jump-web1"] }],
    ["ProxyJump a\nProxyCommand nc %h %p\n", { proxyJump: ["a"] }],
    ["ProxyJump none\nProxyCommand nc %h %p\n", {}],
    ["ProxyCommand none\nProxyJump a\n", {}],
    ["Host other\n  ProxyCommand nc %h %p\n", {}],
    ["HostKeyAlias One\nHostKeyAlias two\n", { hostKeyAlias: "one" }],
    ['UserKnownHostsFile ~/a "/b c" /%h\n', { knownHosts: [join(homedir(), "a"), "/b c", "/web1"] }],
    ["UserKnownHostsFile none\nGlobalKnownHostsFile /g1 /g2\n", { knownHosts: [], globalKnownHosts: ["/g1", "/g2"] }],
    ["StrictHostKeyChecking Accept-New\n", { hostKeyChecking: "accept-new" }],
    ["ConnectTimeout 7\nServerAliveInterval 1m30s\n", { connectTimeout: 7, keepalive: 90 }],
    ["ConnectTimeout none\nServerAliveInterval 0\n", { keepalive: 0 }],
    ["ConnectTimeout 0\n", {}],
    ["ConnectTimeout 1h\n", { connectTimeout: 3600 }],
    ["AddressFamily inet6\nBindAddress ::1\n", { family: 6, bindAddress: "::1" }],
    ["AddressFamily any\n", {}],
    ["CanonicalizeHostname no\nRevokedHostKeys none\nKnownHostsCommand none\nProxyCommand none\n", {}],
    ["Compression yes\nControlMaster auto\nForwardAgent yes\n", {}],
    ["Match all\n  Port 2\n", { port: 2 }],
    ["Match host web*,!web2\n  Port 2\n", { port: 2 }],
    ["Match host *,!web1\n  Port 2\n", {}],
    ["Match !host web2\n  Port 2\n", { port: 2 }],
    ["Match !host web1\n  Port 2\n", {}],
    ["HostName db.example.com\nMatch host web1\n  Port 2\nMatch host DB.*\n  Port 3\nMatch originalhost web1\n  User o\n", { hostName: "db.example.com", port: 3, user: "o" }],
    ["Match user ada\n  Port 2\nMatch all\n  User ada\nMatch user ada\n  Port 3\n", { port: 3, user: "ada" }],
    [`Match localuser ${me} user ${me}\n  Port 2\n`, { port: 2 }],
    [`Match localuser !${me},*\n  Port 2\n`, {}],
    ["Match canonical\n  Port 2\nMatch !canonical all\n  User c\n", { user: "c" }],
    ["HostName h.example.com\nMatch final\n  HostName other\nHost web1\n  Port 2\nHost *.com\n  User x\n", { hostName: "h.example.com", port: 2, user: "x" }],
    ["Match final host web1\n  Port 2\n  User y\nMatch all\n  Port 3\n", { hostName: "web1", port: 3, user: "y" }],
    ["Match host web2 exec true\n  Port 2\n", {}],
  ] as const) {
    it(JSON.stringify(text), async () => assert.deepEqual(await of(text), { ...EMPTY, ...expected }));
  }

  for (const [text, message, hint] of [
    ["#\nProxyCommand nc -X 5 %h %p\n", "ProxyCommand applies to web1, and is not supported", /use ProxyJump, or `ssh: \{ jump \}` in the inventory/],
    ["\nProxyUseFdpass no\nCanonicalizeHostname yes\n", "CanonicalizeHostname applies to web1, and is not supported", /full name/],
    ["#\nBindInterface eth1\n", "BindInterface applies to web1, and is not supported", /BindAddress/],
    ["#\nRevokedHostKeys /etc/ssh/revoked\n", "RevokedHostKeys applies to web1, and is not supported", /@revoked/],
    ["#\nKnownHostsCommand /bin/keys %H\n", "KnownHostsCommand applies to web1, and is not supported", /known_hosts/],
    ['#\nMatch host web1 exec "test -e /vpn"\n', "Match exec is not supported, and decides about web1", /config: false/],
    ["#\nMatch tagged x\n", "Match tagged is not supported, and decides about web1", /inventory/],
    ["#\nMatch localnetwork 10.0.0.0/8\n", "Match localnetwork is not supported, and decides about web1", /inventory/],
    ["#\nPort ssh\n", '"ssh" is no port', /^$/],
    ["#\nPort 65536\n", '"65536" is no port', /^$/],
    ["#\nConnectTimeout soon\n", '"soon" is no time', /^$/],
    ["#\nIdentityFile ~/%y\n", "%y is not supported here", /^$/],
    ["#\nIdentityFile ${HAWSER_UNSET}/k\n", "the environment variable HAWSER_UNSET is not set", /^$/],
    ["#\nHostName %n.x\n", "%n is not supported here", /^$/],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, async () => {
      const line = text.startsWith("\n") ? 3 : 2;
      await assert.rejects(of(text), (error: Error & { hint?: string }) => {
        assert.deepEqual([error.name, error.message], ["UsageError", `${file}:${line}: ${message}`]);
        assert.match(error.hint ?? "", hint);
        return true;
      });
      const elsewhere = text.includes("Match") ? text.replace("Match", "Match host web2") : `Host web2\n${text}`;
      assert.deepEqual(await of(elsewhere), EMPTY, "other hosts do not mind");
    });
  }

  it("cannot change what the inventory says", async () => {
    assert.deepEqual(await of("ProxyJump a\nProxyCommand nc\n", "web1", { jump: true }), EMPTY);
    assert.deepEqual((await of("User ada\nPort 1\nIdentityFile /%r-%p\n", "web1", { user: "bob", port: 2 })).identityFiles, ["/bob-2"]);
    assert.equal((await of("Match user bob\n  HostName b\n", "web1", { user: "bob" })).hostName, "b");
  });
});
