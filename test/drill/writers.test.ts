import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { localConnector } from "../../src/connection/index.ts";
import { judgeWrites } from "../../src/drill/limits.ts";
import { Writers } from "../../src/drill/writers.ts";
import type { Writes } from "../../src/dsl/drill-plan.ts";
import type { Session } from "../../src/engine/session.ts";
import { Sh, sh } from "../../src/shell/index.ts";

/** Each host is a folder, and each key a file in it. */
function scene(t: TestContext) {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-writers-"));
  const connector = localConnector();
  const sessions = new Map<string, Session>();
  const at = (host: string) => path.join(folder, host);
  for (const host of ["la-1", "sg-1"]) mkdirSync(at(host));
  t.after(async () => {
    await connector.close();
    rmSync(folder, { recursive: true });
  });
  const connect = async (host: string): Promise<Session> => {
    const session = await connector.open({ host, connection: { kind: "local", address: "", agent: false }, become: { method: "none", user: "root" } });
    sessions.set(host, session);
    return session;
  };
  const writesOf = (host: string, write: Sh, more: Partial<Writes> = {}): Writes => ({ role: "store", name: "rows", write, read: sh`cd ${at(host)} && for f in "$prefix"*; do [ ! -e "$f" ] || echo "$f"; done`, clean: sh`rm -f ${at(host)}/"$prefix"*`, ...more });
  const keysOn = (host: string): string[] => readdirSync(at(host));
  return { at, connect, sessions, writesOf, keysOn };
}

async function until(is: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !is(); ) {
    assert.ok(Date.now() < deadline, "not within 20 s");
    // oxlint-disable-next-line no-await-in-loop
    await sleep(20);
  }
}

test("what was acknowledged and is not on every host is lost; what was refused is not", { timeout: 60_000 }, async (t) => {
  const { at, connect, writesOf, keysOn } = scene(t);
  const both = (key: string) => sh`touch ${at("la-1")}/"${Sh.raw(key)}" && touch ${at("sg-1")}/"${Sh.raw(key)}"`;
  const la = writesOf("la-1", Sh.lines(Sh.raw("case $key in *-2) exit 1 ;; esac"), sh`case $key in *-3) touch ${at("la-1")}/"$key"; exit 0 ;; esac`, both("$key")));
  const writers = new Writers({ hosts: [{ host: "la-1", writes: [la] }, { host: "sg-1", writes: [writesOf("sg-1", both("$key"))] }], connect, stamp: "x1" });
  writers.start();
  await until(() => keysOn("sg-1").filter((key) => key.startsWith("drill-x1-la-1-")).length >= 4 && keysOn("la-1").some((key) => key.startsWith("drill-x1-sg-1-")));
  await writers.stop();
  const [first, second] = await writers.settle(1);
  assert.deepEqual(first && { ...first, acknowledged: 0 }, { host: "la-1", role: "store", name: "rows", acknowledged: 0, refused: 1, lost: 1, missing: { "sg-1": 1 } });
  assert.ok(first && first.acknowledged >= 5);
  assert.equal(second?.lost, 0);
  assert.deepEqual(judgeWrites([first, second]), [{ name: "acknowledged writes lost: rows", value: 1, unit: "", limit: "<= 0", ok: false }]);
  await writers.clean();
  assert.deepEqual(["la-1", "sg-1"].flatMap((host) => keysOn(host).filter((key) => key.startsWith(`drill-x1-${host}-`))), [], "each host takes its own keys away");
});

test("what arrives late is not lost, and what cannot be read back is only counted", { timeout: 60_000 }, async (t) => {
  const { at, connect, writesOf, keysOn } = scene(t);
  const late = writesOf("la-1", sh`touch ${at("la-1")}/"$key"`);
  const calls: Writes = { role: "mesh", name: "calls", write: Sh.raw("true") };
  const writers = new Writers({ hosts: [{ host: "la-1", writes: [late, calls] }, { host: "sg-1", writes: [writesOf("sg-1", Sh.raw("false"))] }], connect, stamp: "x2" });
  writers.start();
  await until(() => keysOn("la-1").length >= 3);
  await writers.stop();
  const settled = writers.settle(20);
  await sleep(300);
  for (const key of keysOn("la-1")) mkdirSync(path.join(at("sg-1"), key));
  const [rows, counted, refused] = await settled;
  assert.equal(rows?.lost, 0);
  assert.equal(counted?.lost, null);
  assert.ok(counted && counted.acknowledged > 0);
  assert.deepEqual([refused?.acknowledged, refused?.lost], [0, 0]);
  assert.deepEqual(judgeWrites([rows, counted]).map(({ name, ok }) => [name, ok]), [["acknowledged writes lost: rows", true]]);
});

test("a host whose connection is lost writes on when it is back", { timeout: 60_000 }, async (t) => {
  const { at, connect, sessions, writesOf, keysOn } = scene(t);
  const writers = new Writers({ hosts: [{ host: "la-1", writes: [writesOf("la-1", sh`touch ${at("la-1")}/"$key"`)] }], connect, stamp: "x3" });
  writers.start();
  await until(() => keysOn("la-1").length >= 1);
  await sessions.get("la-1")?.close();
  const before = keysOn("la-1").length;
  await until(() => keysOn("la-1").length > before + 1);
  await writers.stop();
  const [written] = await writers.settle(1);
  assert.equal(written?.lost, 0);
});
