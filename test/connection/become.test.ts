import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { sshConnector, type Become, type Connection } from "../../src/connection/index.ts";
import { BecomeFailed, ConnectionLost, ShellEnded, type Session } from "../../src/engine/session.ts";
import { Secret } from "../../src/shell/index.ts";
import { proxy } from "./proxy.ts";
import { run, targetOn } from "./run.ts";
import { LOGIN_PASSWORD, need, startSshd, type Sshd } from "./sshd.ts";

const ROOT_PASSWORD = "r00t-secret";
const skip = need(["sshd", "openssh-server"], ["sudo", "sudo"], ["doas", "opendoas"]) ?? false;

const SETUP = `for u in free pass tty ttypass none other; do useradd -m -s /bin/bash -u "6182$(printf %s $u | cksum | cut -c1-4)" hwt$u; printf '%s\\n' ${JSON.stringify(`hwt$u:${LOGIN_PASSWORD}`)} | chpasswd; done
mkdir -p /etc/sudoers.d
cat >/etc/sudoers.d/hawser <<'END'
Defaults lecture=always
Defaults:hwttty requiretty
Defaults:hwtttypass requiretty
hwtfree ALL=(ALL) NOPASSWD: ALL
hwttty ALL=(ALL) NOPASSWD: ALL
hwtpass ALL=(ALL) ALL
hwtttypass ALL=(ALL) ALL
END
chmod 440 /etc/sudoers.d/hawser
printf 'permit nopass hwtfree\\npermit hwtpass\\n' >/etc/doas.conf; chmod 600 /etc/doas.conf
printf '#!/bin/sh\\nread -r p; test -z "$p" || ! test -e /home/counting || echo "$PAM_SERVICE $PAM_USER" >>/home/attempts\\n' >/home/count; chmod 755 /home/count
printf '%s\\n' 'auth [success=2 default=ignore] pam_unix.so nullok' 'auth optional pam_exec.so seteuid expose_authtok quiet /home/count' 'auth requisite pam_deny.so' 'auth required pam_permit.so' >/etc/pam.d/common-auth
printf '%s\\n' 'echo "Password: "; echo "Last login"' >/home/hwtpass/.bashrc; chown hwtpass /home/hwtpass/.bashrc
`;

describe("become", { skip }, () => {
  let server: Sshd;
  const connector = sshConnector();

  before(async () => {
    server = await startSshd({ setup: SETUP });
  });
  after(async () => {
    await connector.close();
    await server.stop();
  });

  const as = (user: string, become: Become, connection: Partial<Connection> = {}): Promise<Session> => connector.open(targetOn(server, { user, ...connection }, become));
  const withPassword = (password: string): { password: Secret } => ({ password: new Secret(password) });

  interface Way {
    readonly name: string;
    readonly login: string;
    readonly become: Become;
    /** Exchanges until the first script has answered. */
    readonly first: number;
  }
  const ways: readonly Way[] = [
    { name: "sudo without a password", login: "hwtfree", become: { method: "sudo", user: "root" }, first: 2 },
    { name: "sudo with a password", login: "hwtpass", become: { method: "sudo", user: "root", ...withPassword(LOGIN_PASSWORD) }, first: 3 },
    { name: "sudo to another user", login: "hwtpass", become: { method: "sudo", user: "hwtother", ...withPassword(LOGIN_PASSWORD) }, first: 3 },
    { name: "sudo with a password that is not asked for", login: "hwtfree", become: { method: "sudo", user: "root", ...withPassword(LOGIN_PASSWORD) }, first: 2 },
    { name: "sudo that wants a terminal", login: "hwttty", become: { method: "sudo", user: "root" }, first: 5 },
    { name: "sudo that wants a terminal and a password", login: "hwtttypass", become: { method: "sudo", user: "hwtother", ...withPassword(LOGIN_PASSWORD) }, first: 5 },
    { name: "doas without a password", login: "hwtfree", become: { method: "doas", user: "root" }, first: 2 },
    { name: "doas with a password", login: "hwtpass", become: { method: "doas", user: "root", ...withPassword(LOGIN_PASSWORD) }, first: 4 },
    { name: "doas to another user", login: "hwtpass", become: { method: "doas", user: "hwtother", ...withPassword(LOGIN_PASSWORD) }, first: 4 },
    { name: "su", login: "hwtnone", become: { method: "su", user: "root", ...withPassword(ROOT_PASSWORD) }, first: 4 },
    { name: "su to another user", login: "hwtnone", become: { method: "su", user: "hwtother", ...withPassword(LOGIN_PASSWORD) }, first: 4 },
    { name: "su from root, without a password", login: "root", become: { method: "su", user: "hwtother" }, first: 2 },
  ];

  for (const { name, login, become, first } of ways) {
    describe(name, () => {
      let session: Session;
      before(async () => {
        session = await as(login, become);
      });
      after(() => session.close());

      it("runs scripts as that user, both streams apart and untouched", async () => {
        const { text, err } = await run(session, "id -un; pwd; umask; printf 'a\\tb\\r\\n\\004\\003' >&2");
        assert.equal(text, `${become.user}\n/\n0077\n`);
        assert.equal(err.toString(), "a\tb\r\n\x04\x03");
        assert.equal(session.requests, first);
        assert.equal(session.user, become.user);
        await run(session, ":");
        assert.equal(session.requests, first + 1);
      });

      it("carries long lines and any bytes, in and out", async () => {
        const line = "x".repeat(300_000);
        assert.equal((await run(session, `printf %s '${line}'`)).text, line);
        const bytes = randomBytes(2_000_000);
        const path = `/tmp/hawser-test-${login}-${become.method}-${become.user}`;
        await session.upload(bytes, path);
        const { out } = await run(session, `stat -c %U ${path}; cat ${path}; rm -f ${path}`);
        assert.ok(out.equals(Buffer.concat([Buffer.from(`${become.user}\n`), bytes])));
      });

      it("runs zx commands as that user", async () => {
        assert.equal((await session.$`id -un`).stdout, `${become.user}\n`);
        assert.equal((await session.$({ input: "fed" })`cat; exit 4`.nothrow()).exitCode, 4);
        const stopped = await session.$`sleep 63.5`.nothrow().timeout("500ms");
        assert.equal(stopped.signal, "SIGTERM");
        await sleep(200);
        assert.equal((await run(session, "pgrep -f '^sleep 63.5' || echo none")).text, "none\n");
      });

      it("stops a script, and tells a shell that ended", async () => {
        const stop = new AbortController();
        const running = run(session, "sleep 64.5", stop.signal);
        await sleep(300);
        stop.abort(new Error("enough"));
        await assert.rejects(running, /enough/);
        assert.equal((await run(session, "pgrep -f '^sleep 64.5' || echo none")).text, "none\n");
        await assert.rejects(run(session, "exit 5"), (error) => error instanceof ShellEnded && /exit code 5/.test(error.message));
        assert.equal((await run(session, "id -un")).text, `${become.user}\n`);
      });

      it("leaves no folder, no password in a process list and no shell behind", async () => {
        const { text } = await run(session, "ps -eo args");
        assert.doesNotMatch(text, new RegExp(`${LOGIN_PASSWORD}|${ROOT_PASSWORD}`));
        // The program that stopped the last test's script may have its folder for a moment more.
        const { text: left } = await run(session, "i=0; while [ $i -lt 50 ] && ls -d /home/*/.hawser-* /root/.hawser-* >/dev/null 2>&1; do i=$((i + 1)); sleep 0.1; done; ls -d /home/*/.hawser-* /root/.hawser-* 2>/dev/null || echo none");
        assert.equal(left, "none\n");
        const pid = Number((await run(session, "echo $$")).text);
        await session.close();
        await sleep(100);
        assert.throws(() => process.kill(pid, 0));
      });
    });
  }

  it("needs no sudo to become whom it is", async () => {
    const session = await as("hwtnone", { method: "sudo", user: "hwtnone" });
    assert.equal((await run(session, "id -un")).text, "hwtnone\n");
    await session.close();
  });

  const failures: readonly (readonly [name: string, login: string, become: Become, message: RegExp, hint: RegExp])[] = [
    ["sudo wants a password and none is given", "hwtpass", { method: "sudo", user: "root" }, /sudo asks for the password of hwtpass.*none is given/, /become: \{ password \}/],
    ["sudo wants a terminal and a password, and none is given", "hwtttypass", { method: "sudo", user: "root" }, /sudo asks for the password of hwtttypass.*none is given/, /become: \{ password \}/],
    ["doas wants a password and none is given", "hwtpass", { method: "doas", user: "root" }, /doas asks for the password of hwtpass.*none is given/, /become: \{ password \}/],
    ["su wants a password and none is given", "hwtnone", { method: "su", user: "root" }, /su asks for the password of root.*none is given/, /become: \{ password \}/],
    ["sudo's password is wrong", "hwtpass", { method: "sudo", user: "root", ...withPassword("wr0ng") }, /sudo refused the password of hwtpass/, /wants the password of hwtpass/],
    ["sudo's password is wrong, on a terminal", "hwtttypass", { method: "sudo", user: "root", ...withPassword("wr0ng") }, /sudo refused the password of hwtttypass/, /wants the password of hwtttypass/],
    ["doas's password is wrong", "hwtpass", { method: "doas", user: "root", ...withPassword("wr0ng") }, /doas refused the password of hwtpass/, /wants the password of hwtpass/],
    ["su's password is wrong", "hwtnone", { method: "su", user: "root", ...withPassword("wr0ng") }, /su refused the password of root/, /wants the password of root/],
    ["sudo does not allow it", "hwtnone", { method: "sudo", user: "root", ...withPassword(LOGIN_PASSWORD) }, /sudo does not let hwtnone become root/, /allow it/],
    ["doas does not allow it", "hwtnone", { method: "doas", user: "root" }, /doas does not let hwtnone become root/, /allow it/],
    ["there is no such user", "hwtfree", { method: "sudo", user: "hwtnobody" }, /sudo knows no user hwtnobody/, /become user/],
    ["su knows no such user", "hwtnone", { method: "su", user: "hwtnobody", ...withPassword("x") }, /su knows no user hwtnobody/, /become user/],
  ];
  for (const [name, login, become, message, hint] of failures) {
    it(`fails within seconds when ${name}`, async () => {
      if (name.includes("is wrong")) server.inside("touch /home/counting");
      else server.inside("rm -f /home/counting");
      const session = await as(login, become);
      const start = Date.now();
      await assert.rejects(run(session, "echo never"), (error) => {
        assert.ok(error instanceof BecomeFailed, String(error));
        assert.match(error.message, message);
        assert.match(error.message, /^web1: /);
        assert.match(error.hint ?? "", hint);
        assert.doesNotMatch(JSON.stringify(error) + error.stack + error.stderr, /wr0ng|l0gin/);
        return true;
      });
      assert.ok(Date.now() - start < 8000, `took ${Date.now() - start} ms`);
      await session.close();
    });
  }

  it("sends a wrong password once only", () => {
    const attempts = server.inside("sleep 1; sort /home/attempts | uniq -c").trim().split("\n").map((line) => line.trim().replace(/^(\d+) /, "$1x "));
    assert.deepEqual(attempts, ["1x doas hwtpass", "1x su root", "1x sudo hwtpass", "1x sudo hwtttypass"]);
  });

  for (const become of [{ method: "sudo", user: "root" }, { method: "doas", user: "root", ...withPassword(LOGIN_PASSWORD) }, { method: "su", user: "root", ...withPassword(ROOT_PASSWORD) }] as const) {
    it(`lets a script under ${become.method} end when the connection is lost`, async (t) => {
      const link = await proxy(t, server.port);
      const session = await as(become.method === "sudo" ? "hwtfree" : "hwtpass", become, { port: link.port, hostKeyChecking: "off" });
      const file = `/tmp/hawser-lost-${become.method}`;
      const running = run(session, `rm -f ${file}; hw_after='echo after >>${file}'; sleep 1; echo done >>${file}`);
      await sleep(500);
      link.cut();
      await assert.rejects(running, ConnectionLost);
      await sleep(1500);
      await session.reconnect(5);
      assert.equal((await run(session, `cat ${file}; rm -f ${file}`)).text, "done\nafter\n");
      await session.close();
    });
  }
});
