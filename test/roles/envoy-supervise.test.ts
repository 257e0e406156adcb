import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../roles/envoy/files/supervise.sh", import.meta.url));

/** Plays Envoy: is live at once, says so and when it is told to end, and ends by itself when a newer one is. */
const ENVOY = `#!/bin/sh
for word; do case $last in --restart-epoch) epoch=$word ;; esac; case $word in --hot-restart-version) cat "$D/version" >&2; exit 0 ;; esac; last=$word; done
[ ! -e "$D/broken" ] || exit 3
trap 'echo "term $epoch" >>"$D/log"; exit 0' TERM
printf '"state": "LIVE",\\n"restart_epoch": %s,\\n' "$epoch" >"$D/info.$epoch" && mv "$D/info.$epoch" "$D/info"
echo "start $epoch" >>"$D/log"
while :; do
  case $(cat "$D/info") in *": $epoch,"*) ;; *) echo "end $epoch" >>"$D/log"; exit 0 ;; esac
  [ ! -e "$D/crash" ] || exit 9
  sleep 0.05
done
`;
/** Plays its administration. */
const CURL = `#!/bin/sh
for url; do :; done
case "$*" in *POST*) echo "post \${url##*/}" >>"$D/log"; exit 0 ;; esac
case $url in
  */server_info) cat "$D/info" ;;
  */hot_restart_version) printf 11.104 ;;
  *stats*) cat "$D/stats" 2>/dev/null ;;
esac
`;

let folder: string;
let supervisor: ChildProcess | undefined;
const at = (name: string): string => path.join(folder, name);
const log = (): string[] => (existsSync(at("log")) ? readFileSync(at("log"), "utf8").trim().split("\n") : []);
const env = () => ({ ...process.env, D: folder, PATH: `${folder}:${process.env["PATH"] ?? ""}`, HAWSER_ENVOY_SETTINGS: at("settings") });
const ask = (...words: string[]) => spawnSync("sh", [SCRIPT, ...words], { env: env(), encoding: "utf8", timeout: 30_000 });

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "hawser-envoy-"));
  writeFileSync(at("settings"), `PROGRAM='${at("envoy")}'\nBOOTSTRAP=/x.yaml\nADMIN_PORT=9901\nBASE_ID=0\nDRAIN_S=2\nPARENT_SHUTDOWN_S=3\nLEAVE_S=0\nLOG_LEVEL=warning\nCONCURRENCY=''\nRUN='${folder}'\n`);
  writeFileSync(at("version"), "11.104\n");
  for (const [name, text] of [["envoy", ENVOY], ["curl", CURL]] as const) writeFileSync(at(name), text, { mode: 0o755 });
  supervisor = spawn("sh", [SCRIPT, "run"], { env: env(), stdio: "ignore" });
  await until(() => log().includes("start 0"));
});
afterEach(async () => {
  if (supervisor && supervisor.exitCode === null && supervisor.signalCode === null) {
    supervisor.kill("SIGTERM");
    await once(supervisor, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
});

const pid = (): string => String(supervisor?.pid);
const ended = async (): Promise<unknown> => (supervisor?.exitCode === null ? (await once(supervisor, "exit"))[0] : supervisor?.exitCode);

void test("a hot restart starts the next epoch beside the old one, and is over when that serves", () => {
  assert.equal(ask("reload", pid()).status, 0);
  assert.equal(ask("reload", pid()).status, 0);
  assert.deepEqual(log().filter((line) => line.startsWith("start")), ["start 0", "start 1", "start 2"]);
});

void test("one that ends before it serves is told of, and the old one goes on; the next try is of the same epoch", async () => {
  writeFileSync(at("broken"), "");
  const { status, stderr } = ask("reload", pid());
  assert.equal(status, 1);
  assert.match(stderr, /the new Envoy ended with 3 before it served: the old one goes on/);
  await sleep(200);
  assert.deepEqual(log(), ["start 0"]);
  rmSync(at("broken"));
  assert.equal(ask("reload", pid()).status, 0);
  assert.ok(log().includes("start 1"));
});

void test("a stop tells the peers, then the clients, and ends when nobody asks any more", async () => {
  writeFileSync(at("stats"), "http.admin.downstream_rq_active: 1\nhttp.echo.downstream_rq_active: 0\n");
  supervisor?.kill("SIGTERM");
  assert.equal(await ended(), 0);
  assert.deepEqual(log(), ["start 0", "post fail", "post drain_listeners?graceful", "term 0"]);
});

void test("a stop waits for calls that are under way, for as long as may be drained", async () => {
  writeFileSync(at("stats"), "http.echo.downstream_rq_active: 1\n");
  const began = performance.now();
  supervisor?.kill("SIGTERM");
  assert.equal(await ended(), 0);
  assert.ok(performance.now() - began > 1900);
});

void test("an Envoy that ends by itself ends the supervisor, for systemd to begin anew", async () => {
  writeFileSync(at("crash"), "");
  assert.equal(await ended(), 1);
});

void test("a program of another version does not fit", () => {
  assert.equal(ask("fits").status, 0);
  writeFileSync(at("version"), "12.104\n");
  assert.equal(ask("fits").status, 1);
});

void test("what it does not know it says", () => {
  const { status, stderr } = ask("restart");
  assert.equal(status, 64);
  assert.match(stderr, /run, reload PID or fits, not "restart"/);
});

/** @throws Error when it is not so within 20 s */
async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`it did not come to be: ${holds.toString()}`);
    await sleep(20);
  }
}
