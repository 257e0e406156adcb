import assert from "node:assert/strict";
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { sshConnector, type Connection } from "../../../src/connection/index.ts";
import { ConnectionLost, Unreachable, type Session } from "../../../src/engine/session.ts";
import { HawserError, UsageError } from "../../../src/errors/index.ts";
import { Secret } from "../../../src/shell/index.ts";
import { keptConnections } from "../../../src/connection/keeper/control.ts";
import { keeperHome, visit as visitHost } from "../keeper.ts";
import { keyPair, temporary } from "../keys.ts";
import { proxy } from "../proxy.ts";
import { run, targetOn, until } from "../run.ts";
import { LOGIN, need, startSshd, type Sshd } from "../sshd.ts";

const skip = need(["sshd", "openssh-server"], ["ssh-keygen", "openssh-client"]) ?? false;

describe("a kept connection in trouble", { skip }, () => {
  let server: Sshd;
  const home = keeperHome({ after });
  const folder = temporary({ after });

  before(async () => {
    server = await startSshd({ config: "LogLevel VERBOSE" });
  });
  afterEach(async () => {
    for (const pid of home.pids()) process.kill(pid, "SIGTERM");
    await until(() => home.pids().length === 0);
  });
  after(() => server.stop());

  const logins = (): number => server.log().split("Accepted publickey").length - 1;
  const visit = <T>(work: (session: Session) => Promise<T>, connection: Partial<Connection> = {}): Promise<T> => visitHost(targetOn(server, { keepOpen: 60, ...connection }), work);
  const echo = (session: Session): Promise<string> => run(session, "echo in", undefined, true).then(({ text }) => text);
  const thrown = (promise: Promise<unknown>): Promise<HawserError> => promise.then(() => assert.fail("nothing was thrown"), (error: unknown) => error as HawserError);

  /** The same, however it was thrown; without the time and the cause's identity. */
  const facts = (error: HawserError): unknown => ({ type: error.constructor.name, message: error.message, hint: error.hint, host: error.host, source: error.source, stderr: error.stderr });

  for (const [name, connection] of [
    ["an unknown key", () => ({ knownHosts: join(folder, "nothing") })],
    ["a wrong password", () => ({ keys: [], password: new Secret("wrong"), user: LOGIN })],
    ["a key that is not there", () => ({ keys: [join(folder, "no key")] })],
    ["an unknown name", () => ({ address: "nowhere.invalid" })],
    ["a closed port", () => ({ port: 1 })],
    ["an agent that does not answer", () => ({ agent: true, keys: [keyPair(folder, `unwanted-${Math.random()}`).path] })],
    ["a known_hosts file that cannot be read", () => ({ knownHosts: folder })],
  ] as const satisfies readonly (readonly [string, () => Partial<Connection>])[]) {
    it(`is refused for ${name} as any other is`, async () => {
      process.env["SSH_AUTH_SOCK"] = join(folder, "no agent");
      const settings = connection();
      const usual = await thrown(visit(echo, { ...settings, keepOpen: 0 }));
      const kept = await thrown(visit(echo, settings));
      assert.ok(usual instanceof HawserError, String(usual));
      assert.deepEqual(facts(kept), facts(usual));
    });
  }

  it("is refused once its key is no longer the recorded one, or no longer recorded", async () => {
    const knownHosts = join(folder, "known");
    const recorded = readFileSync(`${server.folder}/known_hosts`, "utf8");
    const other = keyPair(folder, "other").publicKey;
    const at = `[127.0.0.1]:${server.port}`;
    for (const [now, message] of [
      [`${at} ${other}\n`, /shows another host key than the one recorded/],
      [`@revoked ${at} ${server.hostKeys.ed25519}\n${recorded}`, /marks as @revoked/],
      ["", /is not in /],
    ] as const) {
      writeFileSync(knownHosts, recorded);
      await visit(echo, { knownHosts });
      writeFileSync(knownHosts, now);
      const kept = await thrown(visit(echo, { knownHosts }));
      assert.match(kept.message, message);
      assert.deepEqual(facts(kept), facts(await thrown(visit(echo, { knownHosts, keepOpen: 0 }))));
    }
    // Another of its keys, which only a new connection asks for.
    writeFileSync(knownHosts, recorded);
    await visit(echo, { knownHosts });
    writeFileSync(knownHosts, `${at} ${server.hostKeys.rsa}\n`);
    assert.equal(await visit(echo, { knownHosts }), "in\n");
  });

  it("records a new key as any other, and again when it was removed", async () => {
    const knownHosts = join(folder, "new");
    await visit(echo, { knownHosts, hostKeyChecking: "accept-new" });
    assert.match(readFileSync(knownHosts, "utf8"), /^\[127\.0\.0\.1\]:\d+ ssh-ed25519 \S+\n$/);
    assert.equal(statSync(knownHosts).mode & 0o777, 0o600);
    writeFileSync(knownHosts, "");
    const then = logins();
    await visit(echo, { knownHosts, hostKeyChecking: "accept-new" });
    assert.match(readFileSync(knownHosts, "utf8"), /^\[127\.0\.0\.1\]:\d+ ssh-ed25519 \S+\n$/);
    assert.equal(logins(), then);
  });

  it("is closed when its time is over, and the keeper ends", async () => {
    await visit(echo, { keepOpen: 1 });
    const [pid] = home.pids();
    await until(() => home.pids().length === 0);
    assert.deepEqual(home.sockets(), []);
    await visit(echo, { keepOpen: 1 });
    assert.notEqual(home.pids()[0], pid);
  });

  it("is not closed while a run uses it", async () => {
    const before = logins();
    await visit(async (session) => {
      await echo(session);
      await run(session, "sleep 1.5");
      assert.equal(await echo(session), "in\n");
    }, { keepOpen: 1 });
    await visit(echo, { keepOpen: 1 });
    assert.equal(logins(), before + 1);
  });

  it("is gone with a keeper that is killed, and the next run makes another", async () => {
    await visit(echo);
    process.kill(home.pids()[0] as number, "SIGKILL");
    await until(() => home.pids().length === 0);
    assert.equal(home.sockets().length, 1);
    const before = logins();
    assert.equal(await visit(echo), "in\n");
    assert.equal(logins(), before + 1);
    assert.equal(home.pids().length, 1);
  });

  it("is lost by a run whose keeper is killed, which connects again", async () => {
    await visit(async (session) => {
      await echo(session);
      const going = thrown(run(session, "sleep 88.5"));
      process.kill(home.pids()[0] as number, "SIGKILL");
      const error = await going;
      assert.ok(error instanceof ConnectionLost, String(error));
      assert.equal(error.message, `web1: the connection to ${LOGIN}@127.0.0.1:${server.port} was lost (the process that kept it open has ended)`);
      assert.ok((await thrown(run(session, ":"))) instanceof ConnectionLost);
      await session.reconnect(5);
      assert.equal(await echo(session), "in\n");
    });
  });

  it("is no use where the keeper hangs: a run connects by itself", async () => {
    await visit(echo);
    const [pid] = home.pids();
    process.kill(pid as number, "SIGSTOP");
    const before = logins();
    try {
      assert.equal(await visit(echo), "in\n");
    } finally {
      process.kill(pid as number, "SIGCONT");
    }
    assert.equal(logins(), before + 1);
  });

  it("is made anew when the host has closed it", async (t) => {
    const link = await proxy(t, server.port);
    const connection = { port: link.port, hostKeyChecking: "off" } as const;
    await visit(echo, connection);
    link.cut();
    assert.equal(await visit(echo, connection), "in\n");
    assert.equal(link.count(), 2);
    link.cut();
    link.refuse(true);
    const error = await thrown(visit(echo, connection));
    assert.ok(error instanceof Unreachable, String(error));
  });

  it("is made anew when the host does not answer any more, before anything was sent", async (t) => {
    const link = await proxy(t, server.port);
    const connection = { port: link.port, hostKeyChecking: "off" } as const;
    await visit(echo, connection);
    const before = logins();
    link.freeze();
    await visit(async (session) => {
      const file = `/home/${LOGIN}/once`;
      const [one, two] = await Promise.all([run(session, `echo x >>${file}; cat ${file}`), session.$`echo beside`]);
      assert.equal(one.text, "x\n");
      assert.equal(two.stdout, "beside\n");
    }, connection);
    assert.equal(logins(), before + 1);
    assert.equal(link.count(), 2);
  });

  it("is dropped while it waits when the host does not answer keepalives", async (t) => {
    const link = await proxy(t, server.port);
    await visit(echo, { port: link.port, hostKeyChecking: "off", keepalive: 1 });
    assert.equal((await keptConnections()).length, 1);
    link.freeze();
    await until(async () => (await keptConnections()).length === 0);
    await until(() => home.pids().length === 0);
  });

  it("is closed by a keeper that nobody can find any more", async () => {
    await visit(echo);
    rmSync(join(home.folder, home.sockets()[0] as string));
    await until(() => home.pids().length === 0, 15);
  });

  it("tells why when the host is gone for good", async (t) => {
    const link = await proxy(t, server.port);
    const connection = { port: link.port, hostKeyChecking: "off" } as const;
    await visit(echo, connection);
    link.freeze();
    link.refuse(true);
    const error = await thrown(visit(echo, connection));
    assert.ok(error instanceof Unreachable, String(error));
    assert.equal(error.host, "web1");
  });

  it("is lost in the middle as any other is", async (t) => {
    const link = await proxy(t, server.port);
    const connection = { port: link.port, hostKeyChecking: "off" } as const;
    const lose = (keepOpen: number): Promise<HawserError> =>
      visit(async (session) => {
        await echo(session);
        const going = thrown(run(session, "sleep 88.5"));
        const uploading = thrown(session.upload(Buffer.alloc(30_000_000), `/home/${LOGIN}/cut`));
        await until(() => server.inside(`ls -s /home/${LOGIN}/cut 2>/dev/null || :`) !== "");
        link.cut();
        assert.ok((await uploading) instanceof ConnectionLost);
        const error = await going;
        await session.reconnect(5);
        assert.equal(await echo(session), "in\n");
        return error;
      }, { ...connection, keepOpen });
    const usual = await lose(0);
    assert.ok(usual instanceof ConnectionLost);
    const kept = await lose(60);
    assert.ok(kept instanceof ConnectionLost);
    // Whether it was reset or ended is chance.
    const [one, other] = [kept, usual].map(({ message }) => message.replace(/ \(.*/, ""));
    assert.equal(one, other);
  });

  it("has one keeper, however many runs begin at once", async () => {
    await Promise.all(Array.from({ length: 4 }, () => visit(echo)));
    assert.equal(home.pids().length, 1);
  });

  it("is refused in a folder that others can use", async (t) => {
    await visit(echo);
    t.after(() => chmodSync(home.folder, 0o700));
    chmodSync(home.folder, 0o755);
    const error = await thrown(visit(echo));
    assert.ok(error instanceof UsageError, String(error));
    assert.match(error.message, /has mode 0755, so others could use it$/);
  });

  it("outlives the run that began it, but nothing of that run", async () => {
    process.env["HAWSER_TEST_SECRET"] = "s3cret";
    await visit(echo, { password: new Secret("pass-w0rd"), passphrase: new Secret("pass-phrase") });
    delete process.env["HAWSER_TEST_SECRET"];
    const [pid = 0] = home.pids();
    const [line, environment, stat] = ["cmdline", "environ", "stat"].map((name) => readFileSync(`/proc/${pid}/${name}`, "latin1")) as [string, string, string];
    for (const text of [line, environment]) assert.doesNotMatch(text, /s3cret|pass-w0rd|pass-phrase/);
    const [, , , session, terminal] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    assert.equal(session, String(pid));
    assert.equal(terminal, "0");
  });

  it("is not used by the two connectors of one process at once", async () => {
    const [one, two] = [sshConnector(), sshConnector()];
    const sessions = await Promise.all([one, two].map((connector) => connector.open(targetOn(server, { keepOpen: 60 }))));
    const said = await Promise.all(sessions.flatMap((session) => Array.from({ length: 8 }, () => session.$`echo many`)));
    assert.deepEqual(said.map(({ stdout }) => stdout), Array.from({ length: 16 }, () => "many\n"));
    await Promise.all([one.close(), two.close()]);
  });
});
