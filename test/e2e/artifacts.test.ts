import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { serve, whole, type Server } from "../artifacts/server.ts";
import { hawser, writeInventory, type Ended } from "./cli-fixture.ts";
import { E2eLab, skip } from "./engine-fixture.ts";

const lab = new E2eLab("e2e-artifct", "198.18.148", { "a-1": "debian", "a-2": "debian" });
/** More than goes along in a script, so it is uploaded. */
const content = randomBytes(3_000_000);
const sha256 = createHash("sha256").update(content).digest("hex");

const SITE = `import { artifact, defineRole, play, playbook, use, z } from "hawser";
const app = defineRole(import.meta, { name: "app", summary: "An app.", vars: z.strictObject({ artifact }), tasks({ t, vars }) {
  t.download("/opt/app", { ...vars.artifact, mode: "0755" });
} });
export default playbook(import.meta, [play({ name: "p", hosts: "all", roles: [use(app)] })]);
`;

describe("artifacts on hosts that have no way out", { skip }, () => {
  let server: Server;
  let inventory: string;
  before(async () => {
    await lab.up();
    server = await serve(whole(content));
    inventory = await writeInventory(lab);
    mkdirSync(`${lab.folder}/node_modules`);
    symlinkSync(fileURLToPath(new URL("../..", import.meta.url)), `${lab.folder}/node_modules/hawser`);
    writeFileSync(`${lab.folder}/package.json`, '{"type":"module"}');
    writeFileSync(`${lab.folder}/site.ts`, SITE);
  });
  after(async () => {
    await server.stop();
    await lab.down();
  });

  const run = async (...args: readonly string[]): Promise<Ended> => await hawser(lab.folder, [...args, "-i", inventory], { cwd: lab.folder, env: { XDG_CACHE_HOME: path.join(lab.folder, "cache") } });
  const named = (artifact: string): void => {
    mkdirSync(`${inventory}/group_vars`, { recursive: true });
    writeFileSync(`${inventory}/group_vars/all.yml`, `app: { artifact: ${artifact} }\n`);
  };
  const sums = async (): Promise<string[]> => await Promise.all(lab.hosts.map(async ({ name }) => (await lab.exec(name, "sha256sum </opt/app")).slice(0, 64)));

  it("are uploaded from the controller's cache, once fetched", async () => {
    named(`{ url: "${server.url}/app", sha256: ${sha256} }`);
    // The server is the controller's own loopback, where hosts are not.
    const without = await run("run", "site.ts");
    assert.equal(without.code, 2, without.stdout);
    assert.equal((await run("artifacts", "fetch", "site.ts")).code, 0);
    const first = await run("run", "site.ts");
    assert.equal(first.code, 0, first.stdout + first.stderr);
    assert.deepEqual(await sums(), [sha256, sha256]);
    assert.deepEqual(server.asked, ["GET /app"]);
    const second = await run("run", "site.ts", "--check", "--detailed-exitcode");
    assert.equal(second.code, 0, second.stdout);
  });

  it("are uploaded from a file, and a file with another sha256 is refused before any host is touched", async () => {
    const other = randomBytes(400_000);
    const wanted = createHash("sha256").update(other).digest("hex");
    writeFileSync(`${lab.folder}/app.bin`, other);
    named(`{ file: ../../app.bin, sha256: ${"b".repeat(64)} }`);
    const refused = await run("run", "site.ts");
    assert.equal(refused.code, 1);
    assert.equal(refused.stdout, "");
    assert.match(refused.stderr, new RegExp(`app\\.bin has the sha256 ${wanted}, not b{64}`));
    assert.deepEqual(await sums(), [sha256, sha256]);
    named(`{ file: ../../app.bin, sha256: ${wanted} }`);
    const changed = await run("run", "site.ts");
    assert.equal(changed.code, 0, changed.stdout + changed.stderr);
    assert.deepEqual(await sums(), [wanted, wanted]);
  });

  it("leave a saved plan as it is, whether they are in the cache or not", async () => {
    named(`{ url: "${server.url}/app", sha256: ${sha256} }`);
    const cacheless = await hawser(lab.folder, ["plan", "site.ts", "-o", `${lab.folder}/plan.json`, "-i", inventory], { cwd: lab.folder, env: { XDG_CACHE_HOME: path.join(lab.folder, "empty") } });
    assert.equal(cacheless.code, 0, cacheless.stdout + cacheless.stderr);
    const { code, stdout, stderr } = await hawser(lab.folder, ["apply", `${lab.folder}/plan.json`], { cwd: lab.folder, env: { XDG_CACHE_HOME: path.join(lab.folder, "cache") } });
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(await sums(), [sha256, sha256]);
  });
});
