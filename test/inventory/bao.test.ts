import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadInventory } from "../../src/inventory/index.ts";
import { Secret } from "../../src/shell/index.ts";
import { brief, directoryOf, load, problemsOf } from "./fixture.ts";

const TOKEN = "s.token-of-the-test";
const withVars = (vars: Readonly<Record<string, string>>): string => `g:\n  hosts:\n    h:\n${Object.entries(vars).map(([name, yaml]) => `      ${name}: ${yaml}\n`).join("")}`;
const folder = mkdtempSync(join(tmpdir(), "hawser-bao-"));
const asked: string[] = [];
let server: Server;
let port = 0;

/** Answers as the server does: a mount of each version of key-value, and one of another engine. */
function answer({ url = "", headers }: IncomingMessage, response: ServerResponse): void {
  const say = (status: number, body: object, more: Record<string, string> = {}): void => void response.writeHead(status, more).end(JSON.stringify(body));
  asked.push(url);
  if (headers["x-vault-token"] !== TOKEN) return say(403, { errors: ["permission denied"] });
  if (url === "/v1/standby/x") return say(307, {}, { location: "/v1/old/app" });
  if (url.startsWith("/v1/sys/internal/ui/mounts/kv/")) return say(200, { data: { path: "kv/", options: { version: "2" } } });
  if (url.startsWith("/v1/sys/internal/ui/mounts/old/")) return say(200, { data: { path: "old/", options: null } });
  if (url === "/v1/kv/data/app/db") return say(200, { data: { data: { password: "two $words;", port: 5432, list: [], void: "" }, metadata: { version: 3 } } });
  if (url === "/v1/kv/data/gone") return say(200, { data: { data: null, metadata: { version: 3 } } });
  if (url === "/v1/old/app") return say(200, { data: { password: "of version one" } });
  if (url === "/v1/kv/data/sealed") return say(503, { errors: ["Vault is sealed"] });
  if (url === "/v1/kv/data/forbidden") return say(403, { errors: ["1 error occurred:\n\t* permission denied\n\n"] });
  return say(404, { errors: [] });
}

before(async () => {
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", join(folder, "key"), "-out", join(folder, "ca.pem"), "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"], { stdio: "ignore" });
  server = createServer({ key: readFileSync(join(folder, "key")), cert: readFileSync(join(folder, "ca.pem")) }, answer);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});
after(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

const env = (changes: Record<string, string> = {}): Record<string, string> => ({ BAO_ADDR: `https://127.0.0.1:${port}`, BAO_CACERT: join(folder, "ca.pem"), BAO_TOKEN: TOKEN, ...changes });

function reveal(value: unknown): string {
  assert.ok(value instanceof Secret);
  return value.reveal();
}

void test("!bao reads a field of key-value secrets of both versions, over TLS, once for each path", async () => {
  asked.length = 0;
  const { vars } = (await load(withVars({ a: "!bao kv/app/db#password", b: "!bao kv/app/db#port", c: "!bao old/app#password", d: "!bao /kv/app/db#password" }), { env: env() })).host("h");
  assert.deepEqual(["a", "b", "c", "d"].map((name) => reveal(vars[name])), ["two $words;", "5432", "of version one", "two $words;"]);
  assert.equal(JSON.stringify(vars), '{"a":"[secret]","b":"[secret]","c":"[secret]","d":"[secret]"}');
  assert.deepEqual(asked.toSorted(), ["/v1/kv/data/app/db", "/v1/old/app", "/v1/sys/internal/ui/mounts/kv/app/db", "/v1/sys/internal/ui/mounts/old/app"]);
});

void test("the words of HashiCorp Vault count too, BAO_ wins, and the token may lie where a login leaves it", async () => {
  const home = directoryOf({ ".vault-token": `${TOKEN}\n` });
  execFileSync("chmod", ["600", join(home, ".vault-token")]);
  const { vars } = (await load(withVars({ a: "!bao kv/app/db#password" }), { home, env: { VAULT_ADDR: `https://127.0.0.1:${port}`, VAULT_CACERT: join(folder, "ca.pem"), BAO_NAMESPACE: "" } })).host("h");
  assert.equal(reveal(vars["a"]), "two $words;");
});

void test("a standby's redirect is followed", async () => {
  const { vars } = (await load(withVars({ a: "!bao standby/x#password" }), { env: env() })).host("h");
  assert.equal(reveal(vars["a"]), "of version one");
});

for (const [what, yaml, message, changes] of [
  ["a field that is not there", "!bao kv/app/db#pasword", 'kv/app/db has no field "pasword"; it has password, port, list, void', {}],
  ["a field that is no text", "!bao kv/app/db#list", "kv/app/db#list is no text", {}],
  ["an empty field", "!bao kv/app/db#void", "kv/app/db#void is empty", {}],
  ["a secret that is not there", "!bao kv/app/nothing#a", "there is no kv/app/nothing", {}],
  ["a deleted secret", "!bao kv/gone#a", "kv/gone holds nothing: its newest version is deleted", {}],
  ["a path that the token may not read", "!bao kv/forbidden#a", /^the token may not read kv\/forbidden, or there is nothing: 1 error occurred/, {}],
  ["a sealed server", "!bao kv/sealed#a", "the server is sealed or has no leader: Vault is sealed", {}],
  ["a place without a field", "!bao kv/app", '"kv/app" is no place of a secret: write mount/path#field, such as kv/app#password', {}],
  ["a place that climbs", "!bao kv/../sys#a", '"kv/../sys" has a part that is empty or made of dots', {}],
  ["a wrong token", "!bao kv/app/db#password", /^the token may not read kv\/app\/db/, { BAO_TOKEN: "s.wrong" }],
  ["no token", "!bao kv/app/db#password", /^there is no token: BAO_TOKEN and VAULT_TOKEN are not set, and ~\/\.vault-token does not exist/, { BAO_TOKEN: "" }],
  ["no address", "!bao kv/app/db#password", /^the address of the server is not set: BAO_ADDR or VAULT_ADDR/, { BAO_ADDR: "" }],
  ["plain http elsewhere", "!bao kv/app/db#password", /^http:\/\/bao\.example would carry the token in the clear/, { BAO_ADDR: "http://bao.example" }],
  ["an unknown authority", "!bao kv/app/db#password", /cannot be asked: .*self-signed certificate/, { BAO_CACERT: "" }],
  ["an authority's file that is not there", "!bao kv/app/db#password", /nowhere\.pem \(BAO_CACERT\) cannot be read: ENOENT/, { BAO_CACERT: "nowhere.pem" }],
  ["a server that is not there", "!bao kv/app/db#password", /cannot be asked: connect ECONNREFUSED/, { BAO_ADDR: "https://127.0.0.1:1" }],
] as const) {
  void test(`${what} is reported where the secret stands`, async () => {
    const [found = "", ...others] = (await problemsOf(withVars({ x: yaml }), { home: directoryOf({ x: "" }), env: env(changes) })).map(brief);
    assert.deepEqual(others, []);
    assert.ok(found.startsWith("hosts.yml:4:10: !bao: "), found);
    const said = found.slice("hosts.yml:4:10: !bao: ".length);
    if (typeof message === "string") assert.equal(said, message);
    else assert.match(said, message);
    assert.ok(!found.includes(TOKEN));
  });
}

void test("!vault, which is Ansible's, names the tag that was meant", async () => {
  const [found = ""] = (await problemsOf(withVars({ x: "!vault kv/app/db#password" }), { env: env() })).map(brief);
  assert.match(found, /^hosts\.yml:4:10: !vault: this is no text of Ansible Vault; a secret in OpenBao or HashiCorp Vault is !bao kv\/app\/db#password/);
});

void test("a server that does not answer is given up", async () => {
  const mute = createServer({ key: readFileSync(join(folder, "key")), cert: readFileSync(join(folder, "ca.pem")) }, () => undefined);
  await new Promise<void>((resolve) => void mute.listen(0, "127.0.0.1", resolve));
  try {
    const address = `127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const [found = ""] = (await problemsOf(withVars({ x: "!bao kv/a#b" }), { env: env({ BAO_ADDR: `https://${address}`, HAWSER_SECRET_TIMEOUT: "0.3" }) })).map(brief);
    assert.equal(found, `hosts.yml:4:10: !bao: ${address} did not answer within 0.3 s`);
  } finally {
    mute.close();
    mute.closeAllConnections();
  }
});

void test("views ask no server", async () => {
  asked.length = 0;
  const cwd = directoryOf({ "hosts.yml": withVars({ x: "!bao kv/app/db#password" }) });
  writeFileSync(join(cwd, "x"), "");
  const inventory = await loadInventory(".", { cwd, env: env(), secrets: "sealed" });
  assert.equal(JSON.stringify(inventory.host("h").vars), '{"x":"[secret]"}');
  assert.deepEqual(asked, []);
});
