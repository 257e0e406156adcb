import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, copyFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Connection } from "../../../src/connection/index.ts";
import type { Session } from "../../../src/engine/session.ts";
import { keeperHome, visit as visitHost } from "../keeper.ts";
import { run, targetOn, until } from "../run.ts";
import { LOGIN, need, startSshd, type Sshd } from "../sshd.ts";

const skip = need(["sshd", "openssh-server"]) ?? false;

describe("a connection that is kept open", { skip }, () => {
  let server: Sshd;
  // Before the server: sshd ends with its last connection.
  const home = keeperHome({ after });

  before(async () => {
    server = await startSshd({ config: "LogLevel VERBOSE" });
  });
  after(() => server.stop());

  const logins = (): number => server.log().split("Accepted publickey").length - 1;
  const visit = <T>(work: (session: Session) => Promise<T>, connection: Partial<Connection> = {}): Promise<T> => visitHost(targetOn(server, { keepOpen: 60, ...connection }), work);
  const echo = (session: Session): Promise<string> => run(session, "echo in; echo $PPID").then(({ text }) => text);

  it("serves the next run, which does not log in", async () => {
    const first = await visit(echo);
    const then = logins();
    assert.match(first, /^in\n/);
    for (let i = 0; i < 3; i += 1) assert.equal(await visit(echo), first);
    assert.equal(logins(), then);
    assert.equal(home.pids().length, 1);
  });

  it("lies behind a socket that only its owner can use", () => {
    const [socket = ""] = home.sockets();
    assert.equal(statSync(home.folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(home.folder, socket)).mode & 0o777, 0o600);
  });

  it("counts exchanges as any other", async () => {
    await visit(async (session) => {
      assert.equal(session.requests, 0);
      await run(session, ":", undefined, true);
      assert.equal(session.requests, 1);
      await session.$`:`;
      assert.equal(session.requests, 2);
    });
  });

  it("passes on output, input and exit codes as they are", async () => {
    await visit(async (session) => {
      const bytes = randomBytes(300_000);
      const { out, err } = await run(session, "head -c 100000 /dev/zero; printf 'no line end' >&2");
      assert.equal(out.length, 100_000);
      assert.equal(err.toString(), "no line end");
      await session.upload(bytes, `/home/${LOGIN}/sent`);
      const sum = createHash("sha256").update(bytes).digest("hex");
      assert.match((await run(session, `sha256sum <~/sent; stat -c %a ~/sent`)).text, new RegExp(`^${sum} .*\n600\n$`));
      assert.equal((await session.$({ input: "to be read" })`cat`).stdout, "to be read");
      const failed = await session.$({ nothrow: true })`exit 7`;
      assert.equal(failed.exitCode, 7);
    });
  });

  it("ends what a run has left behind, and so is made anew", async () => {
    const before = logins();
    await visit(async (session) => {
      void session.$({ nothrow: true })`sleep 77.25`.catch(() => {});
      await until(() => server.inside("pgrep -f '^sleep 77.25' || :") !== "");
    });
    await visit(echo);
    assert.equal(logins(), before + 1);
    server.inside("pkill -f '^sleep 77.25' || :");
  });

  it("is made anew for a session that asks for it", async () => {
    await visit(echo);
    const before = logins();
    await visit(async (session) => {
      const first = await echo(session);
      await session.reconnect(5);
      assert.notEqual(await echo(session), first);
      assert.equal(session.requests, 2);
    });
    assert.equal(logins(), before + 1);
  });

  it("is used by one run at a time, and both are kept", async () => {
    await visit(echo);
    const before = logins();
    const both = await visit((one) => visit(async (two) => [await echo(one), await echo(two)]));
    assert.notEqual(both[0], both[1]);
    assert.equal(logins(), before + 1);
    await visit((one) => visit(async (two) => assert.deepEqual(new Set([await echo(one), await echo(two)]), new Set(both))));
    assert.equal(logins(), before + 1);
  });

  it("is not used by whoever would have connected in another way", async () => {
    await visit(echo);
    const before = logins();
    const key = join(server.folder, "another");
    copyFileSync(server.key, key);
    chmodSync(key, 0o600);
    await visit(echo, { keys: [key] });
    assert.equal(logins(), before + 1);
    await visit(echo, { keys: [key] });
    assert.equal(logins(), before + 1);
    // The same path, but another file.
    copyFileSync(server.key, `${key}.new`);
    renameSync(`${key}.new`, key);
    await visit(echo, { keys: [key] });
    await visit(echo, { keys: [key], address: "localhost", hostKeyChecking: "off" });
    assert.equal(logins(), before + 3);
  });

  it("is of no interest to who does not want it", async () => {
    await visit(echo);
    const before = logins();
    await visit(echo, { keepOpen: 0 });
    await visit(echo, { keepOpen: undefined });
    assert.equal(logins(), before + 2);
  });
});
