import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Secret, Value, type Sh, type Tasks } from "../../src/index.ts";
import { declareKept, keepAuthority } from "../../roles/ca/keep.ts";
import { schema } from "../../roles/ca/vars.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "hawser-keep-"));
  mkdirSync(path.join(root, "hawser-ca"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Pair {
  readonly key: string;
  readonly certificate: string;
}

/** Runs shell text in a folder in place of /etc. */
function shell(text: string, input?: string) {
  const { status, stdout, stderr } = spawnSync("sh", ["-c", text.replaceAll("/etc/hawser-", `${root}/hawser-`)], { encoding: "utf8", ...(input !== undefined && { input }) });
  return { code: status ?? -1, out: stdout, err: stderr };
}

/** zx's `$`, as much of it as the role uses. */
const $ = (first: TemplateStringsArray | { readonly input: string }, ...holes: readonly string[]): unknown => {
  const run = (strings: TemplateStringsArray, words: readonly string[], input?: string) => {
    const { code, out, err } = shell(strings.map((part, i) => `${part}${words[i] ?? ""}`).join(""), input);
    return code === 0 ? Promise.resolve({ stdout: out }) : Promise.reject(new Error(err));
  };
  return "input" in first ? (strings: TemplateStringsArray, ...words: readonly string[]) => run(strings, words, first.input) : run(first, holes);
};

/** Makes or restores the CA, with what the controller keeps. @returns what it is given to keep */
async function keep(known?: Pair): Promise<Pair> {
  const tasks: { readonly check: Sh; readonly apply: (tools: object) => Promise<Pair> }[] = [];
  const kept = Value.pending<object>("kept");
  if (known) kept.settle({ key: new Secret(known.key), certificate: new Secret(known.certificate) });
  const t = { kept: () => ({ value: kept.value }), task: (_: string, options: never) => void tasks.push(options) } as unknown as Tasks;
  keepAuthority(t, schema.parse({ host: "la-1" }), declareKept(t, 1), []);
  const [make] = tasks;
  const sh = (command: Sh) => Promise.resolve(shell(command.render()));
  return await (make as (typeof tasks)[number]).apply({ $, sh });
}
const read = (name: string): string => readFileSync(path.join(root, "hawser-ca/1", name), "utf8");

void test("a CA that is made is given to the controller as it lies on its host", async () => {
  const pair = await keep();
  assert.deepEqual(pair, { key: read("key.pem"), certificate: read("cert.pem") });
  assert.match(pair.key, /^-----BEGIN PRIVATE KEY-----/);
});

void test("one that is there is kept as it is, also when it was kept before", async () => {
  const pair = await keep();
  assert.deepEqual([await keep(), await keep(pair)], [pair, pair]);
});

void test("one that is lost is the same again, closed to others and good for as long", async () => {
  const pair = await keep();
  const ends = read("ends");
  rmSync(path.join(root, "hawser-ca/1"), { recursive: true });
  assert.deepEqual(await keep(pair), pair);
  assert.deepEqual([read("key.pem"), read("cert.pem"), read("ends")], [pair.key, pair.certificate, ends]);
  assert.equal(statSync(path.join(root, "hawser-ca/1/key.pem")).mode & 0o777, 0o600);
});

void test("another CA than the one that is kept, and a pair that is none, are refused", async () => {
  const first = await keep();
  rmSync(path.join(root, "hawser-ca/1"), { recursive: true });
  const second = await keep();
  await assert.rejects(keep(first), /another CA of generation 1 is kept/);
  rmSync(path.join(root, "hawser-ca/1"), { recursive: true });
  await assert.rejects(keep({ key: first.key, certificate: second.certificate }), /what is kept is no pair/);
});
