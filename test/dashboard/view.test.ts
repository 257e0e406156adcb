import assert from "node:assert/strict";
import { test } from "node:test";
import { sections } from "../../src/dashboard/sections.ts";
import { buildView, pastOf, turnsOf, viewOf } from "../../src/dashboard/view.ts";
import { bits, bytes, healthOf, milliseconds, pairsOf, percent, span, summaryOf } from "../../src/dashboard/words.ts";
import { world, worldSource, type WorldOptions } from "./world.ts";

const view = (options: WorldOptions = {}) => viewOf(worldSource(world(options)));
const NOW = 1_764_000_000;

void test("all is well: hosts, both ends of the link, the holder, replication", async () => {
  const seen = await view();
  assert.deepEqual(seen.hosts.map(({ name, up, holds, monitor }) => [name, up, holds, monitor]), [["la-1", true, true, true], ["sg-1", true, false, true], ["witness-1", true, undefined, false]]);
  assert.deepEqual(seen.links.map(({ host, peer, link, bfd, bgp, ipsec, path, stale }) => [host, peer, link, bfd, bgp, ipsec, path, stale]), [["la-1", "sg-1", "gre1", true, true, true, "tunnel", false], ["sg-1", "la-1", "gre1", true, true, true, "tunnel", false]]);
  assert.equal(milliseconds(seen.links[0]?.tunnel.rtt), "171 ms");
  assert.equal(bits(seen.links[0]?.sent), "10 Mbit/s");
  assert.deepEqual(seen.vips, [{ address: "10.0.0.100", holders: ["la-1"] }]);
  assert.deepEqual(seen.replication.map(({ host, slot, active }) => [host, slot, active]), [["la-1", "pgl_app_sg", true], ["sg-1", "pgl_app_la", true]]);
  assert.deepEqual(summaryOf(seen), { health: "up", text: "All is well" });
});

void test("a tunnel that is cut is down, and what is behind it is unknown, not down", async () => {
  const seen = await view({ cut: 120 });
  const [la, sg] = seen.links;
  assert.deepEqual([la?.bfd, la?.path, la?.tunnel.rtt, la?.public.answers], [false, "public", undefined, true]);
  assert.deepEqual([sg?.bfd, sg?.bgp, sg?.path, sg?.stale], [undefined, undefined, undefined, true].slice(0, 4));
  assert.equal(healthOf(pairsOf(seen)[0] ?? []), "down");
  assert.match(summaryOf(seen).text, /1 link down, no answer from sg-1/);
});

void test("states that are too old are unknown, and said to be old", async () => {
  const seen = await view({ stale: 300 });
  const sg = seen.links.find(({ host }) => host === "sg-1");
  assert.deepEqual([sg?.stale, sg?.bfd, seen.hosts[1]?.holds], [true, undefined, undefined]);
  assert.equal(healthOf(pairsOf(seen)[0] ?? []), "weak");
  assert.deepEqual(summaryOf(seen), { health: "unknown", text: "no fresh states of sg-1" });
  assert.match(sections(seen, await pastOf(worldSource(world({ stale: 300 })), NOW, 3600)).text, /states too old/);
});

void test("the address on two hosts, and on none", async () => {
  for (const [holders, words] of [[["la-1", "sg-1"], "2 hosts at once</b>: la-1, sg-1"], [[], "on no host that this monitor reaches"]] as const) {
    const source = worldSource(world({ holders }));
    const text = sections(await viewOf(source), await pastOf(source, NOW, 3600)).text;
    assert.ok(text.includes(words), words);
  }
});

void test("a link that nobody asks about is unknown, never up", () => {
  const labels = { host: "la-1", region: "la", peer: "sg-1", peer_region: "sg", way: "tunnel", job: "link" };
  const seen = buildView("la-1", NOW, { states: [{ labels: { __name__: "probe_success", ...labels }, value: 1 }], traffic: [], load: [], alerts: [] });
  assert.equal(healthOf(pairsOf(seen)[0] ?? []), "unknown");
  const nothing = buildView("la-1", NOW, { states: [], traffic: [], load: [], alerts: [] });
  assert.deepEqual(summaryOf(nothing), { health: "unknown", text: "Prometheus has no hosts" });
  assert.match(sections(nothing, { from: NOW - 10, to: NOW, step: 5, lines: [] }).text, /No link is watched/);
});

void test("alerts: the worst first, without the one that is always there", () => {
  const alert = (alertname: string, severity: string, since: number) => ({ labels: { alertname, severity }, summary: alertname, since });
  const seen = buildView("la-1", NOW, { states: [], traffic: [], load: [], alerts: [alert("Watchdog", "none", 1), alert("LinkLoss", "warning", 5), alert("BfdDown", "critical", 2)] });
  assert.deepEqual(seen.alerts.map(({ labels }) => labels["alertname"]), ["BfdDown", "LinkLoss"]);
});

void test("switches are told, the newest first", async () => {
  const past = await pastOf(worldSource(world({ cut: 120 })), NOW, 3600);
  const turns = turnsOf(past).map(({ text }) => text);
  assert.deepEqual(turns.slice(0, 2).toSorted((a, b) => a.localeCompare(b)), ["BFD of la-1 with sg-1 went down", "traffic from la-1 to sg takes the public path"]);
  assert.ok(turns.includes("traffic from la-1 to sg takes the tunnel again"));
  assert.deepEqual([past.step, past.to - past.from], [15, 3600]);
});

void test("what a host is called is text, whatever it is", async () => {
  const hostile = `<img src=x onerror=alert(1)>`;
  const series = world().map((each) => ({ ...each, labels: Object.fromEntries(Object.entries(each.labels).map(([name, value]) => [name, value === "la-1" ? hostile : value])) }));
  const source = worldSource(series);
  const text = sections(await viewOf(source), await pastOf(source, NOW, 3600)).text;
  assert.ok(text.includes("&lt;img"));
  assert.ok(!text.includes("<img"));
});

void test("figures as one reads them", () => {
  assert.deepEqual([milliseconds(0.0842), milliseconds(undefined), percent(0), percent(0.00002), percent(0.0015), bits(950), bits(1_230_000), bytes(5_242_880), span(90), span(7300), span(400_000)], ["84.2 ms", "unknown", "0 %", "< 0.01 %", "0.15 %", "950 bit/s", "1.23 Mbit/s", "5 MiB", "90 s", "2 h", "5 days"]);
});
