import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, symlinkSync, writeFileSync, chmodSync } from "node:fs";
import { test } from "node:test";
import { formatLook, LOOK_LIMIT, lookAt, parseLook } from "../../src/resources/look.ts";
import { onEveryShell, render, type TestHost } from "./harness.ts";

function look(host: TestHost, path: string) {
  const seen = host.run(render(lookAt(path)));
  assert.equal(seen.err, "");
  const parsed = parseLook(seen, path);
  assert.deepEqual(formatLook(parsed), seen);
  return parsed;
}

onEveryShell("a look says what is there, and formatLook prints it as the shell does", ({ root, ...host }) => {
  const at = (name: string) => look({ root, ...host }, `${root}/${name}`);
  assert.equal(at("absent").kind, "absent");

  for (const size of [0, 1, 56, 57, 58, 76, 5000]) {
    const content = Buffer.alloc(size, "é\0\xff\n", "latin1");
    writeFileSync(`${root}/it's a file`, content);
    chmodSync(`${root}/it's a file`, 0o4750);
    const { kind, mode, owner, group, ...seen } = at("it's a file");
    assert.deepEqual({ kind, mode, owner, group }, { kind: "file", mode: "4750", owner: "root", group: "root" });
    assert.ok(seen.content?.equals(content));
  }

  mkdirSync(`${root}/folder`, { mode: 0o700 });
  assert.deepEqual([at("folder").kind, at("folder").mode], ["directory", "0700"]);
  execFileSync("mkfifo", [`${root}/pipe`]);
  assert.equal(at("pipe").kind, "other");

  for (const [uid, gid, owner, group] of [[54321, 0, "54321", "root"], [0, 54321, "root", "54321"], [54321, 54322, "54321", "54322"], [1, 2, "daemon", "bin"]] as const) {
    writeFileSync(`${root}/owned`, "x");
    chownSync(`${root}/owned`, uid, gid);
    assert.deepEqual([at("owned").owner, at("owned").group], [owner, group]);
  }

  writeFileSync(`${root}/big`, Buffer.alloc(LOOK_LIMIT + 1));
  assert.equal(at("big").content, undefined);
  assert.equal(at("big").sha256, "2cb74edba754a81d121c9db6833704a8e7d417e5b13d1a19f4a52f007d644264");
});

onEveryShell("a look goes through symlinks and says where they end", (host) => {
  writeFileSync(`${host.root}/target`, "t");
  symlinkSync("target", `${host.root}/link`);
  assert.deepEqual([look(host, `${host.root}/link`).link, look(host, `${host.root}/link`).content?.toString()], [`${host.root}/target`, "t"]);
  symlinkSync("nowhere", `${host.root}/dangling`);
  assert.deepEqual([look(host, `${host.root}/dangling`).link, look(host, `${host.root}/dangling`).kind], [`${host.root}/nowhere`, "absent"]);
  symlinkSync("no/where", `${host.root}/lost`);
  assert.equal(look(host, `${host.root}/lost`).kind, "absent");
});

void test("a look that failed is an error with the host's words", () => {
  assert.throws(() => parseLook({ out: "", err: "stat: not found\n", code: 127 }, "/x"), /cannot look at \/x: stat: not found/);
});
