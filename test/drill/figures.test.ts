import assert from "node:assert/strict";
import { test } from "node:test";
import { figuresOf } from "../../src/drill/figures.ts";
import { judge } from "../../src/drill/limits.ts";
import { mediansOf } from "../../src/drill/medians.ts";
import type { Timeline } from "../../src/drill/types.ts";
import { PATH, requests, ROUTE, shows, timeline, vip } from "./timelines.ts";

/** What a good tunnel cut looks like: found after 0.9 s, off the tunnel after 1.5 s, back 10 s after it was mended. */
const cut = timeline({
  samples: [...shows("la-1", PATH.id, 70, [[0, "tunnel"], [11.5, "public"], [55, "tunnel"]]), ...shows("la-1", ROUTE.id, 70, [[0, "1"], [10.9, "0"], [48, "1"]])],
  requests: requests(70),
});
const broken = (one: Timeline): string[] => judge(figuresOf(one), one).filter(({ ok }) => !ok).map(({ name }) => name);

test("a cut tunnel: from the fault to the route's end, to the first answer on the other path, and back", () => {
  const figures = figuresOf(cut);
  assert.deepEqual([figures.detectionSeconds, figures.switchSeconds, figures.returnSeconds], [0.9, 1.5, 10]);
  assert.deepEqual([figures.requestsSent, figures.requestsLost, figures.requestsSent30s], [700, 0, 300]);
  assert.deepEqual([figures.vipHoldersMax, figures.vipGapSeconds], [null, null]);
  assert.deepEqual(broken(cut), []);
});

test("the switch is over when an answer came, not when a file says so", () => {
  assert.equal(figuresOf({ ...cut, requests: requests(70, [[9, 14]]) }).switchSeconds, 4.2);
});

test("a request that is lost counts where it was sent; those of the 30 s after the fault also on their own", () => {
  const some = { ...cut, requests: requests(70, [[2, 3], [39.5, 41]]) };
  const { requestsLost, requestsLost30s } = figuresOf(some);
  assert.deepEqual([requestsLost, requestsLost30s], [25, 5]);
  assert.deepEqual(broken(some), ["requests lost within 30 s"]);
});

test("what never happens breaks its limit", () => {
  const deaf = { ...cut, samples: [...shows("la-1", PATH.id, 70, [[0, "tunnel"]]), ...shows("la-1", ROUTE.id, 70, [[0, "1"]])] };
  assert.deepEqual(broken(deaf), ["detection", "switch to the other path", "return"]);
});

test("a path file that cannot be read for a moment is no switch", () => {
  const samples = shows("la-1", PATH.id, 70, [[0, "tunnel"], [12, "-"], [12.2, "tunnel"]]);
  assert.equal(figuresOf({ ...cut, samples }).switchSeconds, null);
});

const loss = (victim: readonly (readonly [number, string | null])[], other: readonly (readonly [number, string | null])[]): Timeline =>
  timeline({
    kind: "node-loss",
    watched: [vip("la-1"), vip("sg-1"), { ...ROUTE, host: "sg-1", to: "la" }],
    samples: [...shows("la-1", "address:vip", 70, victim), ...shows("sg-1", "address:vip", 70, other)],
    requests: requests(70, [[10, 45]]),
    scene: { client: "sg-1", service: "la", lost: "la", victims: ["la-1"], answerable: false },
  });

test("a lost holder: how long nobody is known to hold the address, and who takes it over", () => {
  const one = loss([[0, "1"], [10, null], [50, "0"]], [[0, "0"], [14.6, "1"]]);
  const { switchSeconds, vipHoldersMax, vipGapSeconds } = figuresOf(one);
  assert.deepEqual([switchSeconds, vipHoldersMax, vipGapSeconds], [4.6, 1, 4.7]);
  assert.deepEqual(broken(one), [], "requests to what is lost cannot be answered, and are not judged");
});

test("a holder that comes back with the address while another one has it is two holders", () => {
  const one = loss([[0, "1"], [10, null], [50, "1"], [50.4, "0"]], [[0, "0"], [14.6, "1"]]);
  assert.equal(figuresOf(one).vipHoldersMax, 2);
  assert.deepEqual(broken(one), ["holders of the address at once"]);
});

test("an address that nobody takes over in time", () => {
  assert.deepEqual(broken(loss([[0, "1"], [10, null]], [[0, "0"]])), ["takeover of the address"]);
  assert.deepEqual(broken(loss([[0, "1"], [10, null]], [[0, "0"], [20.1, "1"]])), ["takeover of the address"]);
});

test("one who holds on to it through a cut tunnel leaves no gap, however the looks fall", () => {
  const watched = [PATH, ROUTE, vip("la-1"), vip("sg-1")];
  const held = { ...cut, watched, samples: [...cut.samples, ...shows("la-1", "address:vip", 70, [[0, null], [0.5, "1"]]), ...shows("sg-1", "address:vip", 69.5, [[0, "0"]])] };
  assert.deepEqual([figuresOf(held).vipHoldersMax, figuresOf(held).vipGapSeconds], [1, 0]);
  const dropped = { ...held, samples: [...cut.samples, ...shows("la-1", "address:vip", 70, [[0, "1"], [20, "0"], [20.5, "1"]])] };
  assert.deepEqual(broken(dropped), ["time without a holder"]);
});

test("a lost witness is no reason for anything to happen", () => {
  const quiet = timeline({ kind: "witness-loss", watched: [PATH, vip("la-1")], samples: [...shows("la-1", PATH.id, 70, [[0, "tunnel"]]), ...shows("la-1", "address:vip", 70, [[0, "1"]])], requests: requests(70), scene: { client: "la-1", service: "sg", victims: ["witness-1"], answerable: true } });
  const { detectionSeconds, switchSeconds, returnSeconds } = figuresOf(quiet);
  assert.deepEqual([detectionSeconds, switchSeconds, returnSeconds], [null, null, null]);
  assert.deepEqual(judge(figuresOf(quiet), quiet).map(({ name }) => name), ["requests lost within 30 s", "holders of the address at once", "time without a holder"]);
});

test("medians leave out what was never reached, and say the most holders", () => {
  const base = figuresOf(cut);
  const medians = mediansOf([{ ...base, switchSeconds: 1, vipHoldersMax: 1 }, { ...base, switchSeconds: 4, vipHoldersMax: 2 }, { ...base, switchSeconds: null }]);
  assert.deepEqual([medians.switchSeconds, medians.vipHoldersMax, medians.vipGapSeconds], [2.5, 2, null]);
});
