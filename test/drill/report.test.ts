import assert from "node:assert/strict";
import { test } from "node:test";
import type { Drilled } from "../../src/drill/drill.ts";
import { figuresOf } from "../../src/drill/figures.ts";
import { judge } from "../../src/drill/limits.ts";
import { drillLine } from "../../src/drill/line.ts";
import { reportHtml } from "../../src/drill/report.ts";
import { mediansText, tableText } from "../../src/drill/text.ts";
import { bySecond } from "../../src/drill/timeline-svg.ts";
import { PATH, requests, ROUTE, shows, timeline, vip } from "./timelines.ts";

function drilled(): Drilled {
  const one = timeline({
    watched: [PATH, ROUTE, vip("la-1"), { ...vip("sg-1"), name: "<vip>" }],
    samples: [...shows("la-1", PATH.id, 70, [[0, "tunnel"], [11.5, "public"], [55, "tunnel"]]), ...shows("la-1", ROUTE.id, 70, [[0, "1"], [10.9, "0"], [48, "1"]]), ...shows("la-1", "address:vip", 70, [[0, "1"]]), ...shows("sg-1", "address:vip", 70, [[0, "0"], [20, null], [30, "0"]])],
    requests: requests(70, [[10, 11]]),
  });
  const figures = figuresOf(one);
  const judged = judge(figures, one);
  return { timeline: one, figures, judged, writes: [{ host: "la-1", role: "store", name: "rows", acknowledged: 200, refused: 3, lost: 1, missing: { "sg-1": 1 } }], ok: judged.every(({ ok }) => ok), what: "la-1 drops udp:4500", began: new Date("2026-01-02T03:04:05Z") };
}

test("the line of JSON has its keys, in their order, whatever was not there to measure", () => {
  const { figures } = drilled();
  assert.equal(drillLine("tunnel-cut", figures, false), '{"event":"drill","kind":"tunnel-cut","detectionSeconds":0.9,"switchSeconds":1.5,"returnSeconds":10,"requestsSent":700,"requestsLost":10,"requestsLost30s":10,"vipHoldersMax":1,"vipGapSeconds":0,"result":"failed"}');
  assert.match(drillLine("witness-loss", { ...figures, detectionSeconds: null, vipHoldersMax: null }, true, { drill: 2 }), /"detectionSeconds":null,.*"vipHoldersMax":null,"vipGapSeconds":0,"result":"ok","drill":2\}$/);
});

test("the report is one page that needs no script and nothing from elsewhere", () => {
  const html = reportHtml([drilled()]);
  assert.doesNotMatch(html, /<script|https?:|<link|@import|url\(/);
  assert.match(html, /prefers-color-scheme:dark/);
  assert.match(html, /<svg viewBox="0 0 1000 \d+" role="img" aria-label="[^"]+">/);
  assert.match(html, /fault<\/text>/);
  assert.match(html, /✖ requests lost within 30 s<\/td><td class="n">3\.33 %<\/td><td>&lt;= 0\.1/);
  assert.match(html, /not seen from 19\.90 to 30\.00 s/);
  assert.ok(!html.includes("<vip>") && html.includes("&lt;vip&gt;"), "names are text");
  assert.doesNotMatch(html, /NaN|Infinity|undefined|width="-/);
});

test("several drills share a page, with their medians at the top", () => {
  const html = reportHtml([drilled(), drilled()]);
  assert.match(html, /medians of 2 drills: detection 0\.9 s/);
  assert.equal(html.match(/<svg /g)?.length, 2);
});

test("the terminal's table says what is broken without colour", () => {
  const text = tableText(drilled());
  assert.match(text, /✔ detection +0\.9 s +<= 1\.2/);
  assert.match(text, /✖ requests lost within 30 s +3\.33 % +<= 0\.1/);
  assert.match(text, /failed: 1 of 6 limits broken$/);
  assert.match(mediansText([drilled().figures]), /at most 1 held the address at once/);
});

test("requests are counted in the second in which they were sent", () => {
  const seconds = bySecond({ requests: requests(3, [[1, 2]]), end: 3 });
  assert.deepEqual(seconds.map(({ ok, lost, p50 }) => [ok, lost, p50]), [[10, 0, 200], [0, 10, undefined], [10, 0, 200]]);
});
