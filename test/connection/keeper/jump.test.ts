import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { sshConnector, type Target } from "../../../src/connection/index.ts";
import { closeKept, keptConnections } from "../../../src/connection/keeper/control.ts";
import { keeperHome, visit } from "../keeper.ts";
import { keyPair, temporary } from "../keys.ts";
import { run, targetOn, until } from "../run.ts";
import { LOGIN, need, startSshd, type Sshd } from "../sshd.ts";

const skip = need(["sshd", "openssh-server"], ["ssh-keygen", "openssh-client"]) ?? false;

describe("connections that are kept through a jump host", { skip }, () => {
  let [near, one, two]: Sshd[] = [];
  const home = keeperHome({ after });
  const folder = temporary({ after });
  const knownHosts = join(folder, "known_hosts");

  before(async () => {
    [near, one, two] = await Promise.all(["near", "one", "two"].map((name) => startSshd({ config: "LogLevel VERBOSE", setup: `echo ${name} >/home/which` })));
  });
  after(async () => {
    for (const server of [near, one, two]) await server?.stop();
  });

  const recorded = (...servers: (Sshd | undefined)[]): string => servers.map((server) => readFileSync(`${server?.folder}/known_hosts`, "utf8")).join("");
  const logins = (server: Sshd | undefined): number => (server?.log().split("Accepted publickey").length ?? 0) - 1;
  const behind = (server: Sshd | undefined, keepOpen = 60): Target => targetOn(server as Sshd, { jump: [`${LOGIN}@127.0.0.1:${near?.port}`], keys: [near?.key ?? "", one?.key ?? "", two?.key ?? ""], knownHosts, keepOpen }, undefined, server === one ? "one" : "two");
  const which = (target: Target): Promise<string> => visit(target, (session) => run(session, "cat /home/which")).then(({ text }) => text.trim());
  const counts = (): number[] => [near, one, two].map(logins);

  it("share that one's, over runs as within one", async () => {
    writeFileSync(knownHosts, recorded(near, one, two));
    assert.equal(await which(behind(one)), "one");
    assert.deepEqual(counts(), [1, 1, 0]);
    assert.equal(await which(behind(two)), "two");
    assert.equal(await which(behind(one)), "one");
    assert.deepEqual(counts(), [1, 1, 1]);
  });

  it("are not used when the jump host's key is no longer taken", async () => {
    const [pinned = ""] = recorded(near).split(" ");
    writeFileSync(knownHosts, `${pinned} ${keyPair(folder, "other").publicKey}\n${recorded(one, two)}`);
    const at = new RegExp(`^Unreachable: ${LOGIN}@127\\.0\\.0\\.1:${near?.port}: .* shows another host key`);
    await assert.rejects(which(behind(one)), at);
    // Nor is the jump host's for a host that it has not led to yet.
    await assert.rejects(which({ ...behind(two), host: "three" }), at);
    writeFileSync(knownHosts, recorded(near, one, two));
    assert.equal(await which(behind(one)), "one");
  });

  it("take the jump host's with them when they are closed", async () => {
    const shown = (await keptConnections()).map(({ host, address, user }) => `${host} ${address} ${user}`);
    assert.deepEqual(new Set(shown), new Set([`one 127.0.0.1:${one?.port} ${LOGIN}`, `two 127.0.0.1:${two?.port} ${LOGIN}`]));
    assert.deepEqual((await closeKept(["one"])).map(({ host }) => host), ["two"]);
    assert.deepEqual(await closeKept(), []);
    await until(() => home.pids().length === 0);
    assert.deepEqual(home.sockets(), []);
    await until(() => [near, one, two].every((server) => server?.log().split("Disconnected from user").length === (server?.log().split("Accepted publickey").length ?? 0)));
  });

  it("are made as usual by connectors that do not keep them", async () => {
    const connector = sshConnector();
    const before = counts();
    await Promise.all([one, two].map((server) => connector.open(behind(server, 0))));
    await connector.close();
    assert.deepEqual(counts().map((count, i) => count - (before[i] ?? 0)), [1, 1, 1]);
    assert.equal(home.pids().length, 0);
  });
});
