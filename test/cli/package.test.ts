import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

test("a project of one's own has one copy of hawser: what its playbooks import is what runs them", async (t) => {
  const project = mkdtempSync(path.join(tmpdir(), "hawser-project-"));
  t.after(() => rmSync(project, { recursive: true, force: true }));
  mkdirSync(`${project}/node_modules`);
  symlinkSync(ROOT, `${project}/node_modules/hawser`);
  mkdirSync(`${project}/inventory`);
  writeFileSync(`${project}/package.json`, '{"type":"module"}');
  writeFileSync(`${project}/inventory/hosts.yml`, "all:\n  hosts:\n    here:\n      ssh: { kind: local }\n      hello: { who: world }\n");
  writeFileSync(
    `${project}/site.ts`,
    `import { defineRole, play, playbook, Secret, use, z } from "hawser";
import { base } from "hawser/roles/base";
import own from "./own.ts";
if (base.name !== "base" || own.file !== "${project}/own.ts") throw new Error("not what was written");
const hello = defineRole(import.meta, { name: "hello", summary: "", vars: z.strictObject({ who: z.string() }), tasks({ t, vars }) { t.file("${project}/hello", { content: new Secret(vars.who) }); } });
export default playbook(import.meta, [play({ name: "p", hosts: "all", roles: [use(hello)] })]);
`,
  );
  writeFileSync(`${project}/own.ts`, `import { fileURLToPath } from "node:url";\nexport default { file: fileURLToPath(import.meta.url) };\n`);
  const { stdout } = await run(process.execPath, [`${ROOT}bin/hawser.mjs`, "run", "site.ts", "-i", "inventory", "--check", "--output", "json"], { cwd: project });
  const recap = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { result: string; hosts: Record<string, { wouldChange: number; requests: number }> };
  assert.equal(recap.result, "ok");
  assert.equal(recap.hosts["here"]?.wouldChange, 1);

  // A mistake is known by its class only where there is one copy of it.
  writeFileSync(`${project}/thrown.ts`, `import { UsageError } from "hawser";\nthrow new UsageError("of the playbook", { hint: "as it is" });\n`);
  const hawser = async (file: string): Promise<string> => await run(process.execPath, [`${ROOT}bin/hawser.mjs`, "run", file, "-i", "inventory"], { cwd: project }).then(() => "no error", ({ stderr }: { stderr: string }) => stderr);
  assert.equal(await hawser("thrown.ts"), "error: of the playbook\n  try: as it is\n");
  writeFileSync(`${project}/inner.ts`, `import { Secret } from ${JSON.stringify(`${ROOT}src/shell/index.ts`)};\nexport default Secret;\n`);
  assert.match(await hawser("inner.ts"), /inner\.ts does not load: .*src\/shell\/index\.ts is inside hawser: import it from "hawser"\n {2}at inner\.ts:1:24\n/);
});
