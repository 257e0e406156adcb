import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it, test } from "node:test";
import { HostKeyRefused, sshConnector, type Connection } from "../../src/connection/index.ts";
import { preferred, type Recorded } from "../../src/connection/host-key.ts";
import type { KnownHost } from "../../src/connection/known-hosts.ts";
import { keyPair, temporary } from "./keys.ts";
import { run, targetOn, until } from "./run.ts";
import { need, startSshd, type Sshd } from "./sshd.ts";

const skip = need(["sshd", "openssh-server"], ["ssh-keygen", "openssh-client"]) ?? false;

const entry = (type: string): KnownHost => ({ file: "f", line: 1, marker: "none", hosts: "h", type, blob: Buffer.alloc(0) });
const recorded = (keys: readonly string[], portless: readonly string[] = []): Recorded => ({ name: "h", keys: keys.map(entry), portless: portless.map(entry), revoked: [], authorities: [] });
const USUAL = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"];
for (const [name, keys, first] of [
  ["nothing", recorded([]), USUAL],
  ["an rsa key", recorded(["ssh-rsa"]), ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa", "ssh-ed25519"]],
  ["an ecdsa key", recorded(["ecdsa-sha2-nistp384"]), ["ecdsa-sha2-nistp384", "ssh-ed25519"]],
  ["two kinds", recorded(["ssh-rsa", "ecdsa-sha2-nistp256"]), ["ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa", "ssh-ed25519"]],
  ["a key without a port", recorded([], ["ssh-rsa"]), ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa", "ssh-ed25519"]],
  ["one with and one without a port", recorded(["ecdsa-sha2-nistp256"], ["ssh-rsa"]), ["ecdsa-sha2-nistp256", "ssh-ed25519"]],
  ["a kind that ssh2 does not know", recorded(["sk-ssh-ed25519@openssh.com"]), USUAL],
] as const) {
  void test(`with ${name} recorded, the host is asked for ${first[0]} first, and for all others too`, () => {
    const asked = preferred(keys);
    assert.deepEqual(asked.slice(0, first.length), first);
    assert.deepEqual([...asked].sort(), [...USUAL].sort());
  });
}

describe("the key that a host shows", { skip }, () => {
  let server: Sshd;
  const folder = temporary({ after });
  const other = keyPair(folder, "other");
  const connector = sshConnector();
  const at = (): string => `[127.0.0.1]:${server.port}`;

  before(async () => {
    server = await startSshd({ config: "LogLevel DEBUG1" });
  });
  after(async () => {
    await connector.close();
    await server.stop();
  });

  /** A known_hosts file; `{at}` is the server, `{ed25519}` and the like are its keys, `{other}` is another one. */
  let count = 0;
  const knownHosts = (text: string): string => {
    const file = join(folder, `known_hosts-${(count += 1)}`);
    writeFileSync(file, text.replaceAll("{at}", at()).replaceAll("{other}", other.publicKey).replaceAll(/\{(ed25519|rsa|ecdsa)\}/g, (_, type: "rsa") => server.hostKeys[type]));
    return file;
  };
  const login = async (file: string, connection: Partial<Connection> = {}): Promise<void> => {
    const session = await connector.open(targetOn(server, { knownHosts: file, ...connection }));
    assert.equal((await run(session, "echo in")).text, "in\n");
    await session.close();
  };
  /** Refused, and the server was never told who wants in. */
  const refused = async (file: string, message: RegExp, hint: RegExp, connection: Partial<Connection> = {}): Promise<void> => {
    const from = server.log().length;
    await assert.rejects(login(file, connection), (error) => {
      assert.ok(error instanceof HostKeyRefused, String(error));
      assert.match(error.message, message);
      assert.match(error.hint ?? "", hint);
      assert.match(error.message, /^web1: hwtlogin@127\.0\.0\.1:\d+ .*it shows \S+ SHA256:\S+$/);
      return true;
    });
    // The server's account of a connection ends with its end.
    await until(() => /Connection closed by|Received disconnect|Disconnected from/.test(server.log().slice(from)));
    assert.doesNotMatch(server.log().slice(from), /userauth-request|hwtlogin/);
  };

  for (const [name, text] of [
    ["by its port", "{at} {ed25519}\n"],
    ["among other lines and kinds", "# nothing\nweb9 {other}\n{at} {rsa}\n{at} {ed25519} a comment\n"],
    ["as one of several keys of one kind", "{at} {other}\n{at} {ed25519}\n"],
    ["as rsa only", "{at} {rsa}\n"],
    ["as ecdsa only", "{at} {ecdsa}\n"],
    ["by a wildcard", "[127.0.0.*]:* {ed25519}\n"],
    ["without its port", "127.0.0.1 {ed25519}\n"],
    ["next to a certificate authority", "@cert-authority * {other}\n{at} {ed25519}\n"],
    ["while another key is revoked", "@revoked * {other}\n{at} {ed25519}\n"],
  ] as const) {
    it(`is taken where it is recorded ${name}`, () => login(knownHosts(text)));
  }

  it("is taken where ssh-keygen -H has hashed its name", async () => {
    const file = knownHosts("{at} {ecdsa}\n");
    execFileSync("ssh-keygen", ["-H", "-f", file], { stdio: "ignore" });
    assert.match(readFileSync(file, "utf8"), /^\|1\|/);
    await login(file);
  });

  for (const [name, text, message, hint] of [
    ["is not recorded", "", /is not in .*known_hosts-\d+;/, /^compare the fingerprint .*`ssh-keyscan -t ed25519 -p \d+ 127\.0\.0\.1 >> .*known_hosts-\d+`/],
    ["is recorded for another port only", "[127.0.0.1]:1 {ed25519}\n", /is not in/, /accept-new/],
    ["is recorded for a negated name", "*,!{at} {ed25519}\n!127.0.0.1,* {other}\n", /another host key than the one recorded at .*:2 /, /ssh-keygen -f .* -R/],
    ["has changed", "# one\n{at} {other}\n", /shows another host key than the one recorded at .*known_hosts-\d+:2 \(ssh-ed25519 SHA256:/, /reinstalled or somebody is in between.*ssh-keygen -f .*known_hosts-\d+ -R '\[127\.0\.0\.1\]:\d+'/],
    ["has changed, with one of its kind recorded last", "{at} ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB\n{at} {other}\n", /recorded at .*:2 \(ssh-ed25519/, /-R/],
    ["is revoked", "@revoked * {ed25519}\n{at} {ed25519}\n", /shows a key that .*known_hosts-\d+:1 marks as @revoked/, /do not connect/],
    ["is revoked without its port", "{at} {ed25519}\n@revoked 127.0.0.1 {ed25519}\n", /known_hosts-\d+:2 marks as @revoked/, /do not connect/],
    ["only a certificate authority vouches for", "@cert-authority {at} {other}\n", /known only by the @cert-authority line at .*:1, and host certificates are not supported/, /plain key/],
    ["a certificate authority without a port vouches for", "@cert-authority 127.0.0.* {other}\n", /@cert-authority line at .*:1/, /plain key/],
  ] as const) {
    it(`is refused before anything is sent when it ${name}`, () => refused(knownHosts(text), message, hint));
    if (name !== "is not recorded" && !name.includes("another port")) it(`is refused by accept-new too when it ${name}`, () => refused(knownHosts(text), message, hint, { hostKeyChecking: "accept-new" }));
  }

  it("is taken unseen when checking is off", async () => {
    const file = knownHosts("{at} {other}\n");
    await login(file, { hostKeyChecking: "off" });
    assert.equal(readFileSync(file, "utf8"), `${at()} ${other.publicKey}\n`);
  });

  it("is recorded by accept-new, once, by two connections at a time, and then held to", async () => {
    const file = join(folder, "new/known_hosts");
    await Promise.all(Array.from({ length: 4 }, () => login(file, { hostKeyChecking: "accept-new" })));
    assert.equal(readFileSync(file, "utf8"), `${at()} ${server.hostKeys.ed25519}\n`);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    await login(file);
    writeFileSync(file, readFileSync(file, "utf8").replace(server.hostKeys.ed25519, other.publicKey));
    await refused(file, /another host key/, /-R/, { hostKeyChecking: "accept-new" });
  });

  describe("with an ssh configuration", () => {
    const config = (text: string): Partial<Connection> => {
      const file = join(folder, `config-${(count += 1)}`);
      writeFileSync(file, text);
      return { config: file, knownHosts: undefined, hostKeyChecking: undefined };
    };

    it("is looked for under HostKeyAlias, which has no port", async () => {
      const file = knownHosts("web-one {ed25519}\n{at} {other}\n");
      await login("", config(`Host 127.0.0.1\n  HostKeyAlias Web-One\n  UserKnownHostsFile ${file}\n`));
      const fresh = join(folder, "alias");
      await login("", config(`HostKeyAlias web-one\nUserKnownHostsFile ${fresh}\nStrictHostKeyChecking accept-new\n`));
      assert.match(readFileSync(fresh, "utf8"), /^web-one ssh-ed25519 /);
    });

    it("is looked for in the user's and in the global files, and is recorded in the first of the user's", async () => {
      const [user, global] = [knownHosts(""), knownHosts("{at} {ed25519}\n")];
      await login("", config(`UserKnownHostsFile ${join(folder, "none")} ${user}\nGlobalKnownHostsFile ${global}\n`));
      appendFileSync(global, `@revoked * ${server.hostKeys.ed25519}\n`);
      await refused("", /:2 marks as @revoked/, /do not connect/, config(`UserKnownHostsFile ${knownHosts("{at} {ed25519}\n")}\nGlobalKnownHostsFile ${global}\n`));
      const first = join(folder, "first");
      await login("", config(`UserKnownHostsFile ${first} ${user}\nGlobalKnownHostsFile ${knownHosts("")}\nStrictHostKeyChecking accept-new\n`));
      assert.equal(readFileSync(first, "utf8"), `${at()} ${server.hostKeys.ed25519}\n`);
    });

    for (const none of ["none", "/dev/null"]) {
      it(`is not recorded where the user's file is ${none}`, async () => {
        const global = knownHosts("# kept\n");
        await refused("", /is new, and there is no known_hosts file to record it in/, /known_hosts/, config(`UserKnownHostsFile ${none}\nGlobalKnownHostsFile ${global}\nStrictHostKeyChecking accept-new\n`));
        assert.equal(readFileSync(global, "utf8"), "# kept\n");
      });
    }
  });
});
