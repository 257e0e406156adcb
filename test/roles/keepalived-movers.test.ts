import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync, chmodSync, readFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { promisify } from "node:util";
import { Secret } from "../../src/index.ts";
import { settingsOf } from "../../roles/keepalived/mover.ts";
import { schema, type Vars } from "../../roles/keepalived/vars.ts";

const run = promisify(execFile);
const FILES = path.join(import.meta.dirname, "../../roles/keepalived/files");
const KEY = "a key that nobody may see";
const gateway = { id: 1, region: "la", address: "10.1.0.11", public_address: "203.0.113.1", private_cidrs: ["10.1.0.0/24"] };

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Stands in for the clouds: keeps what it was asked for, and answers what a test says. */
const calls: Call[] = [];
let answers: (call: Call) => { readonly status?: number; readonly body?: string } = () => ({});
let recorder: Server;
let api = "";
const folder = mkdtempSync(path.join(tmpdir(), "hawser-movers-"));

before(async () => {
  recorder = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      const call = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body };
      calls.push(call);
      const { status = 200, body: answer = "{}" } = answers(call);
      response.writeHead(status).end(answer);
    });
  });
  await new Promise<void>((resolve) => recorder.listen(0, "127.0.0.1", resolve));
  api = `http://127.0.0.1:${(recorder.address() as AddressInfo).port}`;
});
beforeEach(() => {
  calls.length = 0;
  answers = () => ({});
});
after(() => {
  recorder.close();
  rmSync(folder, { recursive: true });
});

/** Runs a mover as keepalived's notify script does, with the settings that the role writes. */
async function take(changes: Pick<Vars, "mover"> & Record<string, unknown>, words: readonly string[] = [], env: Record<string, string> = {}): Promise<{ stdout: string; stderr: string; code: number }> {
  const vars = schema.parse({ gateway, vip: "192.0.2.100", ...changes });
  const conf = path.join(folder, "mover.conf");
  writeFileSync(conf, Object.entries(settingsOf(vars, "la-1", ["sg-1", "fr-1"]) ?? assert.fail("no settings")).map(([name, value]) => `${name}='${value}'\n`).join(""));
  try {
    return { ...(await run("/bin/sh", [path.join(FILES, `move-${vars.mover}.sh`), "take", ...words], { env: { PATH: process.env["PATH"] ?? "", MOVER_CONF: conf, ...env } })), code: 0 };
  } catch (error) {
    return error as { stdout: string; stderr: string; code: number };
  }
}

const gcp = () => ({ mover: "gcp" as const, gcp: { project: "shop", zone: "us-west2-a", instance: "la-1", metadata: api, api } });
const token = (call: Call) => (call.url.includes("/computeMetadata/") ? { body: '{"access_token":"ya29.token","expires_in":3599,"token_type":"Bearer"}' } : {});

void test("gcp: the new route comes before the others go, with the token of the instance", async () => {
  answers = token;
  assert.deepEqual((await take(gcp())).code, 0);
  const [asked, made, ...gone] = calls;
  assert.deepEqual([asked?.url, asked?.headers["metadata-flavor"]], ["/computeMetadata/v1/instance/service-accounts/default/token", "Google"]);
  assert.deepEqual([made?.method, made?.url, made?.headers.authorization], ["POST", "/compute/v1/projects/shop/global/routes", "Bearer ya29.token"]);
  assert.deepEqual(JSON.parse(made?.body ?? ""), { name: "hawser-vip-51-la-1", network: `${api}/compute/v1/projects/shop/global/networks/default`, destRange: "192.0.2.100/32", priority: 100, nextHopInstance: `${api}/compute/v1/projects/shop/zones/us-west2-a/instances/la-1` });
  assert.deepEqual(gone.map(({ method, url }) => [method, url]), ["sg-1", "fr-1"].map((host) => ["DELETE", `/compute/v1/projects/shop/global/routes/hawser-vip-51-${host}`]));
});

void test("gcp: a route that is there, and others that are not, are no failure; no permission is one, with its cause", async () => {
  answers = (call) => ({ ...token(call), ...(call.method === "POST" && { status: 409 }), ...(call.method === "DELETE" && { status: 404 }) });
  assert.equal((await take(gcp())).code, 0);
  answers = (call) => ({ ...token(call), ...(call.method === "POST" && { status: 403 }) });
  const refused = await take(gcp());
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /hawser-vip-51-la-1 was not made: HTTP 403; may the service account/);
  assert.ok(!calls.slice(-1).some(({ method }) => method === "DELETE"), "without its own route it takes no other away");
});

void test("gcp: a service that is busy is asked again", async () => {
  let left = 1;
  answers = (call) => (call.method === "POST" && left-- > 0 ? { status: 503 } : token(call));
  assert.equal((await take(gcp())).code, 0);
  assert.equal(calls.filter(({ method }) => method === "POST").length, 2);
});

const tencent = () => ({ mover: "tencent" as const, tencent: { secret_id: "AKIDEXAMPLE", secret_key: new Secret(KEY), region: "ap-singapore", havip: "havip-1234", address: "198.51.100.7", api } });

/** TC3-HMAC-SHA256, computed independently of the script. */
function signature({ headers, body }: Call): string {
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
  const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
  const now = String(headers["x-tc-timestamp"]);
  const day = new Date(Number(now) * 1000).toISOString().slice(0, 10);
  const action = String(headers["x-tc-action"]).toLowerCase();
  const request = ["POST", "/", "", `content-type:${headers["content-type"]}`, `host:${headers.host}`, `x-tc-action:${action}`, "", "content-type;host;x-tc-action", sha(body)].join("\n");
  return hmac(hmac(hmac(hmac(`TC3${KEY}`, day), "vpc"), "tc3_request"), ["TC3-HMAC-SHA256", now, `${day}/vpc/tc3_request`, sha(request)].join("\n")).toString("hex");
}

void test("tencent: the elastic address is taken off and bound to this gateway's HAVIP, signed as the API wants it", async () => {
  assert.equal((await take(tencent())).code, 0);
  assert.deepEqual(calls.map(({ headers, body }) => [headers["x-tc-action"], headers["x-tc-version"], headers["x-tc-region"], JSON.parse(body)]), [
    ["HaVipDisassociateAddressIp", "2017-03-12", "ap-singapore", { AddressIp: "198.51.100.7" }],
    ["HaVipAssociateAddressIp", "2017-03-12", "ap-singapore", { HaVipId: "havip-1234", AddressIp: "198.51.100.7" }],
  ]);
  for (const call of calls) assert.match(call.headers.authorization ?? "", new RegExp(`^TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/\\d{4}-\\d\\d-\\d\\d/vpc/tc3_request, SignedHeaders=content-type;host;x-tc-action, Signature=${signature(call)}$`));
});

void test("tencent: while the address is still bound elsewhere, it is asked again", async () => {
  let left = 1;
  answers = ({ headers }) => (headers["x-tc-action"] === "HaVipAssociateAddressIp" && left-- > 0 ? { body: '{"Response":{"Error":{"Code":"UnsupportedOperation"}}}' } : { body: '{"Response":{"RequestId":"1"}}' });
  assert.equal((await take(tencent())).code, 0);
  assert.equal(calls.length, 3);
});

const dns = () => ({ mover: "dns" as const, dns: { server: "192.0.2.53", zone: "example.org", name: "shop.example.org", address: "203.0.113.1", key_name: "hawser", key: new Secret(KEY) } });
const UPDATE = "server 192.0.2.53\nzone example.org\nupdate delete shop.example.org A\nupdate add shop.example.org 30 A 203.0.113.1\nsend\n";

void test("dns: nsupdate gets the key and the update by standard input, and no words", async () => {
  const fake = path.join(folder, "nsupdate");
  writeFileSync(fake, `#!/bin/sh\necho "$@" >${folder}/words\ncat >${folder}/input\n`);
  chmodSync(fake, 0o755);
  assert.equal((await take(dns(), [], { PATH: `${folder}:${process.env["PATH"]}` })).code, 0);
  assert.equal(readFileSync(path.join(folder, "input"), "utf8"), `key hmac-sha256:hawser ${KEY}\n${UPDATE}`);
  assert.equal(readFileSync(path.join(folder, "words"), "utf8"), "-t 5\n");
});

void test("a dry run says the calls, makes none, and shows no secret", async () => {
  const said = async (changes: Parameters<typeof take>[0]): Promise<string> => (await take(changes, ["--dry-run"])).stdout;
  assert.match(await said(gcp()), /^POST .*\/global\/routes \{.*"destRange":"192\.0\.2\.100\/32".*\}\nDELETE .*hawser-vip-51-sg-1\nDELETE .*hawser-vip-51-fr-1\n$/);
  const tencentSaid = await said(tencent());
  assert.match(tencentSaid, /^POST .*HaVipDisassociateAddressIp .*\nPOST .*HaVipAssociateAddressIp .*havip-1234.*\n$/);
  const dnsSaid = await said(dns());
  assert.equal(dnsSaid, UPDATE);
  assert.ok(![tencentSaid, dnsSaid].some((text) => text.includes(KEY)));
  assert.deepEqual(calls, []);
});

void test("no secret is in a command's words", () => {
  for (const name of ["move-tencent.sh", "move-dns.sh", "move-gcp.sh"]) {
    const external = readFileSync(path.join(FILES, name), "utf8").split("\n").filter((line) => /\b(?:curl|openssl|nsupdate|od)\b/.test(line) && !line.trim().startsWith("#"));
    for (const line of external) assert.doesNotMatch(line.split("|").slice(line.includes("printf") ? 1 : 0).join("|"), /\$(?:SECRET_KEY|KEY|token)\b/, `${name}: ${line}`);
  }
});
