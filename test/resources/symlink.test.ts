import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { symlink } from "../../src/resources/symlink.ts";
import { converge, onEveryShell, refused, runCases } from "./harness.ts";

runCases(symlink);

onEveryShell("a symlink is created, changed and removed, also where it points at a folder", (host) => {
  const path = `${host.root}/it's a link`;
  mkdirSync(`${host.root}/one`);
  for (const target of ["one", "nowhere", `${host.root}/one`, "-dash and blank"]) {
    converge(symlink, { path, target }, host);
    assert.equal(readlinkSync(path), target);
  }
  assert.deepEqual(readdirSync(`${host.root}/one`), []);
  converge(symlink, { path, state: "absent" }, host);
  assert.deepEqual(readdirSync(host.root), ["one"]);
});

onEveryShell("a file gives way to a symlink by force, a folder never", (host) => {
  writeFileSync(`${host.root}/file`, "x");
  assert.match(refused(symlink, { path: `${host.root}/file`, target: "t" }, host).hint ?? "", /force/);
  converge(symlink, { path: `${host.root}/file`, target: "t", force: true }, host);
  mkdirSync(`${host.root}/folder`);
  assert.match(refused(symlink, { path: `${host.root}/folder`, target: "t", force: true }, host).message, /is a folder/);
});
