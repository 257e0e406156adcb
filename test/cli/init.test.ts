import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { hawser, writeAll } from "./hawser.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const above = mkdtempSync(path.join(tmpdir(), "hawser-init-"));
after(() => rmSync(above, { recursive: true, force: true }));

/** Every file of a folder with its text. */
const snapshot = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => statSync(path.join(folder, name)).isFile()).map((name) => [name, readFileSync(path.join(folder, name), "utf8")]));

describe("hawser init", () => {
  it("makes a project that compiles, whose unit test passes, and that runs", async () => {
    const { code, out } = await hawser(above, ["init", "My Servers"]);
    assert.equal(code, 0);
    assert.match(out, /^made\n {2}\.gitignore\n[^]*next\n {2}cd My Servers\n {2}npm install\n/);
    const project = path.join(above, "My Servers");
    const manifest = JSON.parse(readFileSync(path.join(project, "package.json"), "utf8")) as { name: string; dependencies: { hawser: string } };
    assert.equal(manifest.name, "my-servers");
    assert.equal(path.resolve(project, manifest.dependencies.hawser.replace("file:", "")), path.resolve(ROOT));
    mkdirSync(path.join(project, "node_modules"));
    symlinkSync(ROOT, path.join(project, "node_modules/hawser"));
    for (const name of ["@types", "tsx"]) symlinkSync(path.join(ROOT, "node_modules", name), path.join(project, "node_modules", name));
    execFileSync(process.execPath, [path.join(ROOT, "node_modules/typescript/bin/tsc")], { cwd: project, stdio: "pipe" });
    execFileSync(process.execPath, ["--import", "tsx", "--test", "roles/motd/role.test.ts"], { cwd: project, stdio: "pipe" });
    assert.equal((await hawser(project, ["run", "playbooks/site.ts", "--list-hosts"])).out, "greeting\n  web-1\n  web-2\n");
  });

  it("refuses a folder with files, and leaves it as it was", async () => {
    const folder = path.join(above, "full");
    writeAll(folder, { "a.txt": "a", "b/c.txt": "c" });
    const { code, err } = await hawser(above, ["init", "full"]);
    assert.equal(code, 1);
    assert.equal(err, "error: full is not empty: a.txt, b\n  try: name a new folder, or --force, which adds what is missing and overwrites nothing\n");
    assert.deepEqual(snapshot(folder), { "a.txt": "a", "b/c.txt": "c" });
  });

  it("adds what is missing with --force, overwrites nothing, and says what a package.json lacks", async () => {
    const folder = path.join(above, "some");
    const mine = { "package.json": '{ "name": "mine", "devDependencies": { "typescript": "^5" } }', "playbooks/site.ts": "// mine\n" };
    writeAll(folder, mine);
    const { code, out } = await hawser(folder, ["init", ".", "--force"]);
    assert.equal(code, 0);
    assert.match(out, /left as they were\n {2}package\.json\n {2}playbooks\/site\.ts\npackage\.json was there already, and needs\n {2}"type": "module"\n {2}npm install --save-exact hawser@file:\S+ @types\/node@\S+ tsx@\S+\nnext\n {2}npm install\n/);
    const now = snapshot(folder);
    for (const [name, text] of Object.entries(mine)) assert.equal(now[name], text);
    assert.ok("roles/motd/role.ts" in now);
    assert.deepEqual((await hawser(folder, ["init", "--force"])).code, 0);
    assert.deepEqual(snapshot(folder), now);
  });

  it("takes a fresh git repository for empty", async () => {
    const folder = path.join(above, "fresh");
    mkdirSync(path.join(folder, ".git"), { recursive: true });
    assert.equal((await hawser(folder, ["init"])).code, 0);
  });

  it("refuses a file, and a package.json that is none, and writes nothing", async () => {
    writeFileSync(path.join(above, "file"), "");
    assert.match((await hawser(above, ["init", "file"])).err, /^error: file is a file\n/);
    const folder = path.join(above, "broken");
    writeAll(folder, { "package.json": "{" });
    const { code, err } = await hawser(above, ["init", "broken", "--force"]);
    assert.equal(code, 1);
    assert.match(err, /package\.json cannot be read[^]*at broken\/package\.json:1:1/);
    assert.deepEqual(snapshot(folder), { "package.json": "{" });
  });

  it("takes back what it wrote when the rest cannot be written", async () => {
    const folder = path.join(above, "half");
    writeAll(folder, { roles: "a file where a folder should be" });
    const { code, err } = await hawser(above, ["init", "half", "--force"]);
    assert.equal(code, 1);
    assert.match(err, /the project could not be written/);
    assert.deepEqual(snapshot(folder), { roles: "a file where a folder should be" });
    assert.deepEqual(readdirSync(folder), ["roles"]);
  });
});
