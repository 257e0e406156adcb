import assert from "node:assert/strict";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { HawserError, planOf, recorded, use, type Use } from "hawser";
import { fillIncludes, included } from "../../scripts/reference/includes.ts";
import { KeptFiles } from "../../src/inventory/index.ts";
import { runPlays, scratch, type Ran, type Setting } from "../engine/harness.ts";
import { cache } from "./cache/role.ts";
import { certificate } from "./certificate/role.ts";
import { drifted } from "./library.ts";
import { late } from "./late/role.ts";
import { mesh } from "./mesh/role.ts";
import { failing, refused } from "./mistakes.ts";
import { motd } from "./motd/role.ts";
import { pooled } from "./pool/role.ts";
import shop from "./release/playbook.ts";
import { release } from "./release/role.ts";
import { rolling } from "./rolling/role.ts";
import site from "./site.ts";
import { clock } from "./timezone.ts";
import { vault } from "./vault/role.ts";
import { web } from "./web/role.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

const runUse = async (role: Use, { play, ...setting }: Setting = {}): Promise<Ran> => await runPlays([{ name: "examples", hosts: "all", roles: [role], ...play }], setting);

const failures = (ran: Ran): unknown => ran.events.flatMap((event) => (event.event === "resource" && event.failure ? [event.failure] : event.event === "failure" ? [event.failure] : []));

test("motd: one file from a template", () => {
  const [file, ...rest] = planOf(use(motd, { contact: "ada@example.org", rules: ["be kind"] }), recorded("debian-12"), { host: "web-1", seen: { "motd/file:/etc/motd": { out: "absent\n", code: 0 } } });
  assert.equal(rest.length, 0);
  assert.match(file?.diff ?? "", /^\+web-1, Debian GNU\/Linux 12 \(bookworm\)\. Questions: ada@example\.org\n\+- be kind$/m);
});

test("cache: what is refused, warned of and asserted", () => {
  const warnings: string[] = [];
  const plan = (vars: object, peer: object) => planOf(use(cache, vars), recorded("debian-12"), { host: "a", peers: { b: peer }, onWarning: (message) => void warnings.push(message) });
  assert.throws(() => plan({ primary: true }, { primary: true }), /a and b are both the primary/);
  assert.ok(plan({ persist: false }, { primary: true }).some(({ id }) => id.includes("replicaof")));
  assert.deepEqual(warnings, ["cache.persist is false: a restart loses everything"]);
});

test("web: vars, facts and conditions", () => {
  const ids = planOf(use(web, { sites: [{ name: "a.example", upstream: "127.0.0.1:1" }], status_port: 8081 }), recorded("debian-12"), { roleFacts: { openFiles: 1024 } }).map(({ id }) => id);
  assert.deepEqual(ids, [
    "web/package:nginx",
    "web/service:nginx.service",
    "web/file:/etc/nginx/sites-enabled/a.example.conf",
    "web/file:/etc/nginx/sites-enabled/default",
    "web/unit:nginx.service/files",
    "web/file:/etc/nginx/sites-enabled/status.conf",
    "web/gate:answers",
  ]);
});

test("certificate: checks that look, applies in shell and zx, and a prediction that comes true", async (t) => {
  const folder = `${scratch(t)}/certificate`;
  const check = await runUse(use(certificate, { folder }), { check: true });
  const apply = await runUse(use(certificate, { folder }));
  assert.equal(apply.recap.result, "ok", JSON.stringify(failures(apply)));
  assert.deepEqual(Object.values(check.outcomes()), Object.values(apply.outcomes()).map((outcome) => (outcome === "changed" ? "would-change" : outcome)));
  assert.match(readFileSync(`${folder}/cert.pem`, "utf8"), /BEGIN CERTIFICATE/);
  assert.deepEqual(Object.values((await runUse(use(certificate, { folder }))).outcomes()), ["ok", "ok", "ok"]);
});

test("late: values that the host gives", async (t) => {
  const folder = scratch(t);
  writeFileSync(`${folder}/VERSION`, "1.2\n");
  writeFileSync(`${folder}/disks`, "a\nb\n");
  const ran = await runUse(use(late, { folder }));
  assert.equal(ran.recap.result, "ok", JSON.stringify(failures(ran)));
  assert.equal(readFileSync(`${folder}/release`, "utf8"), "release 1.2\n");
  assert.equal(readFileSync(`${folder}/registered`, "utf8"), "1.2\n");
  assert.ok(existsSync(`${folder}/a`) && existsSync(`${folder}/b`));
});

test("mesh: hosts take one another's values", async (t) => {
  const folder = scratch(t);
  mkdirSync(`${folder}/h1`);
  mkdirSync(`${folder}/h2`);
  // Both hosts are this machine, so each gets a folder of its own.
  const both = use(mesh, (host) => ({ folder: `${folder}/${host.name}/mesh` }));
  const ran = await runUse(both, { hosts: ["h1", "h2"] });
  assert.equal(ran.recap.result, "ok", JSON.stringify(failures(ran)));
  assert.deepEqual(readdirSync(`${folder}/h1/mesh`).sort(), ["h2.pub", "own.pem"]);
  assert.match(readFileSync(`${folder}/h2/mesh/h1.pub`, "utf8"), /BEGIN PUBLIC KEY/);
});

test("rolling: what does not come up is put back", async (t) => {
  const folder = `${scratch(t)}/app`;
  assert.equal((await runUse(use(rolling, { folder }))).recap.result, "ok");
  const ran = await runUse(use(rolling, { folder, workers: 0 }));
  assert.equal(ran.recap.result, "failed");
  assert.match(ran.event("gate:healthy").failure?.stderr ?? "", /still closed after 1 s/);
  assert.equal(readFileSync(`${folder}/app.conf`, "utf8"), "workers 4\n");
  assert.ok(ran.events.some((event) => event.event === "warning" && event.message.includes("failed and was rolled back")));
});

test("release: the playbook's batches, and a failure that is made good but not passed by the gate", async (t) => {
  assert.deepEqual(shop.plays[0]?.serial, [1, "25%", "100%"]);
  const folder = `${scratch(t)}/shop`;
  assert.equal((await runUse(use(release, { folder, version: "7" }))).recap.result, "ok");
  const ran = await runUse(use(release, { folder, version: "0" }), { play: { gate: { verify: true, within: 0 } } });
  assert.equal(ran.event("task:start").outcome, "rescued");
  assert.match(JSON.stringify(failures(ran)), /the assertion release\/version is 7, and must be = 0/);
});

test("pooled: drained on the load balancer, upgraded, put back, one host at a time", async (t) => {
  const dir = scratch(t);
  mkdirSync(`${dir}/pool`);
  for (const name of ["web1", "web2"]) writeFileSync(`${dir}/pool/${name}`, "");
  const role = (version: string): Use => use(pooled, (host) => ({ balancer: "lb", pool: `${dir}/pool`, folder: `${dir}/${host.name}`, database: `${dir}/schema`, version }));
  const setting = { hosts: ["lb", "web1", "web2"], play: { hosts: "web1,web2" } };
  const check = await runUse(role("7"), { ...setting, check: true });
  assert.deepEqual([check.event("drain on lb", "web1").outcome, check.event("put back on lb", "web1").outcome], ["would-change", "would-change"]);
  const ran = await runUse(role("7"), setting);
  assert.equal(ran.recap.result, "ok", JSON.stringify(failures(ran)));
  assert.equal(readFileSync(`${dir}/web2/release`, "utf8"), "7 with schema 7\n");
  assert.deepEqual(readdirSync(`${dir}/pool`).sort(), ["web1", "web2"]);
  const again = await runUse(role("7"), setting);
  assert.deepEqual([...new Set(Object.values(again.outcomes("web1")))].sort(), ["ok", "skipped"]);
});

test("vault: an output that comes once is kept", async (t) => {
  const [folder, inventory] = [`${scratch(t)}/vault`, scratch(t)];
  const identity = await generateIdentity();
  writeFileSync(`${inventory}/recipients.txt`, `${await identityToRecipient(identity)}\n`);
  writeFileSync(`${inventory}/age.txt`, `${identity}\n`, { mode: 0o600 });
  const ran = await runUse(use(vault, { folder }), { kept: new KeptFiles(inventory, { HAWSER_AGE_IDENTITY: `${inventory}/age.txt` }) });
  assert.equal(ran.recap.result, "ok", JSON.stringify(failures(ran)));
  assert.match(readFileSync(`${folder}/token`, "utf8"), /^[0-9a-f]{32}$/);
  assert.ok(existsSync(`${inventory}/kept/h1/vault/keys.age`));
});

test("an own kind plans as the others do", () => {
  const seen = { "clock/timezone:local": { out: "/usr/share/zoneinfo/Etc/UTC\n", code: 0 } };
  const zone = planOf(use(clock, { zone: "Asia/Singapore" }), recorded("debian-12"), { seen }).find(({ kind }) => kind === "timezone");
  assert.equal(zone?.summary, "Etc/UTC -> Asia/Singapore");
  assert.equal(zone?.apply, "ln -sfn /usr/share/zoneinfo/Asia/Singapore /etc/localtime");
});

test("the playbook and the library's example are as the guide says", () => {
  assert.deepEqual(site.plays.map(({ name, roles }) => [name, roles.map((role) => role.name)]), [
    ["everywhere", ["motd"]],
    ["web", ["web", "motd[web]"]],
  ]);
  assert.equal(typeof drifted, "function");
});

/** The message and what to try, without what differs from machine to machine. */
function said(error: { readonly message: string; readonly hint?: string | undefined; readonly stderr?: string | undefined }): string {
  const hint = error.hint === undefined ? "" : `\nhint: ${error.hint}`;
  return `${error.message}${hint}`.replaceAll(`${ROOT}/`, "").replaceAll(/\/tmp\/hawser-engine-\w+/g, "/srv/app");
}

const ERRORS = "test/examples/mistakes.errors.txt";

test("the mistakes in the guide give the errors that stand there", async (t) => {
  const found = new Map<string, string>();
  for (const [name, role] of Object.entries(refused)) {
    try {
      const plan = planOf(role, recorded("debian-12"), { roleFacts: { size: "1" }, seen: { "app/file:/etc/app.conf": { out: "absent\n", code: 0 } } });
      found.set(name, plan.flatMap(({ error, apply }) => error ?? (apply?.startsWith("(") ? apply : [])).join("\n"));
    } catch (error) {
      found.set(name, said(error as HawserError));
    }
  }
  for (const [name, role] of Object.entries(failing)) {
    const ran = await runUse(role(scratch(t)));
    found.set(name, ran.events.flatMap((event) => ("failure" in event && event.failure ? [said(event.failure)] : [])).join("\n"));
  }
  const text = [...found].map(([name, error]) => `// #region ${name}\n${error}\n// #endregion\n`).join("");
  if (process.env["UPDATE_EXAMPLES"]) writeFileSync(path.join(ROOT, ERRORS), text);
  assert.equal(readFileSync(path.join(ROOT, ERRORS), "utf8"), text, "the errors changed: run this test with UPDATE_EXAMPLES=1, then `npm run docs`");
  for (const [name] of found) assert.notEqual(included(ROOT, ERRORS, name), "", name);
});

test("the guides hold the examples word for word", () => {
  for (const guide of ["docs/getting-started.md", "docs/writing-roles.md", "docs/flow.md", "docs/architecture.md"]) {
    if (!existsSync(path.join(ROOT, guide))) continue;
    const text = readFileSync(path.join(ROOT, guide), "utf8");
    assert.equal(fillIncludes(ROOT, text), text, `${guide}: run \`npm run docs\``);
  }
});

test("every code block of the guides for roles and flow is an example", () => {
  for (const guide of ["docs/writing-roles.md", "docs/flow.md"]) {
    const text = readFileSync(path.join(ROOT, guide), "utf8");
    const blocks = [...text.matchAll(/^(.*)\n```ts$/gm)].filter((match) => !(match[1] ?? "").startsWith("<!-- include "));
    assert.deepEqual(blocks.map((match) => text.slice(0, match.index).split("\n").length), [], guide);
  }
});
