import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { html, raw } from "../../src/report/html/html.ts";
import { reportFormat, RunRecord } from "../../src/report/index.ts";
import { bigRun } from "./big-run.ts";
import { recording } from "./recording.ts";

async function pageOf(events: ReturnType<typeof recording>, more: { broke?: string } = {}): Promise<string> {
  const record = new RunRecord(new Date("2026-01-02T03:04:05Z"));
  for (const event of events) record.on(event);
  const format = await reportFormat("x.html")?.();
  return [...(format?.run({ record, regions: [], cwd: "/srv/site", ...more }) ?? [])].join("");
}

void test("holes are escaped wherever they stand, and markup is not", () => {
  assert.equal(html`<p title="${`"'<>&`}">${"<b>"}${html`<i>${"&"}</i>`}${undefined}${[1, "<", raw("<br>")]}</p>`.text, '<p title="&quot;&#39;&lt;&gt;&amp;">&lt;b&gt;<i>&amp;</i>1&lt;<br></p>');
});

void test("the page needs nothing else, and its policy allows its own style and script alone", async () => {
  const page = await pageOf(recording());
  assert.doesNotMatch(page, /https?:|@import|url\(|<link rel="stylesheet|src=/);
  assert.doesNotMatch(page, / style="| on[a-z]+="/);
  const policy = /content="(default-src[^"]+)"/.exec(page)?.[1] ?? "";
  for (const [tag, directive] of [["style", "style-src"], ["script", "script-src"]] as const) {
    const [, text = ""] = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(page) ?? [];
    assert.ok(policy.includes(`${directive} 'sha256-${createHash("sha256").update(text).digest("base64")}'`), directive);
  }
  assert.match(policy, /^default-src 'none'; /);
  assert.doesNotMatch(page.replace(/<script>[^]*<\/script>/, ""), /NaN|Infinity|undefined|="-\d/);
});

void test("what happened alike on several hosts stands there once", async () => {
  const page = await pageOf(bigRun({ hosts: 50, resources: 200 }));
  assert.match(page, /Changes 102<\/a>/);
  assert.ok(page.length < 2_000_000, `${page.length} bytes`);
});

void test("a run that broke off says so first, and draws what was known", async () => {
  const page = await pageOf(recording().slice(0, 14), { broke: "the disk is full" });
  assert.match(page, /✖ The run broke off/);
  assert.match(page, /<p class="message">the disk is full<\/p>/);
  assert.doesNotMatch(page.replace(/<script>[^]*<\/script>/, ""), /NaN|Infinity|undefined|="-\d/);
});

void test("a run in which nothing happened says that", async () => {
  assert.match(await pageOf(bigRun({ hosts: 2, resources: 5, changes: 0 })), /✔ No changes<\/span>: everything is as declared\./);
});
