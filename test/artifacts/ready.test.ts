import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { artifact, defineRole, play, playbook, use, z, type Artifact } from "hawser";
import { artifactsFolder, cachedFile } from "../../src/artifacts/cache.ts";
import { sumOf } from "../../src/artifacts/sums.ts";
import { resolvePlays, VarsError } from "../../src/engine/resolve.ts";
import { loadInventory } from "../../src/inventory/index.ts";
import { directoryOf } from "../inventory/fixture.ts";

const home = mkdtempSync(path.join(tmpdir(), "hawser-artifacts-"));
const before = { cache: process.env["XDG_CACHE_HOME"], mirror: process.env["HAWSER_ARTIFACT_MIRROR"] };
beforeEach(() => {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home);
  process.env["XDG_CACHE_HOME"] = home;
  delete process.env["HAWSER_ARTIFACT_MIRROR"];
});
after(() => {
  rmSync(home, { recursive: true, force: true });
  for (const [name, value] of [["XDG_CACHE_HOME", before.cache], ["HAWSER_ARTIFACT_MIRROR", before.mirror]] as const) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

const content = Buffer.from("a release");
const sha256 = createHash("sha256").update(content).digest("hex");
const url = "https://releases.example/v1/app.tar.gz";
const app = defineRole(import.meta, { name: "app", summary: "An app.", vars: z.strictObject({ artifact: artifact.optional(), others: z.array(artifact).default([]) }), tasks() {} });

interface Given {
  readonly vars: string;
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly extraVars?: readonly string[];
  readonly all?: string;
  readonly compare?: boolean;
  readonly uses?: Parameters<typeof use<(typeof app)["vars"], Record<never, never>, Record<never, never>>>[1];
}

/** The artifact of the one host. */
/** @param vars Of the one host, as YAML. */
async function ready({ vars, files = {}, extraVars = [], all = "", compare = true, uses }: Given): Promise<{ readonly artifact: Artifact; readonly folder: string }> {
  const folder = directoryOf({ "hosts.yml": `all: { ${all} hosts: { a: } }\n`, "host_vars/a.yml": `app:\n  artifact: ${vars}\n`, ...files });
  const inventory = await loadInventory(folder, { extraVars });
  const [play_] = resolvePlays(playbook(import.meta, [play({ name: "p", hosts: "all", roles: [use(app, uses)] })]), inventory, undefined, { artifacts: compare });
  const [first] = play_?.roles.get("a") ?? [];
  return { artifact: z.object({ artifact: z.custom<Artifact>() }).parse(first?.vars).artifact, folder };
}

/** What is refused, as `file:line:column message (hint)`. */
async function refused(given: Given): Promise<string> {
  try {
    await ready(given);
  } catch (error) {
    if (error instanceof VarsError) return error.problems.map(({ file, line, column, message, hint }) => `${path.basename(file)}:${line}:${column} ${message}${hint === undefined ? "" : ` (${hint})`}`).join("\n");
    throw error;
  }
  throw new Error("it was taken");
}

const cache = (bytes: Buffer, name = sha256): void => {
  mkdirSync(path.dirname(cachedFile(name)), { recursive: true });
  writeFileSync(cachedFile(name), bytes);
};

describe("an artifact before any host is touched", () => {
  it("is left to the hosts where the cache has none", async () => {
    const { artifact: found } = await ready({ vars: `{ url: "${url}", sha256: ${sha256} }` });
    assert.deepEqual(found, { url, sha256, mirror: undefined, localFile: undefined });
  });

  it("is taken from the cache, and from nowhere when the commands about artifacts ask", async () => {
    cache(content);
    const vars = `{ url: "${url}", sha256: ${sha256} }`;
    assert.equal((await ready({ vars })).artifact.localFile, cachedFile(sha256));
    assert.equal((await ready({ vars, compare: false })).artifact.localFile, undefined);
  });

  it("is refused with a cached file that is damaged, with both sums; the file stays", async () => {
    cache(Buffer.from("damaged"));
    const other = createHash("sha256").update("damaged").digest("hex");
    assert.equal(await refused({ vars: `{ url: "${url}", sha256: ${sha256} }` }), `a.yml:2:3 app.artifact: in the cache, ${cachedFile(sha256)} has the sha256 ${other}, not ${sha256} (host a) (hawser artifacts fetch fetches it anew)`);
    assert.ok(existsSync(cachedFile(sha256)));
  });

  it("has its file beside the inventory's file that says it", async () => {
    const { artifact: found, folder } = await ready({ vars: `{ file: ../files/app.tar.gz, sha256: ${sha256} }`, files: { "files/app.tar.gz": content } });
    assert.equal(found.localFile, `${folder}/files/app.tar.gz`);
  });

  it("has its file beside the playbook that says it", async () => {
    const { artifact: found } = await ready({ vars: "", uses: { artifact: { file: "ready.test.ts", sha256: createHash("sha256").update(readFileSync(import.meta.filename)).digest("hex") } } });
    assert.equal(found.localFile, import.meta.filename);
  });

  it("has a file that the command line says in the working directory", async () => {
    const there = directoryOf({ "hosts.yml": "", "app.tar.gz": content });
    const { artifact: found } = await ready({ vars: "", extraVars: [`app={"artifact":{"file":"${path.relative(process.cwd(), there)}/app.tar.gz","sha256":"${sha256}"}}`] });
    assert.equal(found.localFile, `${there}/app.tar.gz`);
  });

  it("is refused with a file that is missing, a folder, or another one, each at its line", async () => {
    assert.match(await refused({ vars: `{ file: app.tar.gz, sha256: ${sha256} }` }), /^a\.yml:2:21 app\.artifact: there is no file \/.*\/host_vars\/app\.tar\.gz \(host a\)$/);
    assert.match(await refused({ vars: `{ file: ., sha256: ${sha256} }` }), /^a\.yml:2:21 app\.artifact: \/.*\/host_vars is a folder \(host a\)$/);
    assert.match(await refused({ vars: `{ file: ../x, sha256: ${"b".repeat(64)} }`, files: { x: content } }), new RegExp(`^a\\.yml:2:35 app\\.artifact: /.*/x has the sha256 ${sha256}, not b{64} \\(host a\\) \\(is it the file`));
    assert.match(await refused({ vars: "", uses: { others: [{ file: "nothing", sha256 }] } }), /^ready\.test\.ts:\d+:\d+ app\.others\.0: there is no file \/.*\/test\/artifacts\/nothing \(host a\)$/);
  });

  it("has the mirror of the artifact, of the host, or of the environment", async () => {
    const of = async (given: Partial<Given>, own = ""): Promise<string | undefined> => (await ready({ vars: `{ url: "${url}", sha256: ${sha256}${own} }`, ...given })).artifact.mirror;
    const host = { all: "vars: { artifact_mirror: https://host.example }," };
    assert.equal(await of({}), undefined);
    process.env["HAWSER_ARTIFACT_MIRROR"] = "https://env.example/{host}";
    assert.equal(await of({}), "https://env.example/{host}");
    assert.equal(await of(host), "https://host.example");
    assert.equal(await of(host, ", mirror: https://own.example"), "https://own.example");
  });

  it("is refused with a mirror that is none", async () => {
    const vars = `{ url: "${url}", sha256: ${sha256} }`;
    assert.match(await refused({ vars, all: "vars: { artifact_mirror: mirror.example }," }), /^hosts\.yml:1:33 artifact_mirror is a URL, not "mirror\.example" \(host a\) \(such as/);
    process.env["HAWSER_ARTIFACT_MIRROR"] = "mirror.example";
    assert.match(await refused({ vars }), /^ready\.test\.ts:\d+:\d+ HAWSER_ARTIFACT_MIRROR is a URL, not "mirror\.example"/);
  });
});

describe("a sha256", () => {
  it("is remembered, and worked out again when the file has changed", () => {
    const file = path.join(home, "file");
    writeFileSync(file, content);
    // A file that has just been written is not remembered.
    const sums = path.join(artifactsFolder(), "sums.json");
    do assert.equal(sumOf(file), sha256);
    while (!existsSync(sums));
    assert.match(readFileSync(sums, "utf8"), new RegExp(sha256));
    assert.equal(sumOf(file), sha256);
    writeFileSync(file, "b release");
    utimesSync(file, 1, 1);
    assert.equal(sumOf(file), createHash("sha256").update("b release").digest("hex"));
  });

  it("is worked out where nothing can be remembered, or what is remembered is damaged", () => {
    const file = path.join(home, "other");
    writeFileSync(file, content);
    mkdirSync(artifactsFolder(), { recursive: true });
    writeFileSync(path.join(artifactsFolder(), "sums.json"), "{ damaged");
    assert.equal(sumOf(file), sha256);
    writeFileSync(path.join(home, "blocked"), "");
    process.env["XDG_CACHE_HOME"] = path.join(home, "blocked");
    writeFileSync(file, content);
    assert.equal(sumOf(file), sha256);
  });
});
