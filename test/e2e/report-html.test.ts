import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { RunEvent, Unstamped } from "../../src/engine/events.ts";
import { reportFormat, RunRecord, VerifyRecord, writeWhole } from "../../src/report/index.ts";
import { bigRun } from "../report/big-run.ts";
import { counts, recording, resource } from "../report/recording.ts";
import { Browser, noBrowser, type Page } from "./browser.ts";

const HOSTILE = `</script><script>document.title="owned"</script><img src=x onerror="document.title='owned'">"' onmouseover=x ]]> <!-- \u202e`;

void describe("the HTML report in a real browser", { skip: noBrowser(), timeout: 120_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-html-"));
  let browser: Browser;
  before(async () => {
    browser = await Browser.start();
  });
  after(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function shown(name: string, events: readonly (RunEvent | Unstamped)[], size?: { width: number; height: number }): Promise<Page> {
    const record = new RunRecord(new Date("2026-01-02T03:04:05Z"));
    for (const event of events) record.on({ at: 0, ...event });
    const format = await reportFormat("x.html")?.();
    const file = path.join(folder, `${name}.html`);
    const regions = [...record.hosts.keys()].map((host) => ({ name: host, region: host.slice(0, 2) }));
    writeWhole(file, format?.run({ record, regions, cwd: "/srv/site" }) ?? []);
    return await browser.open(pathToFileURL(file).href, size);
  }
  const texts = (page: Page, selector: string) => page.eval<string[]>(`[...document.querySelectorAll(${JSON.stringify(selector)})].filter((e) => e.checkVisibility()).map((e) => e.textContent)`);

  void test("failures come first, with place, standard error and what to try, and nothing is loaded or complained of", async () => {
    const page = await shown("recording", recording());
    assert.equal(await page.eval("document.querySelector('main > section').id"), "failures");
    const [failure = ""] = await texts(page, ".failure");
    for (const part of ["✖ failed", "sg-gw-1", "strongswan/task:initiate", "swanctl --initiate --child sg failed (exit code 22)", "roles/strongswan/role.ts:41:7", "[IKE] attempt 23: no response", "Try: check that UDP 500 and 4500"]) assert.ok(failure.includes(part), part);
    assert.deepEqual(await texts(page, "h1"), ["playbooks/site.ts"]);
    assert.deepEqual(await texts(page, "#hosts tbody th"), ["sg-gw-1", "la-gw-1", "sg-db-1"]);
    assert.match((await texts(page, "#warnings p"))[0] ?? "", /sg-db-1 the clock is 4 s behind/);
    assert.deepEqual(await page.eval("performance.getEntriesByType('resource').map((each) => each.name)"), []);
    assert.deepEqual(page.errors, []);
  });

  void test("a change opens on its diff, whose words that differ are marked", async () => {
    const page = await shown("diff", recording());
    assert.deepEqual(await texts(page, "details pre"), []);
    await page.eval("document.querySelector('details summary').click()");
    assert.deepEqual(await texts(page, "details .old"), ["-  mtu = 1400"]);
    assert.deepEqual(await texts(page, "details mark"), ["1400", "1360"]);
    await page.eval("document.querySelector('[data-open=none]').click()");
    assert.deepEqual(await texts(page, "details pre"), []);
    await page.eval("document.querySelector('[data-open=all]').click()");
    assert.equal((await texts(page, "details .more")).length, 3);
  });

  void test("the filter leaves what has all its words, by key and by hand, and Escape ends it", async () => {
    const page = await shown("filter", recording());
    await page.press("/");
    assert.equal(await page.eval("document.activeElement.id"), "filter");
    await page.type("la-gw-1 changed");
    assert.deepEqual(await texts(page, "#hosts tbody th"), ["la-gw-1"]);
    assert.deepEqual(await texts(page, ".failure"), []);
    assert.equal((await texts(page, "details.change")).length, 2);
    assert.deepEqual(await texts(page, "#timeline .lane[data-host] .name"), ["la-gw-1"]);
    assert.deepEqual(await texts(page, "#hosts .shown"), ["1 of 3 shown"]);
    await page.eval("document.getElementById('filter').select()");
    await page.type("kernel module");
    assert.equal((await texts(page, "details.change")).length, 1);
    assert.equal((await texts(page, "#timeline .lane[data-host]")).length, 3, "about no host: the picture stays");
    await page.press("Escape");
    assert.equal((await texts(page, "details.change")).length, 3);
  });

  void test("what hosts, playbooks and hints say is text, whatever it is", async () => {
    const host = `la${HOSTILE}`;
    const page = await shown("hostile", [
      { event: "start", playbook: HOSTILE, check: false, plays: [HOSTILE], hosts: [host] },
      { event: "play", play: HOSTILE, index: 0, hosts: [host], roles: [HOSTILE] },
      { event: "warning", host, message: HOSTILE },
      { event: "failure", failure: { message: HOSTILE, host, hint: HOSTILE } },
      resource(host, `r/file:${HOSTILE}`, "changed", { summary: HOSTILE, diff: `--- a\n+++ b\n@@ -1 +1 @@\n-${HOSTILE}\n+x${HOSTILE}\n`, seconds: 1 }),
      resource(host, `r/task:${HOSTILE}`, "failed", { failure: { message: HOSTILE, stderr: HOSTILE, hint: HOSTILE } }),
      { event: "recap", result: "failed", hosts: { [host]: counts({ failed: 1 }) }, pendingHandlers: { [host]: [HOSTILE] }, seconds: 2 },
    ]);
    await page.eval("document.querySelectorAll('details').forEach((each) => (each.open = true))");
    assert.ok(!(await page.eval<string>("document.title")).startsWith("owned"));
    assert.deepEqual(await page.eval("[document.scripts.length, document.images.length, document.querySelectorAll('[onmouseover],[onerror]').length]"), [1, 0, 0]);
    assert.ok((await texts(page, "details .new"))[0]?.startsWith(`+x</script><script>document.title="owned"`));
    assert.deepEqual(page.errors, []);
  });

  void test("the arrow keys walk through the pictures, and Enter opens what happened there", async () => {
    const page = await shown("keys", bigRun({ hosts: 4, resources: 20, changes: 4 }));
    await page.eval("document.querySelector('.grid').focus()");
    await page.press("ArrowDown");
    assert.match((await texts(page, "#resources .said"))[0] ?? "", /^la-node-01 {2}\+ changed base\/file:\/etc\/app\/part-0/);
    await page.press("ArrowRight");
    await page.press("ArrowDown");
    assert.match((await texts(page, "#resources .said"))[0] ?? "", /^sg-node-01 {2}\S changed base\/package:tool-1/);
    await page.press("Enter");
    assert.equal((await texts(page, "details[open]")).length, 1);
    assert.match((await texts(page, "details[open]"))[0] ?? "", /base\/package:tool-1.*sg-node-01/s);
  });

  void test("the timeline zooms in and back", async () => {
    const page = await shown("zoom", bigRun({ hosts: 3, resources: 20 }));
    const width = () => page.eval<number>("Math.round(document.querySelector('.time .track').getBoundingClientRect().width)");
    const whole = await width();
    await page.eval("document.querySelector('[data-zoom=\"2\"]').click()");
    assert.equal(await width(), whole * 2);
    await page.eval("document.querySelector('.time').focus()");
    await page.press("+");
    assert.equal(await width(), whole * 4);
    await page.press("0");
    assert.equal(await width(), whole);
    assert.deepEqual(page.errors, []);
  });

  void test("50 hosts with 200 resources are drawn, and fit a desk and a phone", async () => {
    for (const width of [1280, 390]) {
      const page = await shown(`big-${width}`, bigRun({ hosts: 50, resources: 200 }), { width, height: 800 });
      assert.equal(await page.eval("document.querySelectorAll('.grid [data-host]').length"), 50);
      assert.equal(await page.eval("document.querySelectorAll('.grid rect[class]:not(.band)').length"), 48 * 200 + 121);
      assert.ok((await page.eval<number>("document.documentElement.scrollWidth")) <= width, "nothing is wider than the window");
      assert.ok((await page.eval<number>("Math.min(...[...document.querySelectorAll('.grid rect.ok')].map((each) => each.getBoundingClientRect().width))")) >= 3, "a cell can be seen");
      assert.deepEqual(page.errors, []);
    }
  });

  void test("1000 hosts that fared alike share a row of the resources, and the slowest are in the timeline", async () => {
    const page = await shown("fleet", bigRun({ hosts: 1000, resources: 50, changes: 0 }));
    assert.deepEqual(await texts(page, ".grid [data-host] .name"), ["998 hosts", "la-node-02", "sg-node-03"]);
    assert.equal((await texts(page, ".time [data-host]")).length, 200);
    assert.match((await texts(page, "#timeline p"))[0] ?? "", /^and 800 hosts that came through in less than/);
  });

  void test("text can be read on a dark and on a light screen, and a print shows what is open", async () => {
    const page = await shown("dark", recording());
    // WCAG 2.2, 1.4.3: 4.5 to 1.
    const weakest = `(() => {
      const channel = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
      const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
      const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
      const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
      let worst = 99;
      for (const e of document.querySelectorAll('h1,h2,h3,p,a,td,th,code,summary span,pre span,pre mark,button,.name')) {
        if (!e.checkVisibility() || e.textContent.trim() === '') continue;
        const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))];
        worst = Math.min(worst, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
      }
      return worst;
    })()`;
    await page.eval("document.querySelectorAll('details').forEach((each) => (each.open = true))");
    const papers = new Set<string>();
    for (const scheme of ["light", "dark"] as const) {
      await page.media({ scheme });
      papers.add(await page.eval<string>("getComputedStyle(document.body).backgroundColor"));
      const contrast = await page.eval<number>(weakest);
      assert.ok(contrast >= 4.5, `${scheme}: ${contrast.toFixed(2)}`);
    }
    assert.equal(papers.size, 2);
    await page.media({ print: true });
    assert.deepEqual(await texts(page, ".bar"), []);
    assert.equal((await page.pdf()).subarray(0, 5).toString(), "%PDF-");
  });

  void test("the picture of a verification has the regions, their hosts, and the links as measured", async () => {
    const record = new VerifyRecord("network", new Date("2026-01-02T03:04:05Z"));
    const source = { file: "/srv/site/health.ts", line: 3, column: 4 };
    const bfd = (host: string, link: string, ok: boolean) => record.on({ event: "assertion", host, role: "bfd", name: `BFD with ${link}`, value: ok ? "up" : "down", unit: "", limit: "= up", ok, link, source, ...(!ok && { hint: "look" }) });
    bfd("la-1", "sg-1", true);
    bfd("sg-1", "la-1", true);
    bfd("la-2", "sg-2", false);
    record.verified = { asserted: 3, broken: 1, unreachable: [], failed: [], hosts: 4, seconds: 1 };
    const format = await reportFormat("x.html")?.();
    const file = path.join(folder, "verify.html");
    writeWhole(file, format?.verify({ record, regions: ["la-1", "la-2", "sg-1", "sg-2", "sg-3"].map((name) => ({ name, region: name.slice(0, 2) })), cwd: "/srv/site" }) ?? []);
    const page = await browser.open(pathToFileURL(file).href);
    assert.equal(await page.eval("document.querySelector('main > section').id"), "broken");
    assert.deepEqual(await texts(page, ".regions .title"), ["la", "sg"]);
    assert.deepEqual((await texts(page, ".regions .label")).toSorted(), ["✔ la-1 – sg-1 up", "✖ la-2 – sg-2 down"].toSorted());
    assert.equal(await page.eval("document.querySelectorAll('line.down').length"), 1);
    assert.equal(await page.eval("document.querySelectorAll('.regions circle.away').length"), 2, "those that took no part");
    assert.deepEqual(page.errors, []);
  });
});
