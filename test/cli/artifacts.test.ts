import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, before, beforeEach, describe, it } from "node:test";
import { serve, whole, type Server } from "../artifacts/server.ts";
import { hawser, LOCAL, project, writeAll, type Said } from "./hawser.ts";

const content = randomBytes(5000);
const sum = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");
const sha256 = sum(content);

const SITE = `import { artifact, defineRole, play, playbook, use, z } from "hawser";
const app = defineRole(import.meta, { name: "app", summary: "An app.", vars: z.strictObject({ artifact, folder: z.string().default("/srv") }), tasks({ t, vars }) {
  t.download(vars.folder + "/app", { ...vars.artifact, mode: "0755" });
} });
const other = defineRole(import.meta, { name: "other", summary: "Another.", vars: z.strictObject({ releases: z.array(artifact).default([]) }), tasks() {} });
export default playbook(import.meta, [play({ name: "p", hosts: "web", roles: [use(app), use(other)] })]);
`;

let server: Server;
before(async () => {
  server = await serve((request, response, time) => (request.url === "/app" ? whole(content)(request, response, time) : request.url === "/wrong" ? void response.end("wrong") : void response.writeHead(404).end()));
});
after(async () => await server.stop());

const folder = project({ after }, { "site.ts": SITE, "inv/hosts.yml": LOCAL });
const cached = `${folder}/cache/hawser/artifacts/sha256/${sha256}`;
beforeEach(() => {
  for (const name of ["cache/hawser/artifacts", "inv/group_vars", "srv"]) rmSync(`${folder}/${name}`, { recursive: true, force: true });
  server.asked.length = 0;
});

/** @param vars Of the group web, as YAML. */
async function run(vars: string, ...args: readonly string[]): Promise<Said> {
  writeAll(folder, { "inv/group_vars/web.yml": vars });
  return await hawser(folder, [...args, "-i", "inv"], { env: { XDG_CACHE_HOME: `${folder}/cache`, HAWSER_RUNS: `${folder}/runs` } });
}
const vars = (path = "/app", sha = sha256): string => `app: { folder: ${folder}/srv, artifact: { url: "${server.url}${path}", sha256: ${sha} } }\n`;

describe("hawser artifacts", () => {
  it("fetches once what several hosts need, and then has it", async () => {
    const first = await run(vars(), "artifacts", "fetch", "site.ts");
    assert.deepEqual([first.code, first.err], [0, ""]);
    assert.match(first.out, /^ {2}\+ fetched {2}app\.artifact {2}4\.9 KiB in .* s\n1 artifact: 0 here, 1 fetched, to .*\/cache\/hawser\/artifacts\n$/);
    assert.deepEqual(readFileSync(cached), content);
    const second = await run(vars(), "artifacts", "fetch", "site.ts");
    assert.deepEqual([second.code, second.out], [0, "1 artifact: 1 here, 0 fetched\n"]);
    assert.deepEqual(server.asked, ["GET /app"]);
  });

  it("says with --check what it would fetch, and fetches nothing", async () => {
    const { code, out } = await run(vars(), "artifacts", "fetch", "site.ts", "--check");
    assert.deepEqual([code, out], [0, `  ~ would fetch  app.artifact  ${server.url}/app\n1 artifact: 0 here, 1 would be fetched\n`]);
    assert.deepEqual([existsSync(cached), server.asked.length], [false, 0]);
  });

  it("lists what there is, as a table and as JSON", async () => {
    writeAll(folder, { "inv/app.tar.gz": "a file", "inv/bad.tar.gz": "bad" });
    const more = `${vars()}other: { releases: [{ file: ../app.tar.gz, sha256: ${sum("a file")} }, { file: ../bad.tar.gz, sha256: ${"b".repeat(64)} }] }\n`;
    const { code, out } = await run(more, "artifacts", "list", "site.ts");
    assert.equal(code, 0);
    assert.match(out, /^ARTIFACT +HOSTS +SIZE +STATE +FROM\napp\.artifact +2 +- +to be fetched +http:\/\/\S+\/app\nother\.releases\.0 +2 +6 B +a file here +\/\S+\/inv\/app\.tar\.gz\nother\.releases\.1 +2 +- +damaged +\/\S+\/inv\/bad\.tar\.gz\n\ndamaged: \S+bad\.tar\.gz has the sha256 \w{64}, not b{64}\n3 artifacts, 1 here\n$/);
    const rows = (await run(more, "artifacts", "list", "site.ts", "-o", "json")).out.trim().split("\n").map((line) => JSON.parse(line) as { vars: string[]; state: string; hosts: string[] });
    assert.deepEqual(rows.map(({ vars: names, state, hosts }) => [names[0], state, hosts]), [["app.artifact", "missing", ["web-1", "web-22"]], ["other.releases.0", "file", ["web-1", "web-22"]], ["other.releases.1", "damaged", ["web-1", "web-22"]]]);
  });

  it("fetches the others when one cannot be had, and exits 1", async () => {
    const { code, out } = await run(`${vars()}other: { releases: [{ url: "${server.url}/wrong", sha256: ${"b".repeat(64)} }, { url: "${server.url}/gone", sha256: ${"c".repeat(64)} }, { file: nothing, sha256: ${"d".repeat(64)} }] }\n`, "artifacts", "fetch", "site.ts");
    assert.equal(code, 1);
    assert.match(out, new RegExp(`✖ failed {2}other\\.releases\\.0 {2}\\S+/wrong has the sha256 ${sum("wrong")}, not b{64}\n {6}try: compare`));
    assert.match(out, /✖ failed {2}other\.releases\.1 {2}\S+\/gone answers with HTTP 404\n {6}try: is it the right version/);
    assert.match(out, /✖ failed {2}other\.releases\.2 {2}there is no file \S+\/inv\/group_vars\/nothing\n/);
    assert.match(out, /4 artifacts: 0 here, 1 fetched, 3 failed, to /);
    assert.ok(existsSync(cached));
  });

  it("tells of each as a line of JSON", async () => {
    const { code, out } = await run(vars(), "artifacts", "fetch", "site.ts", "-o", "json");
    const { event, bytes, vars: names } = JSON.parse(out) as { event: string; bytes: number; vars: string[] };
    assert.deepEqual([code, event, bytes, names], [0, "fetched", 5000, ["app.artifact"]]);
  });

  it("fetches anew what is damaged in the cache, which a run refuses before any host is touched", async () => {
    await run(vars(), "artifacts", "fetch", "site.ts");
    writeFileSync(cached, "damaged");
    const refused = await run(vars(), "run", "site.ts", "--check");
    assert.deepEqual([refused.code, refused.out], [1, ""]);
    assert.match(refused.err, new RegExp(`^error: app\\.artifact: in the cache, ${cached} has the sha256 ${sum("damaged")}, not ${sha256}.*\\n {2}at inv/group_vars/web\\.yml:1:\\d+\\n[^]*try: hawser artifacts fetch`));
    assert.equal((await run(vars(), "artifacts", "fetch", "site.ts")).code, 0);
    assert.deepEqual(readFileSync(cached), content);
  });

  it("refuses one URL with two sha256", async () => {
    const { code, err } = await run(`${vars()}other: { releases: [{ url: "${server.url}/app", sha256: ${"b".repeat(64)} }] }\n`, "artifacts", "fetch", "site.ts");
    assert.equal(code, 1);
    assert.match(err, new RegExp(`/app has two sha256: ${sha256} in app\\.artifact of web-1, web-22, and b{64} in other\\.releases\\.0 of web-1, web-22\n {2}try: one of them is wrong`));
  });

  it("refuses what is no sha256 at its line, and a limit of nobody", async () => {
    const bad = await run(vars("/app", "abc"), "artifacts", "list", "site.ts");
    assert.match(bad.err, /^error: app\.artifact\.sha256: a sha256 is 64 hexadecimal digits in lower case, not 3 characters.*\n {2}at inv\/group_vars\/web\.yml:1:\d+\n/);
    const nobody = await run(vars(), "artifacts", "list", "site.ts", "--limit", "wbe-1");
    assert.equal(nobody.code, 1);
    assert.match(nobody.err, /web-1/);
  });

  it("says when there is none", async () => {
    writeAll(folder, { "none.ts": 'import { play, playbook } from "hawser";\nexport default playbook(import.meta, [play({ name: "p", hosts: "web", roles: [] })]);\n' });
    assert.equal((await run(vars(), "artifacts", "list", "none.ts")).out, "no role of this playbook brings an artifact\n");
    assert.equal((await run(vars(), "artifacts", "fetch", "none.ts")).out, "0 artifacts: 0 here, 0 fetched\n");
  });
});
