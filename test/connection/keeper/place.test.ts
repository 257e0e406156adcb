import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { keeperFolder, keeperSocket, privateFolder, privateSocket } from "../../../src/connection/keeper/place.ts";
import { UsageError } from "../../../src/errors/index.ts";

const refused = (what: RegExp) => (error: unknown): boolean => {
  assert.ok(error instanceof UsageError, String(error));
  assert.match(error.message, /^no connection can be kept open: /);
  assert.match(error.message, what);
  assert.ok(error.hint);
  return true;
};
const asRoot = process.getuid?.() === 0 ? {} : { skip: "needs root" };

describe("the keeper's place", () => {
  let home: string;
  const names = ["XDG_RUNTIME_DIR", "XDG_CACHE_HOME"];
  const before = names.map((name) => process.env[name]);
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "hawser-place-"));
    process.env["XDG_RUNTIME_DIR"] = home;
    process.env["XDG_CACHE_HOME"] = join(home, "cache");
  });
  afterEach(() => {
    for (const [i, name] of names.entries()) {
      if (before[i] === undefined) delete process.env[name];
      else process.env[name] = before[i];
    }
    rmSync(home, { recursive: true, force: true });
  });

  it("is the runtime folder, where that is the user's own, else the cache", asRoot, () => {
    assert.equal(keeperFolder(), join(home, "hawser"));
    chownSync(home, 1, 1);
    assert.equal(keeperFolder(), join(home, "cache/hawser/run"));
    process.env["XDG_RUNTIME_DIR"] = join(home, "not there");
    assert.equal(keeperFolder(), join(home, "cache/hawser/run"));
    delete process.env["XDG_RUNTIME_DIR"];
    assert.equal(keeperFolder(), join(home, "cache/hawser/run"));
  });

  it("is made for the user alone", () => {
    const folder = keeperFolder();
    privateFolder(folder);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    privateFolder(folder);
    rmSync(folder, { recursive: true });
    privateFolder(join(home, "cache/hawser/run"));
    assert.equal(statSync(join(home, "cache/hawser")).mode & 0o777, 0o700);
  });

  for (const mode of [0o755, 0o710, 0o701, 0o770]) {
    it(`is refused with mode ${mode.toString(8)}`, () => {
      mkdirSync(keeperFolder());
      chmodSync(keeperFolder(), mode);
      assert.throws(() => privateFolder(keeperFolder()), refused(new RegExp(`/hawser has mode 0${mode.toString(8)}, so others could use it$`)));
    });
  }

  it("is refused when it is somebody else's, a link, or no folder", asRoot, () => {
    mkdirSync(keeperFolder(), { mode: 0o700 });
    chownSync(keeperFolder(), 1, 1);
    assert.throws(() => privateFolder(keeperFolder()), refused(/\/hawser belongs to the user with the id 1$/));
    rmSync(keeperFolder(), { recursive: true });
    mkdirSync(join(home, "elsewhere"), { mode: 0o700 });
    symlinkSync(join(home, "elsewhere"), keeperFolder());
    assert.throws(() => privateFolder(keeperFolder()), refused(/\/hawser is not a folder$/));
    rmSync(keeperFolder());
    writeFileSync(keeperFolder(), "");
    assert.throws(() => privateFolder(keeperFolder()), refused(/\/hawser is not a folder$/));
  });

  it("has a socket that others can use, that is somebody else's, or that is none: refused", asRoot, async (t) => {
    privateFolder(keeperFolder());
    const path = keeperSocket();
    privateSocket(path);
    const server: Server = createServer();
    t.after(() => server.close());
    await new Promise<void>((resolve) => server.listen(path, resolve));
    chmodSync(path, 0o600);
    privateSocket(path);
    chmodSync(path, 0o660);
    assert.throws(() => privateSocket(path), refused(/\.sock has mode 0660, so others could use it$/));
    chmodSync(path, 0o600);
    chownSync(path, 1, 1);
    assert.throws(() => privateSocket(path), refused(/\.sock belongs to the user with the id 1$/));
    rmSync(path);
    writeFileSync(path, "");
    assert.throws(() => privateSocket(path), refused(/\.sock is not a socket$/));
  });

  it("is refused when its path is too long for a socket", () => {
    process.env["XDG_RUNTIME_DIR"] = join(home, "x".repeat(90));
    mkdirSync(process.env["XDG_RUNTIME_DIR"]);
    assert.throws(() => keeperSocket(), refused(/is too long for a socket$/));
  });
});
