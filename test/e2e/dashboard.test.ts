import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTcp, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openMetrics, world, type WorldOptions } from "../dashboard/world.ts";
import { added, one } from "../roles/harness.ts";
import { plan, without } from "../roles/monitoring-fixture.ts";
import { Browser, noBrowser, type Page } from "./browser.ts";

const HAWSER = fileURLToPath(new URL("../../bin/hawser.mjs", import.meta.url));
/** Seconds between two values, and how much of them there is. */
const [STEP, PAST] = [15, 4200];
/** Seconds for which the data goes on after the test began, so that it has a present. */
const AHEAD = 600;
const folder = mkdtempSync(path.join(tmpdir(), "hawser-dashboard-"));
const children: ChildProcess[] = [];

async function freePort(): Promise<number> {
  const server = createTcp().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function until(what: string, ask: () => Promise<boolean>, seconds = 90): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await ask().catch(() => false))) {
    if (Date.now() > deadline) assert.fail(`no ${what} within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A real Prometheus with the role's own rules, and a past that was made for it. */
async function prometheus(name: string, options: WorldOptions, port?: number): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const home = path.join(folder, name);
  mkdirSync(home, { recursive: true });
  const end = Math.floor(Date.now() / 1000);
  const text = openMetrics(world(options), { end, seconds: PAST, step: STEP, beyond: AHEAD });
  writeFileSync(path.join(home, "past.txt"), text);
  const made = spawnSync("promtool", ["tsdb", "create-blocks-from", "openmetrics", path.join(home, "past.txt"), path.join(home, "data")], { encoding: "utf8" });
  assert.equal(made.status, 0, made.stderr);
  writeFileSync(path.join(home, "rules.yml"), added(one(plan("debian-12"), "hawser-alerts.yml")));
  writeFileSync(path.join(home, "prometheus.yml"), "global: { evaluation_interval: 1s }\nrule_files: [rules.yml]\n");
  const own = port ?? (await freePort());
  const child = spawn("prometheus", [`--config.file=${path.join(home, "prometheus.yml")}`, `--storage.tsdb.path=${path.join(home, "data")}`, "--storage.tsdb.retention.time=10y", `--web.listen-address=127.0.0.1:${own}`, "--log.level=error"], { stdio: "ignore" });
  children.push(child);
  const url = `http://127.0.0.1:${own}`;
  await until("Prometheus", async () => (await fetch(`${url}/-/ready`)).ok);
  return { url, child };
}

/** `hawser dashboard` as a user starts it. */
async function dashboard(...args: readonly string[]): Promise<{ readonly url: string; readonly child: ChildProcess; readonly said: () => string }> {
  const child = spawn(process.execPath, [HAWSER, "dashboard", "--port", "0", "--every", "1", ...args], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1" } });
  children.push(child);
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  await until("page", () => Promise.resolve(out.includes("\n") || child.exitCode !== null));
  return { url: out.trim(), child, said: () => err };
}

async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, "exit");
  child.kill(signal);
  return ((await ended) as [number | null])[0];
}

void describe("the dashboard in a real browser, from a real Prometheus", { skip: noBrowser() || without("prometheus", "promtool"), timeout: 400_000 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await Browser.start();
  });
  after(async () => {
    await browser.close();
    for (const child of children) await end(child, "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  const texts = (page: Page, selector: string) => page.eval<string[]>(`[...document.querySelectorAll(${JSON.stringify(selector)})].filter((e) => e.checkVisibility()).map((e) => e.textContent.replace(/\\s+/g, " ").trim())`);
  const rows = (page: Page, section: string) => page.eval<string[][]>(`[...document.querySelectorAll("#${section} tbody tr")].map((row) => [...row.cells].map((e) => e.textContent.replace(/\\s+/g, " ").trim()))`);
  const picture = async (page: Page, name: string): Promise<void> => {
    const target = process.env["HAWSER_PICTURES"];
    if (target !== undefined) writeFileSync(path.join(target, `${name}.png`), await page.screenshot());
  };

  void test("shows regions, both ends of the link, the holder and replication, and loads nothing from elsewhere", async () => {
    const { url } = await prometheus("well", {});
    const shown = await dashboard("--prometheus", url);
    const page = await browser.open(shown.url, { width: 1360, height: 2300 });
    assert.deepEqual(await texts(page, ".summary"), ["✔ All is well"]);
    assert.deepEqual(await texts(page, ".region .title"), ["la", "sg", "witness"]);
    assert.deepEqual((await rows(page, "links")).map((row) => row.slice(0, 4)), [["la-1 to sg-1 gre1", "✔ up", "✔ established", "✔ protected"], ["sg-1 to la-1 gre1", "✔ up", "✔ established", "✔ protected"]]);
    assert.deepEqual(await texts(page, ".vip"), ["10.0.0.100 is on la-1"]);
    assert.deepEqual((await rows(page, "replication"))[0]?.slice(0, 3), ["app on la-1", "pgl_app_sg", "✔ taken"]);
    assert.match((await texts(page, ".turns li")).join("; "), /traffic from la-1 to sg takes the tunnel again.*takes the public path/);
    assert.match((await texts(page, ".plate .figures"))[0] ?? "", /^17\d ms · 0 % lost$/);
    assert.deepEqual(await page.eval("performance.getEntriesByType('resource').map((each) => new URL(each.name).origin).filter((each) => each !== location.origin)"), []);
    assert.deepEqual(page.errors, []);
    await picture(page, "well-light");
    await page.media({ scheme: "dark" });
    assert.notEqual(await page.eval("getComputedStyle(document.body).backgroundColor"), "rgb(244, 246, 249)");
    await picture(page, "well-dark");
    assert.equal(await end(shown.child, "SIGINT"), 0);
  });

  void test("a tunnel that is cut is an alert and a public path in use; what lies behind it is unknown", async () => {
    const { url } = await prometheus("cut", { cut: 400 });
    const shown = await dashboard("--prometheus", url);
    const page = await browser.open(`${shown.url}?range=15m`, { width: 1360, height: 2300 });
    await until("alert", async () => (await texts(page, ".alerts li")).some((each) => each.includes("BfdDown")));
    assert.match((await texts(page, ".summary"))[0] ?? "", /✖ .*critical alert.*1 link down, no answer from sg-1/);
    const [near, far] = await rows(page, "links");
    assert.deepEqual([near?.slice(0, 5), near?.at(-1)], [["la-1 to sg-1 gre1", "✖ down", "✖ down", "✖ no SA", "unknown"], "public"]);
    assert.deepEqual([far?.slice(0, 5), far?.at(-1)], [["sg-1 to la-1 gre1 states too old", "? unknown", "? unknown", "? unknown", "unknown"], "unknown"]);
    assert.deepEqual(await texts(page, ".plate .name"), ["✖ gre1 down", "✔ public up in use"]);
    assert.match((await texts(page, ".turns li"))[0] ?? "", /went down|public path/);
    await picture(page, "cut-light");
    await page.media({ scheme: "dark" });
    await picture(page, "cut-dark");
    assert.deepEqual(page.errors, []);
    await end(shown.child);
  });

  void test("updates itself, says when Prometheus is gone and when it is back, and keeps what it showed", async () => {
    const port = await freePort();
    const first = await prometheus("first", {}, port);
    const shown = await dashboard("--prometheus", first.url);
    const page = await browser.open(shown.url, { width: 1360, height: 900 });
    const at = () => page.eval<string>("document.querySelector('#state time').dataset.time");
    const before = await at();
    await until("a later look", async () => (await at()) !== before);
    await end(first.child, "SIGKILL");
    await until("word that it is gone", async () => (await texts(page, "#lost")).some((each) => /Prometheus \(.*\): .*What is shown is of \d/.test(each)));
    assert.deepEqual(await texts(page, ".region .title"), ["la", "sg", "witness"]);
    assert.equal(await page.eval("document.body.classList.contains('lost')"), true);
    await picture(page, "lost");
    await prometheus("second", { holders: ["sg-1"] }, port);
    await until("the new holder", async () => (await texts(page, ".vip"))[0] === "10.0.0.100 is on sg-1");
    assert.deepEqual([await texts(page, "#lost"), await page.eval("document.body.classList.contains('lost')")], [[], false]);
    await end(shown.child);
    await until("word that hawser is gone", async () => (await texts(page, "#lost")).some((each) => each.startsWith("hawser dashboard does not answer any more")));
  });

  void test("has names for its pictures, a table for each, and fits a phone", async () => {
    const { url } = await prometheus("third", { thirdRegion: true, stale: 400 });
    const shown = await dashboard("--prometheus", url);
    const page = await browser.open(shown.url, { width: 390, height: 844 });
    assert.equal(await page.eval("document.documentElement.scrollWidth <= 390"), true);
    assert.deepEqual(await page.eval("[...document.querySelectorAll('svg[role=img]')].filter((each) => !each.getAttribute('aria-label')).length"), 0);
    assert.deepEqual(await page.eval("[document.querySelectorAll('th:not([scope])').length, document.documentElement.lang, document.querySelectorAll('h1').length]"), [0, "en", 1]);
    assert.match((await page.eval<string>("document.querySelector('.map').getAttribute('aria-label')")), /^4 regions; .*la to sg: weak/);
    const { nodes } = await page.send<{ nodes: { role?: { value: string }; name?: { value: string } }[] }>("Accessibility.getFullAXTree");
    const named = nodes.filter(({ role }) => role?.value === "image").map(({ name }) => name?.value ?? "");
    assert.ok(named.length >= 6 && named.every((each) => each !== ""), named.join("; "));
    await picture(page, "phone");
    const wide = await browser.open(shown.url, { width: 1360, height: 1100 });
    await picture(wide, "third");
    await end(shown.child);
  });

  void test("says what answers in place of Prometheus, and refuses pages of other sites", async () => {
    const web = createServer((_, response) => response.end("<h1>hello</h1>")).listen(0, "127.0.0.1");
    await once(web, "listening");
    const { port } = web.address() as AddressInfo;
    const shown = await dashboard("--prometheus", `http://127.0.0.1:${port}`);
    const page = await browser.open(shown.url);
    assert.match((await texts(page, "#lost"))[0] ?? "", /what answers is no Prometheus: <h1>hello<\/h1>/);
    const asked = new URL(shown.url);
    const { request } = await import("node:http");
    const code = await new Promise<number>((resolve) => request({ port: asked.port, host: "127.0.0.1", headers: { host: "evil.example" } }, (response) => resolve(response.statusCode ?? 0)).end());
    assert.equal(code, 403);
    assert.equal((await fetch(`${shown.url}view?range=9y`)).status, 400);
    assert.equal((await fetch(`${shown.url}etc/passwd`)).status, 404);
    assert.equal((await fetch(shown.url, { method: "POST" })).status, 405);
    web.close();
    await end(shown.child);
  });
});
