import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, afterEach, describe, test } from "node:test";
import { cacheFolder, findFresh, refresh } from "../../src/loader/cache.mjs";

void describe("compiled code is kept", () => {
  let folder: string;
  let source: string;
  const cacheHome = process.env["XDG_CACHE_HOME"];
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "hawser-cache-"));
    process.env["XDG_CACHE_HOME"] = folder;
    source = path.join(folder, "source.ts");
    writeFileSync(source, "one");
  });
  afterEach(() => {
    if (cacheHome === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = cacheHome;
    rmSync(folder, { recursive: true, force: true });
  });
  /** Begins some ticks of the clock later than the sources changed, as every compilation does but the first of a file that was saved just now. */
  const compile = async (cache: string, key = "key"): Promise<string> => {
    while (Date.now() - 20 <= statSync(source).ctimeMs) await new Promise((resolve) => setImmediate(resolve));
    return await refresh(cache, key, (to) => {
      writeFileSync(path.join(to, "out.mjs"), "");
      return Promise.resolve([source]);
    });
  };

  test("until a source has changed", async () => {
    const cache = cacheFolder();
    assert.equal(findFresh(cache, "key"), undefined);
    const made = await compile(cache);
    assert.equal(findFresh(cache, "key"), made);
    assert.equal(findFresh(cache, "another"), undefined);
    writeFileSync(source, "two");
    assert.equal(findFresh(cache, "key"), undefined);
  });

  test("not when the source keeps its size and its time", async () => {
    const cache = cacheFolder();
    const { atime, mtime } = statSync(source);
    await compile(cache);
    writeFileSync(source, "eno");
    utimesSync(source, atime, mtime);
    assert.equal(findFresh(cache, "key"), undefined);
  });

  test("not when a source is gone, the folder is gone, or the record is no record", async () => {
    const cache = cacheFolder();
    const made = await compile(cache);
    rmSync(made, { recursive: true });
    assert.equal(findFresh(cache, "key"), undefined);
    await compile(cache);
    rmSync(source);
    assert.equal(findFresh(cache, "key"), undefined);
    writeFileSync(source, "one");
    await compile(cache);
    for (const name of readdirSync(cache).filter((each) => each.endsWith(".json"))) writeFileSync(path.join(cache, name), "{");
    assert.equal(findFresh(cache, "key"), undefined);
  });

  test("not when a source was saved while it was compiled", async () => {
    const cache = cacheFolder();
    await refresh(cache, "key", () => {
      writeFileSync(source, "two");
      return Promise.resolve([source]);
    });
    assert.equal(findFresh(cache, "key"), undefined);
  });

  test("whole or not at all", async () => {
    const cache = cacheFolder();
    await assert.rejects(refresh(cache, "key", () => Promise.reject(new Error("does not compile"))), /does not compile/);
    assert.deepEqual(readdirSync(cache), []);
  });

  test("for runs that began before, and removed a day later", async () => {
    const cache = cacheFolder();
    const first = await compile(cache);
    const second = await compile(cache);
    assert.ok(existsSync(first));
    const long = new Date(Date.now() - 25 * 60 * 60 * 1000);
    utimesSync(first, long, long);
    const third = await compile(cache);
    assert.deepEqual([first, second, third].map((each) => existsSync(each)), [false, true, true]);
  });

  test("for a month after it was used last, whatever it was compiled from", async () => {
    const cache = cacheFolder();
    const [used, unused] = [await compile(cache, "used"), await compile(cache, "unused")];
    const long = new Date(Date.now() - 31 * 24 * 60 * 60 * 1000);
    for (const name of readdirSync(cache)) utimesSync(path.join(cache, name), long, long);
    assert.equal(findFresh(cache, "used"), used);
    const fresh = await compile(cache, "another");
    assert.deepEqual([used, unused, fresh].map((each) => existsSync(each)), [true, false, true]);
    assert.equal(findFresh(cache, "used"), used);
    assert.equal(readdirSync(cache).length, 4, "two folders and their records");
  });

  test("where nobody else can put code", () => {
    const cache = cacheFolder();
    assert.equal(cache, path.join(folder, "hawser", "compiled"));
    assert.equal(statSync(cache).mode & 0o777, 0o700);
    chmodSync(cache, 0o777);
    const other = cacheFolder();
    assert.notEqual(other, cache);
    assert.equal(statSync(other).mode & 0o777, 0o700);
    rmSync(other, { recursive: true });
    writeFileSync(path.join(folder, "plain"), "");
    process.env["XDG_CACHE_HOME"] = path.join(folder, "plain");
    const last = cacheFolder();
    assert.equal(path.dirname(last), tmpdir());
    rmSync(last, { recursive: true });
  });
});
