import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, beforeEach, describe, it, type TestContext } from "node:test";
import { cachedFile } from "../../src/artifacts/cache.ts";
import { download } from "../../src/artifacts/download.ts";
import { Client } from "../../src/artifacts/receive.ts";
import { HawserError } from "../../src/errors/index.ts";
import { begun, serve, whole, type Answer, type Server } from "./server.ts";

const home = mkdtempSync(path.join(tmpdir(), "hawser-download-"));
const names = ["XDG_CACHE_HOME", ...["http_proxy", "all_proxy", "no_proxy"].flatMap((name) => [name, name.toUpperCase()])];
const before = names.map((name) => process.env[name]);
beforeEach(() => {
  rmSync(home, { recursive: true, force: true });
  for (const name of names) delete process.env[name];
  process.env["XDG_CACHE_HOME"] = home;
});
after(() => {
  rmSync(home, { recursive: true, force: true });
  for (const [i, name] of names.entries()) {
    if (before[i] === undefined) delete process.env[name];
    else process.env[name] = before[i];
  }
});

const content = randomBytes(300_000);
const sha256 = createHash("sha256").update(content).digest("hex");
const waits = [1, 1, 1];

async function served(t: TestContext, answer: Answer): Promise<Server> {
  const server = await serve(answer);
  t.after(server.stop);
  return server;
}

async function fetchFrom(...urls: readonly string[]): Promise<number[]> {
  return await fetched(urls, () => {});
}

async function fetched(urls: readonly string[], onProgress: (received: number) => void): Promise<number[]> {
  const client = new Client();
  const progress: number[] = [];
  try {
    await download(client, urls, sha256, {
      waits,
      onProgress: (received) => {
        progress.push(received);
        onProgress(received);
      },
    });
    return progress;
  } finally {
    await client.close();
  }
}

const inCache = (): string[] => (existsSync(path.dirname(cachedFile(sha256))) ? readdirSync(path.dirname(cachedFile(sha256))).map((name) => name.replaceAll(sha256, "SUM").replace(String(process.pid), "PID")) : []);

/** Message and hint of what must fail. */
async function failure(...urls: readonly string[]): Promise<string> {
  try {
    await fetchFrom(...urls);
  } catch (error) {
    if (error instanceof HawserError) return `${error.message}${error.hint === undefined ? "" : ` (${error.hint})`}`;
    throw error;
  }
  throw new Error("it was fetched");
}

describe("a download of an artifact", () => {
  it("comes whole into the cache, for its owner alone, with progress to its end", async (t) => {
    const { url } = await served(t, whole(content));
    const progress = await fetchFrom(`${url}/a.tar.gz`);
    assert.deepEqual([progress[0], progress.at(-1)], [0, content.length]);
    assert.deepEqual(readFileSync(cachedFile(sha256)), content);
    assert.equal(statSync(cachedFile(sha256)).mode & 0o777, 0o600);
    assert.deepEqual(inCache(), ["SUM"]);
  });

  for (const [what, rest, asked] of [
    ["goes on where the connection broke", whole(content), ["GET /a", "GET /a bytes=100000-"]],
    ["begins anew at a server that knows no parts", (_, response) => void response.writeHead(200).end(content), ["GET /a", "GET /a bytes=100000-"]],
  ] satisfies [string, Answer, string[]][]) {
    it(what, async (t) => {
      const server = await served(t, (request, response, time) => (time === 1 ? begun(content, 100_000) : rest)(request, response, time));
      await fetched([`${server.url}/a`], (received) => {
        if (received === 100_000 && server.asked.length === 1) server.breakOff();
      });
      assert.deepEqual(server.asked, asked);
      assert.deepEqual(readFileSync(cachedFile(sha256)), content);
    });
  }

  it("goes on with what a process that died has left, and leaves alone what another one is fetching", async (t) => {
    const server = await served(t, whole(content));
    mkdirSync(path.dirname(cachedFile(sha256)), { recursive: true });
    writeFileSync(`${cachedFile(sha256)}.4194305.part`, content.subarray(0, 200_000));
    writeFileSync(`${cachedFile(sha256)}.${process.ppid}.part`, "theirs");
    await fetchFrom(`${server.url}/a`);
    assert.deepEqual(server.asked, ["GET /a bytes=200000-"]);
    assert.deepEqual(inCache().sort(), ["SUM", `SUM.${process.ppid}.part`]);
  });

  it("takes what is there whole, and begins anew where what is there is of something else", async (t) => {
    const server = await served(t, whole(content));
    mkdirSync(path.dirname(cachedFile(sha256)), { recursive: true });
    for (const [left, asked] of [[content, ["GET /a bytes=300000-"]], [randomBytes(100), ["GET /a bytes=100-", "GET /a"]], [randomBytes(content.length + 1), ["GET /a bytes=300001-", "GET /a"]]] as const) {
      rmSync(cachedFile(sha256), { force: true });
      writeFileSync(`${cachedFile(sha256)}.4194305.part`, left);
      server.asked.length = 0;
      await fetchFrom(`${server.url}/a`);
      assert.deepEqual(server.asked, asked);
      assert.deepEqual(readFileSync(cachedFile(sha256)), content);
    }
  });

  it("with another sha256 is an error that says both, and leaves nothing", async (t) => {
    const server = await served(t, whole(Buffer.from("something else")));
    const other = createHash("sha256").update("something else").digest("hex");
    assert.match(await failure(`${server.url}/a`), new RegExp(`^${server.url}/a has the sha256 ${other}, not ${sha256} \\(compare with`));
    assert.deepEqual(inCache(), []);
    assert.equal(server.asked.length, 1, "it is not asked again");
  });

  it("tries again what may go better, and gives up what will not", async (t) => {
    const server = await served(t, (request, response, time) => {
      if (request.url === "/busy" && time === 3) whole(content)(request, response, time);
      else response.writeHead(request.url === "/busy" ? 503 : request.url === "/always" ? 500 : 404).end("no");
    });
    await fetchFrom(`${server.url}/busy`);
    assert.equal(server.asked.length, 3);
    assert.match(await failure(`${server.url}/always`), /\/always answers with HTTP 500$/);
    assert.equal(server.asked.length, 7);
    assert.match(await failure(`${server.url}/gone`), /\/gone answers with HTTP 404 \(is it the right version\?/);
    assert.equal(server.asked.length, 8);
  });

  it("takes the next URL where one fails, and names each that did", async (t) => {
    const server = await served(t, (request, response, time) => (request.url === "/good" ? whole(content)(request, response, time) : void response.writeHead(404).end()));
    assert.match(await failure(`${server.url}/a`, `${server.url}/b`), /\/a answers with HTTP 404; .*\/b answers with HTTP 404/);
    await fetchFrom(`${server.url}/a`, `${server.url}/good`);
    assert.ok(existsSync(cachedFile(sha256)));
  });

  it("follows redirects, but not for ever, and not to other schemes", async (t) => {
    const server = await served(t, (request, response, time) => {
      if (request.url === "/end") whole(content)(request, response, time);
      else response.writeHead(302, { location: request.url === "/loop" ? "/loop" : request.url === "/file" ? "file:///etc/passwd" : "/end" }).end();
    });
    await fetchFrom(`${server.url}/begin`);
    assert.match(await failure(`${server.url}/loop`), /leads from one address to another more than 10 times/);
    assert.match(await failure(`${server.url}/file`), /leads to file:\/\/\/etc\/passwd, which is neither http nor https/);
  });

  it("says that nobody answers", async () => {
    const server = await serve(() => {});
    await server.stop();
    assert.match(await failure(`${server.url}/a`), new RegExp(`^${server.url}/a does not answer: connect ECONNREFUSED 127\\.0\\.0\\.1:\\d+$`));
  });

  it("is not unpacked on its way where a server calls a tar.gz an encoding", async (t) => {
    const { url } = await served(t, (_, response) => void response.writeHead(200, { "content-encoding": "gzip", "content-length": content.length }).end(content));
    await fetchFrom(`${url}/a.tar.gz`);
    assert.deepEqual(readFileSync(cachedFile(sha256)), content);
  });

  it("goes through the proxy of the environment", async (t) => {
    const server = await served(t, whole(content));
    const proxied: string[] = [];
    // A tunnel, which undici asks for for http as well.
    const tunnel = createServer((_, response) => response.writeHead(400).end()).on("connect", (request, socket) => {
      proxied.push(request.url ?? "");
      const through = connect(Number(new URL(server.url).port), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(through).pipe(socket);
      });
      t.after(() => through.destroy());
    }).listen(0, "127.0.0.1");
    await once(tunnel, "listening");
    t.after(() => tunnel.close());
    process.env["http_proxy"] = `http://127.0.0.1:${(tunnel.address() as { port: number }).port}`;
    await fetchFrom("http://releases.invalid:80/a");
    assert.deepEqual(proxied, ["releases.invalid:80"]);
  });
});
