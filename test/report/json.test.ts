import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import type { RunEvent, Unstamped } from "../../src/engine/events.ts";
import { jsonReporter } from "../../src/report/index.ts";
import { counts, recording, resource } from "./recording.ts";
import { Text } from "./streams.ts";

async function lines(...events: Unstamped[]): Promise<string[]> {
  const stream = new Text();
  const reporter = jsonReporter(stream);
  for (const event of events) reporter.on({ at: 7, ...event });
  await reporter.end();
  return stream.text.trimEnd().split("\n");
}

const NO_HANDLERS = { pendingHandlers: {}, seconds: 1.2 };

void test("the last line is the recap, in exactly this shape", async () => {
  const [line] = await lines({ event: "recap", result: "ok", hosts: { a: counts() }, ...NO_HANDLERS, interrupted: false });
  assert.equal(
    line,
    `{"event":"recap","result":"ok","hosts":{"a":{"ok":0,"changed":0,"wouldChange":0,"unknown":0,"skipped":0,"failed":0,"notReached":0,"handlersPending":0,"unreachable":false,"requests":2}},"seconds":1.2}`,
  );
});

void test("pending handlers and an interruption follow only where there are any", async () => {
  const [line = ""] = await lines({ event: "recap", result: "failed", hosts: {}, seconds: 1, pendingHandlers: { a: ["reload"], b: [] }, interrupted: true });
  assert.equal(line, `{"event":"recap","result":"failed","hosts":{},"seconds":1,"pendingHandlers":{"a":["reload"]},"interrupted":true}`);
});

void test("the recap stays last, whatever comes after it", async () => {
  const all = await lines({ event: "recap", result: "ok", hosts: {}, ...NO_HANDLERS }, { event: "warning", message: "late" });
  assert.deepEqual(all.map((line) => (JSON.parse(line) as RunEvent).event), ["warning", "recap"]);
});

void test("keys come in one order, whoever made the event; undefined is left out", async () => {
  const event = resource("a", "r/file:x", "ok");
  const reversed = Object.fromEntries(Object.entries({ ...event, summary: undefined }).reverse()) as unknown as Unstamped;
  const [first, second] = await lines(event, reversed);
  assert.equal(first, second);
  assert.ok(first?.startsWith(`{"event":"resource","at":7,"host":"a","play":"gateways","role":"r","id":"r/file:x","kind":"file","outcome":"ok"`));
});

void test("sets, maps and big numbers are written as JSON can hold them", async () => {
  const odd = { event: "warning", message: "m", set: new Set(["x"]), map: new Map([["k", new Set([1])]]), big: 2n } as unknown as Unstamped;
  assert.equal((await lines(odd))[0], `{"event":"warning","at":7,"message":"m","big":"2","map":{"k":[1]},"set":["x"]}`);
});

void test("every event of a run is one line of JSON", async () => {
  const stream = new Text();
  const reporter = jsonReporter(stream);
  for (const event of recording()) reporter.on(event);
  await reporter.end();
  const parsed = stream.text.trimEnd().split("\n").map((line) => JSON.parse(line) as RunEvent);
  assert.equal(parsed.length, recording().length);
});

function failing(code: string): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) });
}

void test("a closed pipe is no error; a full disk is one, at the end", async () => {
  for (const code of ["EPIPE", "ENOSPC"]) {
    const reporter = jsonReporter(failing(code));
    for (let index = 0; index < 3; index++) reporter.on({ at: 0, event: "warning", message: "m" });
    await new Promise((resolve) => setImmediate(resolve));
    if (code === "EPIPE") await reporter.end();
    else await assert.rejects(reporter.end(), /the output is incomplete: ENOSPC/);
  }
});

void test("a reader that goes away leaves the exit code alone", async () => {
  const child = spawn(process.execPath, ["--import", "tsx", fileURLToPath(new URL("closed-pipe.ts", import.meta.url))], { stdio: ["ignore", "pipe", "pipe"] });
  const stderr = new Text();
  child.stderr.pipe(stderr);
  child.stdout.pipe(new PassThrough()).once("data", () => child.stdout.destroy());
  const [code] = (await once(child, "close")) as [number];
  assert.equal(code, 2, stderr.text);
});
