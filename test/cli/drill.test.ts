import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { reportName } from "../../src/cli/drill-run.ts";

const ROOT = path.join(import.meta.dirname, "../..");

/** Nobody is contacted: the state folder of every lab is an empty one. */
function hawser(...args: readonly string[]): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/hawser.mjs", "drill", ...args], { cwd: ROOT, encoding: "utf8", env: { ...process.env, XDG_STATE_HOME: "/nonexistent/hawser-state", NO_COLOR: "1" } });
  return { code: status, said: stdout + stderr };
}

const LAB = ["-i", "inventory/lab"] as const;

for (const [args, message] of [
  [["tunnel-gut", ...LAB], /Allowed choices are tunnel-cut, node-loss, region-loss, witness-loss/],
  [["tunnel-cut", ...LAB, "--from", "mars"], /no client traffic fits --from mars[\s\S]*there is sg-hello from la-1 to sg/],
  [["node-loss", ...LAB, "--target", "la-9"], /there is no host la-9[\s\S]*hosts: la-1, sg-1, witness-1/],
  [["region-loss", ...LAB, "--target", "mars"], /no host is in region "mars"/],
  [["tunnel-cut", ...LAB, "--freeze"], /--freeze is about hosts, and tunnel-cut loses none/],
  [["node-loss", ...LAB, "--freeze", "--by", "firewall"], /only a lab can freeze hosts/],
  [["tunnel-cut", ...LAB, "--rate", "0"], /a whole number from 1/],
  [["tunnel-cut", ...LAB, "--rate", "5000"], /at most 2000 is possible/],
  [["tunnel-cut", ...LAB, "--for", "1"], /a whole number from 5/],
  [["tunnel-cut", ...LAB, "--playbook", "playbooks/data.ts"], /no role says what clients can ask for/],
] as const) {
  test(`drill ${args.join(" ")} is refused before a host is touched`, () => {
    const { code, said } = hawser(...args);
    assert.match(said, message);
    assert.equal(code, 1);
  });
}

test("a lab that is down is no drill, and is not brought up for one", () => {
  const { code, said } = hawser("tunnel-cut", ...LAB);
  assert.match(said, /of lab regions la-1, sg-1, witness-1 are not up[\s\S]*hawser lab up/);
  assert.equal(code, 4);
});

test("a report's name sorts by time", () => {
  assert.equal(reportName("node-loss", new Date("2026-01-02T03:04:05.678Z")), "hawser-drill-node-loss-20260102-030405.html");
});
