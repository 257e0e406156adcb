import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import { kernelsFolder, kernelVersion, umlKernel } from "../../src/lab/uml-kernel.ts";
import { umlSupervisorScript } from "../../src/lab/uml.ts";

/** With a cache of its own. */
async function withCache(during: () => Promise<void>): Promise<void> {
  const before = process.env["XDG_CACHE_HOME"];
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-kernel-"));
  process.env["XDG_CACHE_HOME"] = folder;
  try {
    await during();
  } finally {
    if (before === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = before;
    rmSync(folder, { recursive: true });
  }
}

void test("hosts have the kernel of the machine's package, until another one was built", () =>
  withCache(async () => {
    assert.deepEqual(umlKernel(), { start: ["linux.uml"], modules: "/usr/lib/uml/modules" });
    for (const version of ["7.2.9", "7.2.11"]) mkdirSync(path.join(kernelsFolder(), version, "modules", version), { recursive: true });
    const folder = path.join(kernelsFolder(), "7.2.11");
    assert.deepEqual(umlKernel(), { start: [`${folder}/linux`, "seccomp=auto"], modules: `${folder}/modules` });
    assert.equal(kernelVersion(), "7.2.11");
    assert.match(umlSupervisorScript("default", { name: "la1", address: "198.18.1.11", region: "la", image: "debian", privateAddress: undefined }), new RegExp(`^  nsenter .* ${folder}/linux seccomp=auto `, "m"));
  }));
