import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { connectorFor, type Target } from "../../src/connection/index.ts";
import { localUser } from "../../src/connection/target.ts";
import { ConnectionLost, ShellEnded, type Session } from "../../src/engine/session.ts";
import { run, until } from "./run.ts";

void describe("a session on this machine", () => {
  const target: Target = { host: "here", connection: { kind: "local", address: "here", agent: false }, become: { method: "none", user: localUser() } };
  const connector = connectorFor();
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-local-"));
  let session: Session;
  before(async () => {
    session = await connector.open(target);
  });
  after(async () => {
    await connector.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("runs scripts as over ssh: same shell, same surroundings, same count", async () => {
    const { text, err } = await run(session, 'id -un; pwd; umask; echo "$LC_ALL"; echo oops >&2');
    assert.equal(text, `${localUser()}\n/\n0077\nC\n`);
    assert.equal(err.toString(), "oops\n");
    assert.equal(session.requests, 2);
    await run(session, ":");
    assert.equal(session.requests, 3);
  });

  it("runs zx commands, with their exit codes and input", async () => {
    assert.equal((await session.$`echo ${"a b"}`).stdout, "a b\n");
    assert.equal((await session.$({ input: "fed" })`cat; exit 4`.nothrow()).exitCode, 4);
    assert.equal((await session.$`sleep 61.5`.nothrow().timeout("300ms")).signal, "SIGTERM");
  });

  it("uploads bytes to a private file", async () => {
    const bytes = Buffer.from([0, 1, 255, 10, 13]);
    await session.upload(bytes, path.join(folder, "bytes"));
    assert.deepEqual(readFileSync(path.join(folder, "bytes")), bytes);
    assert.equal(statSync(path.join(folder, "bytes")).mode & 0o777, 0o600);
  });

  it("stops what it is told to stop, and tells a shell that ended", async () => {
    const stop = new AbortController();
    const begun = path.join(folder, "begun");
    const running = run(session, `echo $$ >${begun}.new; mv ${begun}.new ${begun}; sleep 62.5`, stop.signal);
    running.catch(() => {});
    await until(() => statSync(begun, { throwIfNoEntry: false }) !== undefined);
    const pid = Number(readFileSync(begun, "utf8"));
    stop.abort(new Error("enough"));
    await assert.rejects(running, /enough/);
    assert.throws(() => process.kill(pid, 0));
    await assert.rejects(run(session, "exit 5"), (error) => error instanceof ShellEnded && /exit code 5/.test(error.message));
    assert.equal((await run(session, "echo back")).text, "back\n");
  });

  it("works no more when it is closed, and leaves no shell", async () => {
    const own = await connector.open(target);
    const pid = Number((await run(own, "echo $$")).text);
    await own.close();
    await until(() => {
      try {
        return !process.kill(pid, 0);
      } catch {
        return true;
      }
    });
    await assert.rejects(run(own, ":"), ConnectionLost);
  });
});
