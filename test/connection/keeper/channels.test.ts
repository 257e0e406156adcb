import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { after, before, describe, it } from "node:test";
import { borrow } from "../../../src/connection/keeper/borrow.ts";
import { HopResolver } from "../../../src/connection/resolve-hop.ts";
import type { Transport } from "../../../src/connection/transport.ts";
import { Secret } from "../../../src/shell/index.ts";
import { keeperHome, visit } from "../keeper.ts";
import { run, targetOn, until } from "../run.ts";
import { LOGIN, LOGIN_PASSWORD, need, startSshd, type Sshd } from "../sshd.ts";

const skip = need(["sshd", "openssh-server"], ["sudo", "sudo"]) ?? false;
const LARGE = 100_000_000;
/** What the keeper's memory may grow by: windows of 2 MiB, and what its collector has not got to yet. */
const SOME = 60_000;

describe("channels of a kept connection", { skip }, () => {
  let server: Sshd;
  let transport: Transport;
  const home = keeperHome({ after });

  before(async () => {
    server = await startSshd({
      config: "MaxSessions 10",
      setup: `mkdir -p /etc/sudoers.d; printf '%s\\n' 'Defaults:${LOGIN} requiretty' '${LOGIN} ALL=(ALL) ALL' >/etc/sudoers.d/hawser; chmod 440 /etc/sudoers.d/hawser`,
    });
    const target = targetOn(server, { keepOpen: 60 });
    const borrowed = await borrow("web1", await new HopResolver(() => undefined).chain(target), 60, false);
    assert.ok(borrowed);
    transport = borrowed;
  });
  after(async () => {
    await transport.close();
    for (const pid of home.pids()) process.kill(pid, "SIGTERM");
    await server.stop();
  });

  const status = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${home.pids()[0]}/status`, "utf8"))?.[1]);
  /** Kibibytes that the keeper's memory has peaked above what it was before. */
  const growth = async (work: () => Promise<void>): Promise<number> => {
    const before = status("VmRSS");
    await work();
    return status("VmHWM") - before;
  };
  const ignore = (): void => {};

  it("hold a writer back whose command does not read", async () => {
    const piece = randomBytes(1_000_000);
    const grown = await growth(async () => {
      let said = "";
      let taken = 0;
      const channel = await transport.open("sleep 1; wc -c", { onStdout: (chunk) => void (said += chunk.toString()), onStderr: ignore });
      function* pieces(): Generator<Buffer> {
        for (; taken < LARGE; taken += piece.length) yield piece;
      }
      const sending = pipeline(Readable.from(pieces(), { objectMode: false }), channel.stdin);
      // That no more is taken has no event to wait for.
      await new Promise((resolve) => setTimeout(resolve, 700));
      assert.ok(taken < 20_000_000, `${taken} bytes were taken for a command that reads none`);
      await sending;
      assert.deepEqual(await channel.closed, { code: 0, signal: null });
      assert.equal(said.trim(), String(LARGE));
    });
    assert.ok(grown < SOME, `${grown} KiB`);
  });

  it("hold a command back whose output is not read", async () => {
    const grown = await growth(async () => {
      const seen = { out: 0, err: 0 };
      const count = (stream: "out" | "err") => (chunk: Buffer): void => {
        // This process does nothing else meanwhile.
        if (seen.out === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
        seen[stream] += chunk.length;
      };
      const channel = await transport.open(`head -c ${LARGE} /dev/zero; head -c 1000000 /dev/zero >&2; exit 3`, { onStdout: count("out"), onStderr: count("err") });
      assert.deepEqual(await channel.closed, { code: 3, signal: null });
      assert.deepEqual(seen, { out: LARGE, err: 1_000_000 });
    });
    assert.ok(grown < SOME, `${grown} KiB`);
  });

  it("tell of signals", async () => {
    const channel = await transport.open("kill -TERM $$", { onStdout: ignore, onStderr: ignore });
    assert.deepEqual(await channel.closed, { code: null, signal: "SIGTERM" });
  });

  it("that are given up end their command's input for good", async () => {
    const channel = await transport.open("cat >cut; echo whole >ended", { onStdout: ignore, onStderr: ignore });
    channel.stdin.write("half");
    await until(() => server.inside(`cat /home/${LOGIN}/cut 2>/dev/null || :`) === "half");
    channel.stdin.destroy();
    assert.match((await channel.closed).lost ?? "", /closed the channel without an exit status$/);
    assert.equal(transport.lost, undefined);
  });

  it("take a command line as long as a host takes", async () => {
    let said = 0;
    const channel = await transport.open(`: '${"\\0'".repeat(30_000).replaceAll("'", "x")}'; echo ok`, { onStdout: (chunk) => void (said += chunk.length), onStderr: ignore });
    assert.deepEqual(await channel.closed, { code: 0, signal: null });
    assert.equal(said, 3);
  });

  it("have a terminal where become wants one", async () => {
    const target = targetOn(server, { keepOpen: 60 }, { method: "sudo", user: "root", password: new Secret(LOGIN_PASSWORD) });
    for (let i = 0; i < 2; i += 1) assert.equal((await visit(target, (session) => run(session, "id -u"))).text, "0\n");
  });

  it("are refused beyond sshd's limit, and free again afterwards", async () => {
    const held = await Promise.all(Array.from({ length: 10 }, () => transport.open("cat", { onStdout: ignore, onStderr: ignore })));
    await assert.rejects(transport.open("cat", { onStdout: ignore, onStderr: ignore }), /^ConnectionLost: web1: .* opens no channel: /);
    assert.equal(transport.lost, undefined);
    for (const channel of held) channel.stdin.end();
    for (const channel of held) assert.deepEqual(await channel.closed, { code: 0, signal: null });
    const next = await transport.open("true", { onStdout: ignore, onStderr: ignore });
    assert.deepEqual(await next.closed, { code: 0, signal: null });
  });
});
