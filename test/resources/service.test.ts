import assert from "node:assert/strict";
import { test } from "node:test";
import type { Upstream } from "../../src/resources/contract.ts";
import { recorded } from "../../src/resources/recorded.ts";
import { service } from "../../src/resources/service.ts";
import { runCases } from "./harness.ts";

runCases(service);

const shown = (load: string, active: string, file: string) => ({ out: `Id=x.service\nLoadState=${load}\nActiveState=${active}\nSubState=dead\nUnitFileState=${file}\nNeedDaemonReload=no\n`, err: "", code: 0 });
const NOT_FOUND = shown("not-found", "inactive", "");
const up = (kind: string, outcome: Upstream["outcome"] = "would-change"): Upstream => ({ id: `web/${kind}:x`, kind, outcome });

for (const [what, args, seen, upstream, outcome] of [
  ["a unit that an install brings is started by nobody else", { state: "running" }, NOT_FOUND, [up("package")], "would-change"],
  ["a unit that an install brings is not enabled yet", { enabled: true }, NOT_FOUND, [up("package")], "would-change"],
  ["an install may enable what shall not be enabled", { enabled: false }, NOT_FOUND, [up("package")], "unknown"],
  ["an install starts nothing", { state: "stopped" }, NOT_FOUND, [up("package")], "ok"],
  ["a need that is unknown", { state: "running" }, NOT_FOUND, [up("package"), up("task", "unknown")], "unknown"],
  ["a file that changes leaves a running unit running", { state: "running" }, shown("loaded", "active", "enabled"), [up("file")], "ok"],
  ["an upgrade leaves a running unit running", { state: "running", enabled: true }, shown("loaded", "active", "enabled"), [up("package")], "ok"],
  ["what does not run will be started", { state: "running" }, shown("loaded", "inactive", "enabled"), [up("file")], "would-change"],
  ["no systemd yet", { state: "running" }, { out: "", err: "systemctl: not found", code: 127 }, [up("package")], "unknown"],
] as const) {
  void test(`prediction: ${what}`, () => {
    const found = service.predict?.(service.args.parse({ name: "x", ...args }), seen, upstream, { facts: recorded("debian-12") });
    assert.equal(found?.outcome, outcome);
    if (found?.outcome === "unknown") assert.match(found.cause, /web\//);
  });
}
