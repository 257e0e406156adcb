import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { sshConnector } from "../../src/connection/index.ts";
import { ConnectionLost, ShellEnded, type Session } from "../../src/engine/session.ts";
import { HawserError } from "../../src/errors/index.ts";
import { proxy } from "./proxy.ts";
import { run, targetOn, until } from "./run.ts";
import { LOGIN, need, startSshd, type Sshd } from "./sshd.ts";

const skip = need(["sshd", "openssh-server"]) ?? false;

describe("a session over ssh", { skip }, () => {
  let server: Sshd;
  let session: Session;
  const connector = sshConnector();

  before(async () => {
    server = await startSshd({
      config: "MaxSessions 10",
      setup: `for u in noisy fish csh nologin; do useradd -m -u "6181$(printf %s $u | wc -c)" hwt$u; done
usermod -s /usr/bin/fish hwtfish; usermod -s /bin/tcsh hwtcsh; usermod -s /usr/sbin/nologin hwtnologin; usermod -s /bin/bash hwtnoisy
printf '%s\\n' 'echo "Last login: today"; echo "Password: " >&2; printf "no newline"; PS1=x' >/home/hwtnoisy/.bashrc; chown hwtnoisy /home/hwtnoisy/.bashrc`,
    });
    session = await connector.open(targetOn(server));
  });
  after(async () => {
    await connector.close();
    await server.stop();
  });

  it("runs a script as the login user, in the promised surroundings", async () => {
    const { text, err } = await run(session, 'id -un; pwd; umask; echo "$LC_ALL"; case :$PATH: in *:/usr/sbin:*) echo sbin;; esac; echo oops >&2');
    assert.equal(text, `${LOGIN}\n/\n0077\nC\nsbin\n`);
    assert.equal(err.toString(), "oops\n");
    assert.equal(session.user, LOGIN);
    assert.equal(session.host, "web1");
  });

  it("counts exchanges exactly", async () => {
    const own = await connector.open(targetOn(server));
    assert.equal(own.requests, 0);
    await run(own, ":");
    assert.equal(own.requests, 2);
    await run(own, ":");
    assert.equal(own.requests, 3);
    await own.$`:`;
    assert.equal(own.requests, 4);
    await own.upload(Buffer.from("x"), `/home/${LOGIN}/counted`);
    assert.equal(own.requests, 5);
    await own.kill(2 ** 22, "TERM");
    assert.equal(own.requests, 6);
    await own.close();
  });

  it("brings a first script that may be shown along with its shell, in one exchange", async () => {
    const own = await connector.open(targetOn(server));
    const first = await run(own, "x=5; echo first; cat; printf '%s' \"it's \\\\ ! %d\" >&2", undefined, true);
    assert.equal(first.text, "first\n");
    assert.equal(first.err.toString(), "it's \\ ! %d");
    assert.equal(own.requests, 1);
    assert.equal((await run(own, 'echo "$x"', undefined, true)).text, "5\n");
    assert.equal(own.requests, 2);
    await own.close();
    const large = await connector.open(targetOn(server));
    assert.equal((await run(large, `: ${"x".repeat(30_000)}; echo large`, undefined, true)).text, "large\n");
    assert.equal(large.requests, 2);
    await large.close();
  });

  it("tells of a first script that ends its shell, that is stopped, or that loses its connection", async (t) => {
    const own = await connector.open(targetOn(server));
    await assert.rejects(run(own, "exit 5", undefined, true), (error) => error instanceof ShellEnded && /exit code 5/.test(error.message));
    const stop = new AbortController();
    const running = run(own, "sleep 66.5", stop.signal, true);
    running.catch(() => {});
    await until(() => server.inside("pgrep -f '^sleep 66.5' || :") !== "");
    stop.abort(new Error("enough"));
    await assert.rejects(running, /enough/);
    assert.equal((await run(own, "pgrep -f '^sleep 66.5' || echo none", undefined, true)).text, "none\n");
    await own.close();
    const link = await proxy(t, server.port);
    const cut = await connector.open(targetOn(server, { port: link.port, hostKeyChecking: "off" }));
    const lost = run(cut, "sleep 67.5", undefined, true);
    lost.catch(() => {});
    await until(() => server.inside("pgrep -f '^sleep 67.5' || :") !== "");
    link.cut();
    await assert.rejects(lost, ConnectionLost);
    server.inside("pkill -f '^sleep 67.5' || :");
    await cut.close();
  });

  it("keeps its shell between requests and runs them one after the other", async () => {
    await run(session, "x=$$; n=0");
    const all = await Promise.all(Array.from({ length: 20 }, () => run(session, 'n=$((n+1)); [ $x = $$ ] && printf "%s" $n')));
    assert.deepEqual(all.map(({ text }) => text), Array.from({ length: 20 }, (_, i) => String(i + 1)));
  });

  it("gives output back byte for byte", async () => {
    const bytes = randomBytes(300_000);
    await session.upload(bytes, `/home/${LOGIN}/bytes`);
    const { out, err } = await run(session, `cat /home/${LOGIN}/bytes; cat /home/${LOGIN}/bytes >&2`);
    assert.ok(out.equals(bytes) && err.equals(bytes));
    for (const text of ["", "\n", "\n\n", "a", "the-end-", "\nthe-end-1"]) assert.equal((await run(session, `printf '%s' '${text}'`)).text, text);
  });

  it("takes 20 MB of output in seconds", async () => {
    const start = Date.now();
    const { out } = await run(session, "head -c 20000000 /dev/zero; head -c 20000000 /dev/zero | tr '\\0' '\\n' >&2");
    assert.equal(out.length, 20_000_000);
    assert.ok(Date.now() - start < 10_000, `took ${Date.now() - start} ms`);
  });

  it("rejects with ShellEnded when a script ends its shell, and goes on with a new one", async () => {
    await assert.rejects(run(session, "echo dying >&2; exit 3"), (error) => error instanceof ShellEnded && /exit code 3/.test(error.message) && error.stderr === "dying" && error.host === "web1");
    await assert.rejects(run(session, "if then"), (error) => error instanceof ShellEnded && /syntax error|unexpected/i.test(error.stderr ?? ""));
    await assert.rejects(run(session, "kill -9 $$"), (error) => error instanceof ShellEnded && /killed by SIGKILL/.test(error.message));
    assert.equal((await run(session, "echo on")).text, "on\n");
  });

  it("refuses a script with a NUL byte", async () => {
    await assert.rejects(run(session, "echo \0"), TypeError);
  });

  it("stops what runs when the signal aborts, and goes on with a new shell", async () => {
    const stop = new AbortController();
    const running = run(session, "sleep 61.5 & sleep 61.5", stop.signal);
    await sleep(300);
    const start = Date.now();
    stop.abort(new Error("enough"));
    await assert.rejects(running, /enough/);
    assert.ok(Date.now() - start < 4000);
    assert.equal((await run(session, "pgrep -f '^sleep 61.5' || echo none")).text, "none\n");
    await assert.rejects(run(session, ":", AbortSignal.abort(new Error("before"))), /before/);
    assert.equal((await run(session, "echo on")).text, "on\n");
  });

  it("kills a script that ignores TERM", async () => {
    const stop = new AbortController();
    const running = run(session, "trap '' TERM; sleep 62.5; sleep 62.5", stop.signal);
    await sleep(300);
    stop.abort(new Error("enough"));
    await assert.rejects(running, /enough/);
    await sleep(100);
    assert.equal((await run(session, "pgrep -f '^sleep 62.5' || echo none")).text, "none\n");
  });

  it("is not confused by noisy start-up files", async () => {
    const noisy = await connector.open(targetOn(server, { user: "hwtnoisy" }));
    assert.deepEqual([(await run(noisy, "id -un")).text, (await noisy.$`id -un`).stdout], ["hwtnoisy\n", "hwtnoisy\n"]);
    await noisy.upload(Buffer.from("quiet"), "/home/hwtnoisy/file");
    assert.equal((await run(noisy, "cat ~/file")).text, "quiet");
    await noisy.close();
  });

  for (const [shell, program, pkg] of [["fish", "fish", "fish"], ["csh", "tcsh", "tcsh"]] as const) {
    it(`works under the login shell ${shell}`, { skip: need([program, pkg]) ?? false }, async () => {
      const other = await connector.open(targetOn(server, { user: `hwt${shell}` }));
      const nasty = `it's "a" \\b !x $HOME \`c\` é\nz`;
      assert.equal((await run(other, "printf '%s' \"it's\"")).text, "it's");
      assert.equal((await other.$`printf %s ${nasty}`).stdout, nasty);
      await other.close();
    });
  }

  it("names a user that gets no shell", async () => {
    const nologin = await connector.open(targetOn(server, { user: "hwtnologin" }));
    await assert.rejects(run(nologin, ":"), /hwtnologin may log in but gets no shell.*not available/);
    await nologin.close();
  });

  describe("upload", () => {
    it("writes a new file of mode 0600, from bytes or from a file", async () => {
      const bytes = randomBytes(3_000_000);
      const local = join(server.folder, "local");
      writeFileSync(local, bytes);
      for (const content of [bytes, { localFile: local }, Buffer.alloc(0)]) {
        await session.upload(content, `/home/${LOGIN}/it's a file`);
        const { text } = await run(session, `cd ~; stat -c '%a %s' "it's a file"; sha256sum <"it's a file"; cd /`);
        const sent = Buffer.isBuffer(content) ? content : bytes;
        assert.equal(text, `600 ${sent.length}\n${createHash("sha256").update(sent).digest("hex")}  -\n`);
      }
    });

    it("sends what shrinks compressed, also from the middle on", async () => {
      const text = Buffer.from(Array.from({ length: 100_000 }, (_, i) => `line ${i} of many\n`).join(""));
      await session.upload(text, `/home/${LOGIN}/text`, { gzip: true });
      await run(session, "cd ~; head -c 1000000 text >part; mv -f part text");
      await session.upload(text, `/home/${LOGIN}/text`, { gzip: true, from: 1_000_000 });
      assert.equal((await run(session, "sha256sum <~/text")).text, `${createHash("sha256").update(text).digest("hex")}  -\n`);
      await session.upload(randomBytes(100_000), `/home/${LOGIN}/text`, { gzip: true });
      assert.equal((await run(session, "wc -c <~/text")).text.trim(), "100000");
    });

    it("does not write through a link", async () => {
      await run(session, "cd ~; echo mine >victim; ln -sf victim link; cd /");
      await session.upload(Buffer.from("new"), `/home/${LOGIN}/link`);
      assert.equal((await run(session, "cat ~/victim ~/link")).text, "mine\nnew");
    });

    it("says why the host did not take it, and leaves nothing", async () => {
      await assert.rejects(session.upload(Buffer.alloc(1_000_000), "/nowhere/file"), (error) => error instanceof HawserError && /\/nowhere\/file failed: .*(No such file|nonexistent)/i.test(error.message));
      await assert.rejects(session.upload({ localFile: "/nowhere/local" }, "/tmp/x"), /cannot upload \/nowhere\/local/);
      await assert.rejects(session.upload(Buffer.alloc(1), "relative"), /absolute/);
    });

    it("reports a full disk and removes the part that arrived", async () => {
      server.inside(`mkdir -p /home/${LOGIN}/small; mount -t tmpfs -o size=64k,mode=777 tmpfs /home/${LOGIN}/small`);
      await assert.rejects(session.upload(Buffer.alloc(5_000_000), `/home/${LOGIN}/small/file`), /No space left/);
      assert.equal((await run(session, "ls -A ~/small")).text, "");
    });
  });

  describe("a lost connection", () => {
    it("rejects what runs with ConnectionLost, at once, and never as a success", async (t) => {
      const link = await proxy(t, server.port);
      const own = await connector.open(targetOn(server, { port: link.port, hostKeyChecking: "off" }));
      await run(own, ":");
      const request = run(own, "echo begun; sleep 30");
      const command = own.$`sleep 30`.nothrow();
      link.cutAfter(20_000_000);
      const upload = own.upload(Buffer.alloc(50_000_000), `/home/${LOGIN}/big`);
      const start = Date.now();
      const results = await Promise.allSettled([request, command, upload]);
      assert.ok(Date.now() - start < 3000);
      for (const [i, result] of results.entries()) {
        assert.ok(result.status === "rejected", `number ${i}`);
        const error = result.reason as Error;
        assert.ok((i === 1 ? error.cause : error) instanceof ConnectionLost, String(error));
      }
      await assert.rejects(run(own, ":"), ConnectionLost);
      await own.reconnect(5);
      assert.equal((await run(own, "echo back")).text, "back\n");
      assert.equal(own.requests, 2, "counted anew");
      const arrived = Number((await run(own, "cd ~; cp big new; mv -f new big; wc -c <big")).text);
      assert.ok(arrived > 0 && arrived < 20_000_000, `${arrived} bytes are kept`);
      await own.upload(Buffer.alloc(50_000_000), `/home/${LOGIN}/big`, { from: arrived });
      assert.equal((await run(own, "wc -c <~/big; rm ~/big")).text.trim(), "50000000", "the rest is sent after it");
      await own.close();
    });

    it("is closed within seconds when its host does not answer any more", async (t) => {
      const link = await proxy(t, server.port);
      const own = await connector.open(targetOn(server, { port: link.port, hostKeyChecking: "off" }));
      await run(own, ":");
      link.freeze();
      const since = Date.now();
      await own.close();
      assert.ok(Date.now() - since < 10_000);
    });

    it("notices silence by keepalives within three intervals", async (t) => {
      const link = await proxy(t, server.port);
      const own = await connector.open(targetOn(server, { port: link.port, hostKeyChecking: "off", keepalive: 1 }));
      const request = run(own, "sleep 60");
      await sleep(300);
      const start = Date.now();
      link.freeze();
      await assert.rejects(request, ConnectionLost);
      assert.ok(Date.now() - start < 3700, `took ${Date.now() - start} ms`);
      await own.close();
    });

    it("reconnect waits for the host to come back, and gives up in time", async (t) => {
      const link = await proxy(t, server.port);
      const own = await connector.open(targetOn(server, { port: link.port, hostKeyChecking: "off" }));
      link.refuse(true);
      link.cut();
      setTimeout(() => link.refuse(false), 1500);
      await own.reconnect(10);
      assert.equal((await run(own, "echo back")).text, "back\n");
      link.refuse(true);
      link.cut();
      const start = Date.now();
      await assert.rejects(own.reconnect(2), (error) => (error as Error).name === "Unreachable");
      assert.ok(Date.now() - start < 4500);
      await own.close();
    });
  });

  it("loses no exit code in 200 commands, at most five at a time", async () => {
    const codes = await Promise.all(Array.from({ length: 200 }, (_, i) => session.$`exit ${i % 7}`.nothrow().then((output) => output.exitCode)));
    assert.deepEqual(codes, Array.from({ length: 200 }, (_, i) => i % 7));
  });

  it("leaves no process behind when it is closed", async () => {
    const own = await connector.open(targetOn(server));
    const pid = Number((await run(own, "hw_after='echo bye >~/bye'; echo $$")).text);
    await own.close();
    await own.close();
    await assert.rejects(run(own, ":"), ConnectionLost);
    assert.throws(() => process.kill(pid, 0));
    assert.equal((await run(session, "cat ~/bye")).text, "bye\n");
  });
});
