import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { runTasks, scratch } from "./harness.ts";

const BIG = Buffer.alloc(3_000_000, "hawser\n");

void test("a big file costs one request more than a small one, and leaves nothing in hawser's folder", async (t) => {
  const folder = scratch(t);
  const { recap, sessions } = await runTasks(({ t }) => void t.file(`${folder}/big`, { content: BIG }));
  assert.equal(recap.result, "ok");
  assert.deepEqual(readFileSync(`${folder}/big`), BIG);
  const session = sessions.get("h1");
  assert.deepEqual(session?.uploadsFrom, [0]);
  // The shell and the facts, the looks, the upload, and the batch with the looks after it.
  assert.equal(recap.hosts["h1"]?.requests, 5);
});

void test("an upload that is cut goes on from where it was, and is checked as a whole", async (t) => {
  const folder = scratch(t);
  const { recap, sessions } = await runTasks(({ t }) => void t.file(`${folder}/big`, { content: BIG }), { prepare: (session) => session.cutUploadsAt.push(1_000_000, 1_500_000) });
  assert.equal(recap.result, "ok");
  assert.deepEqual(sessions.get("h1")?.uploadsFrom, [0, 1_000_000, 1_500_000]);
  assert.deepEqual(readFileSync(`${folder}/big`), BIG);
});

void test("a connection that breaks again and again before a byte has come is given up", async (t) => {
  const folder = scratch(t);
  const { recap, sessions } = await runTasks(({ t }) => void t.file(`${folder}/big`, { content: BIG }), { prepare: (session) => session.cutUploadsAt.push(1000, 0, 0, 0, 0) });
  assert.equal(recap.result, "failed");
  assert.equal(sessions.get("h1")?.uploadsFrom.length, 5);
  assert.ok(!existsSync(`${folder}/big`));
});

void test("the next run goes on with what an earlier one brought, unless it is something else; after a day it is gone", async (t) => {
  const folder = scratch(t);
  const folders = new Map<string, string>();
  const tasks = (content: Buffer) => ({ t }: { t: { file(path: string, options: { content: Buffer }): unknown } }) => void t.file(`${folder}/big`, { content });
  // Cuts in vain end the first run with a part on the host.
  await runTasks(tasks(BIG), { folders, prepare: (session) => session.cutUploadsAt.push(2_000_000, 0, 0, 0, 0) });
  const stage = path.join(folders.get("h1") ?? "", "state/stage");
  const [name = ""] = readdirSync(stage);
  assert.equal(readFileSync(path.join(stage, name)).length, 2_000_000);

  writeFileSync(path.join(stage, name), "something else");
  writeFileSync(path.join(stage, "forgotten"), "x");
  const old = Date.now() / 1000 - 2 * 86_400;
  utimesSync(path.join(stage, "forgotten"), old, old);
  const { recap, sessions } = await runTasks(tasks(BIG), { folders });
  assert.equal(recap.result, "ok");
  assert.deepEqual(sessions.get("h1")?.uploadsFrom, [0], "another beginning is no beginning");
  assert.deepEqual(readdirSync(stage), []);
});

void test("a source file of a role that is big is streamed, and known by its hash", async (t) => {
  const folder = scratch(t);
  mkdirSync(`${folder}/files`);
  writeFileSync(`${folder}/files/big`, BIG);
  const { readLocalFile } = await import("../../src/dsl/local-file.ts");
  const content = readLocalFile(`${folder}/files/big`);
  assert.ok(!Buffer.isBuffer(content));
  const ran = await runTasks(({ t }) => void t.file(`${folder}/big`, { content }));
  assert.equal(ran.recap.result, "ok");
  assert.match(ran.event(`file:${folder}/big`).diff ?? "", new RegExp(`^\\(sha256 none -> ${content.sha256}\\)$`));
  assert.deepEqual(readFileSync(`${folder}/big`), BIG);
  const again = await runTasks(({ t }) => void t.file(`${folder}/big`, { content }));
  assert.equal(again.recap.hosts["h1"]?.changed, 0);
});

void test("a big file as another user is refused with what to do instead", async (t) => {
  const folder = scratch(t);
  const ran = await runTasks(({ t }) => void t.file(`${folder}/big`, { content: BIG, runAs: "nobody" }));
  assert.equal(ran.recap.result, "failed");
  assert.match(ran.event(`file:${folder}/big`).failure?.hint ?? "", /leave out `runAs`/);
});
