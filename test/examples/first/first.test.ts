import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { planOf, recorded, use } from "hawser";
import { page } from "./roles/page/role.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const EXAMPLES = path.resolve(import.meta.dirname, "..");
const run = promisify(execFile);

test("page: the package, two files from templates, and the service", () => {
  const plan = planOf(use(page, { title: "Hello" }), recorded("debian-12"), { host: "web-1", seen: { "page/file:/var/www/html/index.html": { out: "absent\n", code: 0 } } });
  assert.deepEqual(plan.map(({ id }) => id), ["page/package:nginx", "page/file:/etc/nginx/sites-available/default", "page/file:/var/www/html/index.html", "page/service:nginx.service"]);
  assert.match(plan[2]?.diff ?? "", /^\+<h1>Hello<\/h1>\n\+<p>web-1, Debian GNU\/Linux 12 \(bookworm\)<\/p>$/m);
});

test("the project of the getting-started page compiles, loads, and both of its inventories are valid", async (t) => {
  const project = mkdtempSync(path.join(tmpdir(), "hawser-first-"));
  t.after(() => rmSync(project, { recursive: true, force: true }));
  for (const folder of ["roles", "playbooks", "inventory"]) cpSync(path.join(EXAMPLES, "first", folder), path.join(project, folder), { recursive: true });
  for (const file of ["package.json", "tsconfig.json"]) cpSync(path.join(EXAMPLES, `first.${file}`), path.join(project, file));
  mkdirSync(path.join(project, "node_modules"));
  for (const [name, to] of [["hawser", ROOT], ["@types", path.join(ROOT, "node_modules/@types")]] as const) symlinkSync(to, path.join(project, "node_modules", name));

  await run(process.execPath, [path.join(ROOT, "node_modules/typescript/bin/tsc"), "--noEmit"], { cwd: project });
  for (const inventory of ["lab", "production"]) {
    const { stdout } = await run(process.execPath, [path.join(ROOT, "bin/hawser.mjs"), "run", "playbooks/site.ts", "-i", `inventory/${inventory}`, "--list-hosts"], { cwd: project, env: { ...process.env, SUDO_PASSWORD: "any" } });
    assert.equal(stdout, "web\n  web-1\n  web-2\n", inventory);
  }
});
