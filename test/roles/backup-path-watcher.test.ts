import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * The watcher of the paths with the kernel's own routes, in a network namespace. HAProxy's place is taken by a recorder of what
 * it is told; on lab hosts the real one is.
 */
const linux = process.platform === "linux" && process.getuid?.() === 0;
const options = { skip: linux ? false : "it needs root on Linux, for a network namespace", timeout: 60_000 };
const SCRIPT = fileURLToPath(import.meta.resolve("../../roles/backup-path/files/path.sh"));
const run = promisify(execFile);

let folder: string;
let told: string[] = [];
let answer = "\n";
let recorder: Server;
let watcher: ChildProcess;

const inside = (command: string) => run("nsenter", ["-t", String(watcher.pid), "-n", "-m", "sh", "-c", command]);
const route = (verb: "add" | "del", network: string) => inside(`ip route ${verb} ${network} dev t0 proto bgp`);
const shown = async (): Promise<string> => (await inside("cat /run/hawser/path/sg")).stdout.trim();
const metric = () => readFile(join(folder, "metric.prom"), "utf8");

async function until(what: string, is: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await is())) {
    if (Date.now() > deadline) assert.fail(`no ${what} within 20 s; HAProxy was told ${JSON.stringify(told)}`);
    await sleep(50);
  }
}

before(async () => {
  if (!linux) return;
  folder = await mkdtemp(join(tmpdir(), "hawser-path-"));
  recorder = createServer((socket) => {
    let text = "";
    socket.on("data", (data: Buffer) => {
      text += data.toString();
      if (!text.endsWith("\n")) return;
      told.push(text.trim());
      socket.end(answer);
    });
    socket.on("error", () => {});
  }).listen(join(folder, "haproxy.sock"));
  await once(recorder, "listening");
  const conf = join(folder, "sg.conf");
  await writeFile(conf, `REGION='sg'\nNETWORKS='10.2.0.0/24 10.3.0.7'\nSERVERS='sg-api/tunnel-1 sg-db/tunnel-1'\nTCP_SERVERS='sg-db/tunnel-1'\nTARGETS='10.2.0.21:8080'\nRETURN_AFTER=2\nSOCKET='${join(folder, "haproxy.sock")}'\nMETRIC='${join(folder, "metric.prom")}'\n`);
  const begin = `mount -t tmpfs none /run && ip link add t0 type bridge && ip link set t0 up && ip route add 10.2.0.0/24 dev t0 proto bgp && ip route add 10.3.0.7 dev t0 proto bgp && exec sh "$1" "$2"`;
  watcher = spawn("unshare", ["-n", "-m", "sh", "-c", begin, "sh", SCRIPT, conf], { stdio: ["ignore", "pipe", "inherit"], detached: true });
  await Promise.race([once(watcher.stdout as NodeJS.EventEmitter, "data"), once(watcher, "exit").then(() => assert.fail("the watcher ended"))]);
}, { timeout: 20_000 });

after(async () => {
  if (!linux) return;
  if (watcher.exitCode === null) {
    const ended = once(watcher, "exit");
    process.kill(-(watcher.pid ?? 0), "SIGKILL");
    await ended;
  }
  recorder.close();
  await rm(folder, { recursive: true });
});

void test("with all its networks' routes it begins on the tunnel, and says so to HAProxy", options, async () => {
  await until("tunnel", async () => told.length > 0);
  assert.equal(await shown(), "tunnel");
  assert.deepEqual(told, ["set server sg-api/tunnel-1 state ready;set server sg-db/tunnel-1 state ready"]);
  assert.match(await metric(), /^hawser_path_tunnel\{region="sg"\} 1$/m);
});

void test("a route of another network, or not of BGP, is none of its business", options, async () => {
  told = [];
  await inside("ip route add 10.9.0.0/24 dev t0 proto bgp; ip route add 10.8.0.0/24 dev t0; ip route del 10.9.0.0/24 dev t0");
  assert.equal(await shown(), "tunnel");
  assert.deepEqual(told, []);
});

void test("when one of them is gone it takes the public path: servers out, TCP connections closed, file and metric", options, async () => {
  told = [];
  await route("del", "10.3.0.7");
  await until("public path", async () => (await shown()) === "public");
  await until("metric after the file", async () => /^hawser_path_tunnel\{region="sg"\} 0$/m.test(await metric()));
  assert.equal(told[0], "set server sg-api/tunnel-1 state maint;set server sg-db/tunnel-1 state maint;shutdown sessions server sg-db/tunnel-1");
  assert.match(await metric(), /^hawser_path_switches_total\{region="sg"\} 1$/m);
});

void test("it says so again, since HAProxy may have begun anew", options, async () => {
  told = [];
  await until("repetition", () => told.length > 0);
  assert.match(told[0] ?? "", /^set server sg-api\/tunnel-1 state maint/);
});

void test("a tunnel that comes and goes is not returned to, and one that stays is", options, async () => {
  told = [];
  await route("add", "10.3.0.7");
  await sleep(300);
  await route("del", "10.3.0.7");
  await sleep(300);
  assert.equal(await shown(), "public");
  await route("add", "10.3.0.7");
  const since = performance.now();
  await until("return", async () => (await shown()) === "tunnel");
  // Whole seconds are counted: 2 of them are more than one.
  assert.ok(performance.now() - since > 1000);
  assert.equal(told.at(-1), "set server sg-api/tunnel-1 state ready;set server sg-db/tunnel-1 state ready");
});

void test("without an HAProxy that understands, the path is shown all the same", options, async () => {
  answer = "No such server.\n";
  await route("del", "10.2.0.0/24");
  await until("public path", async () => (await shown()) === "public");
});
