import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../roles/minio/files/s3.sh", import.meta.url));
const TELLER = fileURLToPath(new URL("../../roles/minio/files/tell.sh", import.meta.url));
const TRUSTED = "/etc/ssl/certs/ca-certificates.crt";
const ACCESS = "HWABCDEFGHIJKLMNOPQR";
/** The longest that it signs with, and longer than those that the role makes. */
const SECRET = `${"a/b+c=_-".repeat(7)}wxyz`;

const sha256 = (data: Buffer | string): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: Buffer | string, data: string): Buffer => createHmac("sha256", key).update(data).digest();

/** What a request's signature must be, by AWS' description of Signature Version 4. */
function signatureOf({ method = "", url = "", headers }: IncomingMessage): string {
  const date = String(headers["x-amz-date"]);
  const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const [path_ = "", query = ""] = url.split("?");
  const named = query === "" ? [] : query.split("&").map((pair) => (pair.includes("=") ? pair : `${pair}=`));
  const canonical = [method, path_, named.sort().join("&"), `host:${headers.host}`, `x-amz-content-sha256:${String(headers["x-amz-content-sha256"])}`, `x-amz-date:${date}`, "", "host;x-amz-content-sha256;x-amz-date", String(headers["x-amz-content-sha256"])].join("\n");
  const key = [date.slice(0, 8), "us-east-1", "s3", "aws4_request"].reduce<Buffer | string>((signed, part) => hmac(signed, part), `AWS4${SECRET}`);
  return hmac(key, ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n")).toString("hex");
}

void describe("the signer", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-s3-"));
  const file = (name: string): string => path.join(folder, name);
  const objects = new Map<string, Buffer>();
  let server: Server;
  let url = "";

  before(async () => {
    server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const body = Buffer.concat(parts);
        const right = request.headers.authorization?.endsWith(`Signature=${signatureOf(request)}`) && request.headers.authorization.includes(`Credential=${ACCESS}/`) && request.headers["x-amz-content-sha256"] === sha256(body);
        const { method = "", url: name = "" } = request;
        const found = objects.get(name);
        if (right && method === "PUT") objects.set(name, body);
        if (right && method === "DELETE") objects.delete(name);
        const busy = name === "/busy";
        const status = !right ? 403 : busy ? 503 : method === "DELETE" ? 204 : method === "PUT" || found ? 200 : 404;
        response.writeHead(status, status === 200 ? { ETag: `"${sha256(method === "PUT" ? body : (found ?? ""))}"` } : {}).end(busy ? "not now" : status === 200 && method === "GET" ? found : undefined);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    writeFileSync(file("key"), `ACCESS='${ACCESS}'\nSECRET='${SECRET}'\n`);
    writeFileSync(file("wrong"), `ACCESS='${ACCESS}'\nSECRET='${"x".repeat(40)}'\n`);
    writeFileSync(file("body"), randomBytes(4096));
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = async (shell: readonly string[], key: string, ...words: readonly string[]): Promise<string> => (await run([...shell, SCRIPT, file(key), TRUSTED, ...words])).out.trim();

  async function run([program = "", ...args]: readonly string[], input = ""): Promise<{ readonly out: string; readonly err: string; readonly code: number | null }> {
    const child = spawn(program, args);
    const said = { out: "", err: "" };
    child.stdout.on("data", (part: Buffer) => (said.out += part.toString()));
    child.stderr.on("data", (part: Buffer) => (said.err += part.toString()));
    child.stdin.end(input);
    const [code] = (await once(child, "close")) as [number | null];
    return { ...said, code };
  }

  for (const shell of [["dash"], ["bash", "--posix"]]) {
    void test(`${shell[0]} signs what a server takes`, async () => {
      const etag = sha256(readFileSync(file("body")));
      const object = `${url}/a-bucket/${shell[0]}/1`;
      assert.equal(await ask(shell, "key", "PUT", object, file("body")), `200 ${etag}`);
      assert.equal(await ask(shell, "key", "GET", object, file("copy")), `200 ${etag}`);
      assert.deepEqual(readFileSync(file("copy")), readFileSync(file("body")));
      assert.equal(await ask(shell, "key", "HEAD", object), `200 ${etag}`);
      assert.equal(await ask(shell, "key", "DELETE", object), "204 none");
      assert.equal(await ask(shell, "key", "HEAD", object), "404 none");
    });
  }

  for (const shell of ["dash", "bash"]) {
    void test(`${shell} signs a query, whose names may have no value`, async () => {
      const bucket = `${url}/${shell}-bucket`;
      assert.match(await ask([shell], "key", "PUT", `${bucket}?lifecycle`, file("body")), /^200 /);
      assert.match(await ask([shell], "key", "GET", `${bucket}?lifecycle`, file("copy")), /^200 /);
      assert.equal(await ask([shell], "key", "GET", `${bucket}?list-type=2&prefix=a%2Fb`, file("copy")), "404 none");
    });

    void test(`${shell} sends nothing where there is nothing to send, and standard input where that is asked for, and prints the answer`, async () => {
      const tell = (method: string, name: string, ...input: readonly string[]) => run([shell, TELLER, SCRIPT, file("key"), TRUSTED, method, `${url}${name}`, ...(input.length > 0 ? ["-"] : [])], input[0]);
      assert.equal((await tell("PUT", `/${shell}/empty?a=1&b=2`)).code, 0);
      assert.deepEqual(await tell("GET", `/${shell}/empty?a=1&b=2`), { out: "", err: "", code: 0 });
      assert.equal((await tell("PUT", `/${shell}/said`, "a secret\n")).code, 0);
      assert.deepEqual(await tell("GET", `/${shell}/said`), { out: "a secret\n", err: "", code: 0 });
      assert.deepEqual(await tell("HEAD", `/${shell}/said`), { out: "", err: "", code: 0 });
      assert.deepEqual(await tell("GET", `/${shell}/never`), { out: "", err: "", code: 4 });
    });
  }

  void test("what a server says to a request that it does not do is said, and so is that nobody answers", async () => {
    const busy = await run(["sh", TELLER, SCRIPT, file("key"), TRUSTED, "PUT", `${url}/busy`, "-"], "{}");
    assert.deepEqual([busy.code, busy.out, busy.err], [3, "", `PUT ${url}/busy: 503\nnot now`]);
    const nobody = await run(["sh", TELLER, SCRIPT, file("key"), TRUSTED, "GET", "http://127.0.0.1:1/x?secret=1"]);
    assert.equal(nobody.code, 3);
    assert.match(nobody.err, /^GET http:\/\/127\.0\.0\.1:1\/x: 000\ncurl: \(7\)/);
  });

  void test("keys may come by standard input, and a wrong one is told from one that may not", async () => {
    const told = (key: string) => run(["sh", "-c", `cat '${file(key)}' | sh ${TELLER} ${SCRIPT} /dev/stdin ${TRUSTED} PUT ${url}/by-input`]);
    assert.equal((await told("key")).code, 0);
    const wrong = await told("wrong");
    assert.deepEqual([wrong.code, wrong.err], [3, `PUT ${url}/by-input: 403\n`]);
  });

  void test("a wrong key is refused, and nobody there is told from that", async () => {
    assert.equal(await ask(["sh"], "wrong", "HEAD", `${url}/a-bucket`), "403 none");
    assert.equal(await ask(["sh"], "key", "HEAD", "http://127.0.0.1:1/a-bucket"), "000 none");
  });

  void test("no key stands in a command line, whatever is asked", () => {
    const text = readFileSync(SCRIPT, "utf8");
    // What is external: everything else is the shell's own.
    const external = text.split("\n").filter((line) => /\b(?:curl|sha256sum|od|tr|awk|date)\b/.test(line) && !line.startsWith("#"));
    for (const line of external) assert.doesNotMatch(line.replace(/printf '%s' "AWS4\$SECRET" \|/, ""), /SECRET|\$key\b/, line);
  });
});
