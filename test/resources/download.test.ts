import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { download } from "../../src/resources/download.ts";
import { attempt, converge, onEveryShell, runCases, type HostOptions } from "./harness.ts";
import { serve } from "./web.ts";

runCases(download);

const content = Buffer.from("\0binary\xff".repeat(1000), "latin1");
const sha256 = createHash("sha256").update(content).digest("hex");

function withServer(name: string, body: (url: string, host: Parameters<Parameters<typeof onEveryShell>[1]>[0]) => void, options: HostOptions = {}): void {
  onEveryShell(
    name,
    async (host) => {
      mkdirSync(`${host.root}/web`);
      writeFileSync(`${host.root}/web/a file`, content);
      const { url, stop } = await serve(`${host.root}/web`);
      try {
        body(`${url}/a%20file`, host);
      } finally {
        stop();
      }
    },
    options,
  );
}

withServer("a download is fetched, kept, repaired and made executable", (url, host) => {
  const path = `${host.root}/tool`;
  converge(download, { path, url, sha256 }, host);
  assert.deepEqual(readFileSync(path), content);
  converge(download, { path, url, sha256, mode: "0755", owner: "daemon" }, host);
  writeFileSync(path, "damaged");
  converge(download, { path, url, sha256 }, host);
  assert.deepEqual([statSync(path).mode & 0o7777, statSync(path).uid], [0o755, 1]);
  symlinkSync("nowhere", `${host.root}/link`);
  converge(download, { path: `${host.root}/link`, mirror: new URL(url).origin, url: "https://example.invalid/a%20file", sha256 }, host);
  assert.deepEqual(readFileSync(`${host.root}/nowhere`), content);
});

withServer("a wrong hash or a missing file keeps the old one and leaves nothing behind", (url, host) => {
  const path = `${host.root}/tool`;
  writeFileSync(path, "old");
  for (const args of [{ url, sha256: "0".repeat(64) }, { url: `${url}x`, sha256 }]) {
    const { applied } = attempt(download, { path, ...args }, host);
    assert.notEqual(applied?.code, 0);
    assert.match(applied?.err ?? "", /is not 0{64} but |404|cannot fetch/);
    assert.equal(readFileSync(path, "utf8"), "old");
    assert.deepEqual(readdirSync(host.root).sort(), ["tool", "web"]);
  }
});

onEveryShell("a local file is uploaded and checked as well", (host) => {
  const localFile = `${host.root}/local`;
  writeFileSync(localFile, content);
  converge(download, { path: `${host.root}/x`, localFile, sha256 }, host);
  assert.match(attempt(download, { path: `${host.root}/y`, localFile, sha256: "1".repeat(64) }, host).applied?.err ?? "", /the sha256 of .*local is not 1/);
});

onEveryShell("a host without curl and wget is told what to install", (host) => {
  const { change } = attempt(download, { path: `${host.root}/x`, url: "http://127.0.0.1:9/x", sha256 }, host);
  assert.ok(change?.apply);
  const hidden = host.run(`command() { return 1; }\n${change.apply.render()}`, { setE: true });
  assert.match(hidden.err, /neither curl nor wget is there: install curl/);
});
