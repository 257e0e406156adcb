import assert from "node:assert/strict";
import { chmodSync, existsSync, lchownSync, lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { directory } from "../../src/resources/directory.ts";
import { attempt, converge, onEveryShell, refused, runCases } from "./harness.ts";

runCases(directory);

onEveryShell("a folder is created, changed and removed", (host) => {
  const path = `${host.root}/it's a folder`;
  converge(directory, { path }, host);
  assert.equal(statSync(path).mode & 0o7777, 0o755);
  converge(directory, { path, mode: "2770", owner: "daemon", group: 2 }, host);
  assert.deepEqual([statSync(path).mode & 0o7777, statSync(path).uid, statSync(path).gid], [0o2770, 1, 2]);
  converge(directory, { path, mode: "0700", owner: 54321 }, host);
  assert.equal(statSync(path).mode & 0o7777, 0o700);
  converge(directory, { path, state: "absent" }, host);
  assert.ok(!existsSync(path));
});

onEveryShell("a folder in a set-group-id folder gets exactly its mode", (host) => {
  chmodSync(host.root, 0o2755);
  converge(directory, { path: `${host.root}/new`, mode: "0750" }, host);
});

onEveryShell("missing parents are named, or made for everybody to enter", (host) => {
  const path = `${host.root}/a/b/c`;
  assert.match(attempt(directory, { path }, host).applied?.err ?? "", /the folder .*\/a\/b does not exist; parents: true makes it/);
  converge(directory, { path, parents: true, mode: "0700" }, host);
  assert.equal(statSync(`${host.root}/a/b`).mode & 0o7777, 0o755);
});

onEveryShell("the owner below is set, never that of a link's target", (host) => {
  const path = `${host.root}/tree`;
  mkdirSync(`${path}/deep`, { recursive: true });
  writeFileSync(`${path}/deep/file`, "x");
  writeFileSync(`${host.root}/outside`, "x");
  symlinkSync(`${host.root}/outside`, `${path}/link`);
  converge(directory, { path, owner: "daemon", group: "bin", recurse: true }, host);
  assert.equal(statSync(`${path}/deep/file`).uid, 1);
  assert.equal(lstatSync(`${path}/link`).uid, 1);
  assert.equal(statSync(`${host.root}/outside`).uid, 0);
  lchownSync(`${path}/link`, 0, 0);
  converge(directory, { path, owner: 1, group: 2, recurse: true }, host);
  assert.equal(attempt(directory, { path, owner: "nobody-of-this-name", recurse: true }, host).change?.summary, "owner daemon -> nobody-of-this-name, owner below");
});

onEveryShell("a symlink to a folder is one, and a file is not", (host) => {
  mkdirSync(`${host.root}/real`);
  symlinkSync("real", `${host.root}/link`);
  converge(directory, { path: `${host.root}/link`, mode: "0750" }, host);
  assert.equal(statSync(`${host.root}/real`).mode & 0o7777, 0o750);
  writeFileSync(`${host.root}/file`, "");
  assert.match(refused(directory, { path: `${host.root}/file` }, host).message, /is no folder/);
});

onEveryShell("only an empty folder goes without force", (host) => {
  const path = `${host.root}/full`;
  mkdirSync(`${path}/inner`, { recursive: true });
  const { applied } = attempt(directory, { path, state: "absent" }, host);
  assert.notEqual(applied?.code, 0);
  assert.match(applied?.err ?? "", /not empty/i);
  converge(directory, { path, state: "absent", force: true }, host);
});

onEveryShell(
  "force does not go into what is mounted below",
  (host) => {
    const path = `${host.root}/with mount`;
    mkdirSync(`${path}/m`, { recursive: true });
    host.run(`mount -t tmpfs none '${path}/m' && echo kept >'${path}/m/file'`);
    const { applied } = attempt(directory, { path, state: "absent", force: true }, host);
    assert.match(applied?.err ?? "", /something is mounted below/);
    assert.equal(host.run(`cat '${path}/m/file'`).out, "kept\n");
  },
  { privateMounts: true, systemCommands: true },
);
