import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { artifactsFolder } from "../../src/artifacts/cache.ts";
import { sumOf } from "../../src/artifacts/sums.ts";
import { builtArtifact, readIndex, withoutArtifact, writeIndex } from "./index.ts";
import { TABLE } from "./table.ts";

const home = mkdtempSync(path.join(tmpdir(), "hawser-index-"));
const before = process.env["XDG_CACHE_HOME"];
beforeEach(() => {
  rmSync(home, { recursive: true, force: true });
  process.env["XDG_CACHE_HOME"] = home;
  mkdirSync(artifactsFolder(), { recursive: true });
});
after(() => {
  rmSync(home, { recursive: true, force: true });
  if (before === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = before;
});

const version = TABLE["consul"]?.version ?? "";

/** As `npm run artifacts` does it. */
function obtain(content: string, as = version): string {
  const file = path.join(artifactsFolder(), "consul.tar.gz");
  writeFileSync(file, content);
  writeIndex("consul", { version: as, program: "consul", file: "consul.tar.gz", sha256: sumOf(file), from: "a test", seconds: 1 });
  return file;
}

describe("the servers for tests", () => {
  it("are known by the index, with their file and its sha256", () => {
    assert.equal(builtArtifact("consul"), undefined);
    const file = obtain("consul");
    assert.deepEqual(builtArtifact("consul"), { name: "consul", version, file, sha256: sumOf(file), program: "consul" });
    assert.equal(withoutArtifact("consul"), false);
  });

  it("keep one another's entries, and leave nothing half-written", () => {
    obtain("consul");
    writeIndex("envoy", { version: "1", program: "envoy", file: "envoy.tar.gz", sha256: "", from: "a test", seconds: 1 });
    assert.deepEqual(Object.keys(readIndex()), ["consul", "envoy"]);
    assert.deepEqual(readdirSync(artifactsFolder()).filter((name) => name.startsWith("index")), ["index.json"]);
  });

  for (const [what, spoil] of [
    ["of another version than the table's", () => void obtain("consul", "0.1")],
    ["damaged since", () => writeFileSync(obtain("consul"), "damaged")],
    ["gone", () => rmSync(obtain("consul"))],
    ["in an index that does not parse", () => writeFileSync(path.join(path.dirname(obtain("consul")), "index.json"), "{")],
  ] as const) {
    it(`are not there when ${what}`, () => {
      spoil();
      assert.equal(builtArtifact("consul"), undefined);
      assert.equal(withoutArtifact("consul"), "not here: consul; npm run artifacts -- consul");
    });
  }

  it("say why they are not to be had at all", () => {
    assert.match(String(withoutArtifact("grafana")), /^not here: grafana; its Go module comes without the built web frontend/);
    assert.equal(withoutArtifact("grafana", "consul"), "not here: grafana, consul; npm run artifacts -- grafana consul");
  });

  it("are each pinned", () => {
    for (const [name, { from, version: upstream }] of Object.entries(TABLE)) {
      if (from.kind === "wheel") assert.match(from.sha256, /^[0-9a-f]{64}$/, name);
      if (from.kind === "go") assert.match(from.sum, /^h1:[\w+/]{43}=$/, name);
      if (from.kind === "cargo") assert.match(from.sha256, /^[0-9a-f]{64}$/, name);
      if (from.kind !== "missing") assert.ok(from.version.includes(upstream), name);
    }
  });
});
