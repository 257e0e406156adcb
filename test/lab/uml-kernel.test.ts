import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import { LabError } from "../../src/lab/error.ts";
import { kernelsFolder, kernelVersion, umlKernel, withOwnLoader } from "../../src/lab/uml-kernel.ts";
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

void test("hosts have the kernel of the machine's package, until another one was obtained", () =>
  withCache(async () => {
    assert.deepEqual(umlKernel(), { start: ["linux.uml"], folder: undefined, modules: "/usr/lib/uml/modules" });
    for (const version of ["6.12.9", "6.12.11"]) mkdirSync(path.join(kernelsFolder(), version, "modules", version), { recursive: true });
    const folder = path.join(kernelsFolder(), "6.12.11");
    assert.deepEqual(umlKernel(), { start: ["env", `LD_LIBRARY_PATH=${folder}/lib`, `${folder}/linux.uml`], folder, modules: `${folder}/modules` });
    assert.equal(await kernelVersion(), "6.12.11");
    assert.match(umlSupervisorScript("default", { name: "la1", address: "198.18.1.11", region: "la", image: "debian", privateAddress: undefined }), new RegExp(`^cd ${folder}$`, "m"));
  }));

void test("its program finds the loader beside it, and is the same otherwise", () => {
  const program = Buffer.from("\x7fELF…\0/lib64/ld-linux-x86-64.so.2\0…");
  const changed = withOwnLoader(program);
  assert.equal(changed.length, program.length);
  assert.equal(changed.toString().replace("ld.so\0".padEnd(28, "\0"), "/lib64/ld-linux-x86-64.so.2\0"), program.toString());
  assert.throws(() => withOwnLoader(Buffer.from("#!/bin/sh\n")), LabError);
});
