import assert from "node:assert/strict";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { encryptAge, newIdentity } from "../../src/inventory/age.ts";
import { noTerminal, onTerminal } from "../cli/terminal.ts";
import { until } from "../connection/run.ts";
import { CommandLines } from "./canary/command-lines.ts";
import { blockCanary, hashCanary, KEY_NEEDLES, lineCanary } from "./canary/needles.ts";
import { hawser, type Ended } from "./cli-fixture.ts";
import { E2eLab, skip } from "./engine-fixture.ts";

const BIN = fileURLToPath(new URL("../../bin/hawser.mjs", import.meta.url));
const PLAYBOOK = fileURLToPath(new URL("./canary/playbook.ts", import.meta.url));
const HOSTS = ["deb", "el"] as const;
const lab = new E2eLab("e2e-canary", "198.18.101", { deb: "debian", el: "el" });

const [token, login, key, hash] = [lineCanary(), lineCanary(), blockCanary(), hashCanary()];
const NEEDLES = [...[token, login, key, hash].flatMap(({ needles }) => needles), ...KEY_NEEDLES];

const ANY_NEEDLE = new RegExp(NEEDLES.map((needle) => needle.replaceAll("+", String.raw`\+`)).join("|"));

/** Where the playbook puts them, the login user's own password, and the keys of the CA and of a host. */
const MEANT = /^\/(?:srv\/canary\/|etc\/g?shadow|root\/(?:needles|seen)$|etc\/hawser-ca\/1\/key\.pem$|etc\/hawser-tls\/canary\/(?:key|joined)\.pem$)/;

/** On a host: every command line that has a needle in it is kept. */
const SAMPLER = "export LC_ALL=C; while [ -e /root/needles ]; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0\\n' '  ' | grep -aoFf /root/needles >>/root/seen; sleep 0.15; done";

/** Everything on a host that may hold a needle, by path. */
const SEARCH = `cd /; export LC_ALL=C
find /etc /home /opt /root /run /srv /tmp /var /dev/shm /usr/local /boot -type f -newer /root/needles -exec grep -laFf /root/needles {} + 2>/dev/null || :
for log in 'journalctl --no-pager -o export' 'journalctl --no-pager -o cat' 'dmesg'; do $log 2>/dev/null | grep -aqFf /root/needles && echo "$log"; done
find / -xdev -name 'core*' -type f -size +64k -newer /root/needles 2>/dev/null | grep -v '^/proc' || :
[ ! -s /root/seen ] || echo "a command line: $(sort -u /root/seen | head -3)"`;

describe("a secret shows up nowhere", { skip }, () => {
  const state = () => path.join(lab.folder, "state");
  const out = (name: string) => path.join(lab.folder, "out", name);
  const lines = new CommandLines();
  const seenHere = (): string[] => [...lines.seen].filter((line) => ANY_NEEDLE.test(line));
  const began = Date.now();

  before(async () => {
    await lab.up();
    const { identity, recipient } = await newIdentity();
    process.env["HAWSER_AGE_IDENTITY"] = path.join(lab.folder, "age.txt");
    writeFileSync(process.env["HAWSER_AGE_IDENTITY"], `${identity}\n`, { mode: 0o600 });
    mkdirSync(path.join(lab.folder, "out"));
    const sealed = async (text: string): Promise<string> => `!age |\n${(await encryptAge(text.endsWith("\n") ? `${text}\n` : text, [recipient])).trim().replaceAll(/^/gm, "        ")}`;
    const hosts = Object.fromEntries(lab.hosts.map(({ name, address }) => [name, { ssh: { address, user: "deployer", key: lab.key, known_hosts: lab.knownHosts, config: false, agent: false } }]));
    for (const [name, become] of [["inventory", `    become:\n      password: ${await sealed(login.secret)}\n`], ["asking", ""]] as const) {
      mkdirSync(path.join(lab.folder, name));
      writeFileSync(path.join(lab.folder, name, "recipients.txt"), `${recipient}\n`);
      const vars = `  vars:\n    token: ${await sealed(token.secret)}\n    key: ${await sealed(key.secret)}\n    hash: ${await sealed(hash.secret)}\n    mode: ok\n${become}`;
      writeFileSync(path.join(lab.folder, name, "hosts.yml"), `lab:\n${stringify({ hosts }).replaceAll(/^/gm, "  ").trimEnd()}\n${vars}`);
    }
    // By standard input: on a command line they would be found.
    for (const host of HOSTS) {
      await lab.feed(host, `useradd -m -s /bin/sh deployer
mkdir -m 700 /home/deployer/.ssh && cp ~root/.ssh/authorized_keys /home/deployer/.ssh/ && chown -R deployer: /home/deployer/.ssh
echo 'deployer ALL=(ALL) ALL' >/etc/sudoers.d/deployer
IFS= read -r password <<'END'
${login.secret}
END
printf 'deployer:%s\\n' "$password" | chpasswd
cat >/root/needles <<'END'
${NEEDLES.join("\n")}
END
nohup sh -c "${SAMPLER.replaceAll(/["$\\`]/g, String.raw`\$&`)}" </dev/null >/dev/null 2>&1 &
`);
    }
    lines.start();
  }, { timeout: 180_000 });

  after(async () => {
    lines.stop();
    await Promise.all(HOSTS.map((host) => lab.exec(host, "rm -f /root/needles").catch(() => "")));
    await lab.down();
  });

  /** Runs hawser, and keeps what it printed among what is searched. */
  async function ran(name: string, args: readonly string[]): Promise<Ended> {
    const ended = await hawser(state(), args, { cwd: path.join(lab.folder, "out") });
    writeFileSync(out(`${name}.stdout`), ended.stdout);
    writeFileSync(out(`${name}.stderr`), ended.stderr);
    return ended;
  }
  const run = (name: string, mode: string, ...more: string[]): Promise<Ended> => ran(name, ["run", PLAYBOOK, "-i", "../inventory", "-e", `mode=${mode}`, ...more]);
  const clear = (): Promise<unknown> => Promise.all(HOSTS.map((host) => lab.exec(host, "rm -rf /srv/canary")));

  /** Nothing that a run left, here or on the hosts, has a needle in it. @param but Where one may be for now. */
  async function nowhere(but?: RegExp): Promise<void> {
    const here = [lab.folder, path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "hawser/compiled")].flatMap((folder) => filesBelow(folder)).filter((file) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= began);
    assert.deepEqual(here.filter((file) => ANY_NEEDLE.test(readFileSync(file, "latin1"))), [], "on the controller");
    assert.deepEqual(seenHere(), [], "in command lines on the controller");
    for (const host of HOSTS) {
      const found = (await lab.feed(host, SEARCH)).split("\n").filter((line) => line !== "" && !MEANT.test(line) && !but?.test(line));
      assert.deepEqual(found, [], `on ${host}`);
    }
  }

  test("the search finds what is there", { timeout: 300_000 }, async () => {
    const [needle = ""] = token.needles;
    writeFileSync(out("bait"), `x${Buffer.from(token.secret).toString("base64")}`);
    await assert.rejects(nowhere, /on the controller/);
    writeFileSync(out("bait"), "");
    await lab.feed("deb", `mkdir -p /var/tmp/bait; printf 'x%s' ${needle} >/var/tmp/bait/f; sh -c 'sleep 1.5; : ${needle}'`);
    const found = await lab.feed("deb", SEARCH);
    assert.match(found, /^\/var\/tmp\/bait\/f$/m);
    assert.match(found, /^a command line: /m);
    assert.equal(seenHere().length > 0, true);
    await lab.feed("deb", "rm -r /var/tmp/bait; rm -f /root/seen");
    lines.seen.clear();
  });

  test("after checks, plans and a run that fails in the task that holds it", { timeout: 300_000 }, async () => {
    const checked = await run("check", "fail", "--check", "--diff", "-vvv");
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    const planned = await ran("plan", ["plan", PLAYBOOK, "-i", "../inventory", "-e", "mode=ok", "-o", "canary.plan", "--diff", "-vvv"]);
    assert.equal(planned.code, 0, planned.stdout + planned.stderr);
    const reports = ["html", "xml", "json"].flatMap((ending) => ["--report", `failed.${ending}`]);
    const failed = await run("failed", "fail", "--diff", "-vvv", "--timing", "--trace", "failed.trace", ...reports);
    assert.equal(failed.code, 2, failed.stdout + failed.stderr);
    assert.match(failed.stdout, /raw \[secret\]/);
    assert.match(failed.stdout, /exited 3/);
    await nowhere();
  });

  test("after a controller was killed in the midst of a batch, and what it left was gone on with", { timeout: 300_000 }, async () => {
    await clear();
    await Promise.all(HOSTS.map((host) => lab.exec(host, "mkdir -m 700 /srv/canary; touch /srv/canary/hold")));
    const child = spawn(process.execPath, [BIN, "run", PLAYBOOK, "-i", "../inventory", "-e", "mode=hang", "-vvv"], { cwd: path.join(lab.folder, "out"), env: { ...process.env, XDG_STATE_HOME: state() }, stdio: ["ignore", "pipe", "pipe"] });
    const said: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => said.push(chunk));
    const hangs = async (): Promise<boolean> => (await Promise.all(HOSTS.map((host) => lab.exec(host, "[ -e /srv/canary/hangs ] && echo yes || :")))).every((text) => text.trim() === "yes");
    while (!(await hangs())) assert.equal(child.exitCode, null, Buffer.concat(said).toString());
    child.kill("SIGKILL");
    await once(child, "close");
    writeFileSync(out("killed"), Buffer.concat(said));
    await Promise.all(HOSTS.map((host) => lab.exec(host, "rm /srv/canary/hold; until [ -e /srv/canary/went-on ]; do sleep 0.05; done")));
    await until(async () => (await Promise.all(HOSTS.map((host) => lab.exec(host, "flock -n /run/hawser/lock true || echo busy")))).every((text) => text.trim() === ""));
    // What the batch printed is kept for whoever goes on with the run, in memory, where only root can read it.
    await nowhere(/^\/run\/hawser\/batch-\w+\.(?:out|err)$/);
    for (const host of HOSTS) assert.equal(await lab.exec(host, "stat -fc %T /run/hawser; stat -c %a /run/hawser; stat -c %a /run/hawser/batch-* | sort -u"), "tmpfs\n700\n600\n");
    const resumed = await ran("resumed", ["resume", "-vvv", "-e", "mode=hang"]);
    assert.equal(resumed.code, 0, resumed.stdout + resumed.stderr);
    await nowhere();
  });

  test("after runs that succeed, as people and as programs read them, and a verification", { timeout: 300_000 }, async () => {
    await clear();
    const changed = await run("changed", "ok", "--diff", "-vvv", "--output", "json", "--report", "changed.html", "--report", "changed.json");
    assert.equal(changed.code, 0, changed.stdout + changed.stderr);
    await nowhere();
    const unchanged = await run("unchanged", "ok", "--diff", "-vvv");
    assert.equal(unchanged.code, 0, unchanged.stdout + unchanged.stderr);
    // It is really there.
    for (const host of HOSTS) {
      for (const file of ["fed", "env", "zx"]) assert.equal(await lab.exec(host, `cat /srv/canary/${file}`), token.secret);
      assert.equal(await lab.exec(host, "cat /srv/canary/key.pem"), key.secret);
      assert.match(await lab.exec(host, "cat /etc/hawser-tls/canary/key.pem"), new RegExp(KEY_NEEDLES[0] ?? ""));
    }
    assert.match(await lab.exec("deb", "cat /etc/hawser-ca/1/key.pem"), new RegExp(KEY_NEEDLES[0] ?? ""));
    assert.match(readFileSync(path.join(lab.folder, "inventory/kept/deb/ca/generation-1.age"), "latin1"), /^-----BEGIN AGE|^age-encryption/);
    const verified = await ran("verify", ["verify", PLAYBOOK, "-i", "../inventory", "-e", "mode=ok", "--report", "verify.html"]);
    assert.equal(verified.code, 2, verified.stdout + verified.stderr);
    assert.match(verified.stdout, /\[secret\]/);
    await nowhere();
  });

  test("after a password was typed", { timeout: 300_000, skip: noTerminal }, async () => {
    const typed = await onTerminal([process.execPath, BIN, "run", PLAYBOOK, "-i", "../asking", "-K", "--diff", "-vvv"], [["become password: ", `${login.secret}\n`]], { cwd: path.join(lab.folder, "out"), env: { XDG_STATE_HOME: state() } });
    assert.equal(typed.code, 0, typed.screen);
    writeFileSync(out("typed"), typed.screen);
    await nowhere();
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}
