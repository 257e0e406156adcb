import assert from "node:assert/strict";
import { connect, type AddressInfo, type Socket } from "node:net";
import { readFileSync } from "node:fs";
import { after, before, describe, it, type TestContext } from "node:test";
import ssh2 from "ssh2";
import { sshConnector, type Connection, type Target } from "../../src/connection/index.ts";
import { HawserError } from "../../src/errors/index.ts";
import { run, targetOn } from "./run.ts";
import { LOGIN, need, startSshd, type Sshd } from "./sshd.ts";

const skip = need(["sshd", "openssh-server"]) ?? false;

/**
 * A bastion whose network has a 10.0.0.1 of its own: ssh2's server class, not sshd, since real networks with one address
 * twice would take namespaces. It lets everybody in and forwards every connection to one port of this machine.
 */
async function bastionTo(t: TestContext, port: number, hostKey: string): Promise<{ readonly port: number; readonly connections: () => number }> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = new ssh2.Server({ hostKeys: [readFileSync(hostKey)] }, (client) => {
    connections++;
    client.on("error", () => {});
    client.on("authentication", (context) => context.accept());
    client.on("ready", () => client.on("tcpip", (accept) => {
      const channel = accept();
      const far = connect(port, "127.0.0.1");
      sockets.add(far);
      far.on("error", () => channel.end());
      channel.pipe(far).pipe(channel);
    }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

void describe("jump hosts", { skip }, () => {
  let [near, middle, far]: Sshd[] = [];
  before(async () => {
    [near, middle, far] = await Promise.all(["near", "middle", "far"].map((name) => startSshd({ config: "LogLevel VERBOSE", setup: `echo ${name} >/home/which` })));
  });
  after(async () => {
    for (const server of [near, middle, far]) await server?.stop();
  });

  const on = (server: Sshd | undefined, settings: Partial<Connection> = {}, host = "web1"): Target => targetOn(server as Sshd, settings, undefined, host);
  const spec = (server: Sshd | undefined): string => `${LOGIN}@127.0.0.1:${server?.port}`;
  /** Keys of all servers, and known_hosts that hold them. */
  const through = (...jump: string[]): Partial<Connection> => ({ jump, keys: [near?.key ?? "", middle?.key ?? "", far?.key ?? ""], hostKeyChecking: "off" });
  async function which(target: Target, connector = sshConnector()): Promise<string> {
    try {
      const session = await connector.open(target);
      return (await run(session, "cat /home/which")).text.trim();
    } finally {
      await connector.close();
    }
  }

  it("are passed one after the other", async () => {
    assert.equal(await which(on(far, through(spec(near)))), "far");
    assert.equal(await which(on(far, through(spec(near), spec(middle)))), "far");
    assert.match(near?.log() ?? "", new RegExp(`Accepted publickey for ${LOGIN}`));
    assert.match(middle?.log() ?? "", new RegExp(`Accepted publickey for ${LOGIN}`));
  });

  it("may be hosts of the inventory, with their own settings", async () => {
    const connector = sshConnector({ resolveJump: (name) => (name === "gate" ? on(near, {}, "gate") : undefined) });
    assert.equal(await which(on(far, { jump: ["gate"] }), connector), "far");
  });

  it("have their keys checked, each by its own known_hosts", async () => {
    const stranger = on(near, { knownHosts: `${far?.folder}/known_hosts` }, "gate");
    const connector = sshConnector({ resolveJump: () => stranger });
    await assert.rejects(which(on(far, { jump: ["gate"] }), connector), (error) => error instanceof HawserError && new RegExp(`127\\.0\\.0\\.1:${near?.port} is not in `).test(error.message));
  });

  it("that cannot be reached name themselves", async () => {
    await assert.rejects(which(on(far, through(`${LOGIN}@127.0.0.1:1`))), /127\.0\.0\.1:1 refuses the connection/);
    await assert.rejects(which(on(far, { ...through(spec(near)), port: 1 })), new RegExp(`127\\.0\\.0\\.1:${near?.port} cannot connect to 127\\.0\\.0\\.1:1: Connection refused`));
    await assert.rejects(which(on(far, { ...through(spec(near)), keys: [far?.key ?? ""] })), new RegExp(`${LOGIN}@127\\.0\\.0\\.1:${near?.port} lets ${LOGIN} not in`));
  });

  it("with one private address behind each of two lead to two hosts", async (t) => {
    const hostKey = `${near?.folder}/host_ed25519`;
    const [east, west] = await Promise.all([bastionTo(t, middle?.port ?? 0, hostKey), bastionTo(t, far?.port ?? 0, hostKey)]);
    const connector = sshConnector();
    const behind = (bastion: { port: number }, host: string): Target => on(middle, { ...through(`${LOGIN}@127.0.0.1:${bastion.port}`), address: "10.0.0.1", port: 22 }, host);
    const sessions = await Promise.all([connector.open(behind(east, "east")), connector.open(behind(west, "west"))]);
    const said = await Promise.all(sessions.map(async (session) => (await run(session, "cat /home/which")).text.trim()));
    assert.deepEqual(said, ["middle", "far"]);
    await connector.close();
  });

  it("are connected to once for all hosts behind them", async (t) => {
    const bastion = await bastionTo(t, far?.port ?? 0, `${near?.folder}/host_ed25519`);
    const connector = sshConnector();
    const target = (host: string): Target => on(far, { ...through(`${LOGIN}@127.0.0.1:${bastion.port}`), address: "10.0.0.1", port: 22 }, host);
    const sessions = await Promise.all(Array.from({ length: 8 }, (_, i) => connector.open(target(`web${i}`))));
    assert.deepEqual(await Promise.all(sessions.map(async (session) => (await run(session, "cat /home/which")).text.trim())), Array.from({ length: 8 }, () => "far"));
    assert.equal(bastion.connections(), 1);
    await connector.close();
    const again = sshConnector();
    await (await again.open(target("web1"))).close();
    assert.equal(bastion.connections(), 2);
    await again.close();
  });
});
