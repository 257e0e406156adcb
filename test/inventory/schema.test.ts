import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import test from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse, type ScalarTag } from "yaml";

const ROOT = join(import.meta.dirname, "../..");
const SCHEMAS = join(ROOT, "docs/reference/schemas");

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
for (const name of readdirSync(SCHEMAS)) ajv.addSchema(JSON.parse(readFileSync(join(SCHEMAS, name), "utf8")) as object, `https://hawser.test/${name}`);

/** As an editor sees a tagged value: its text. */
const TAGS: readonly ScalarTag[] = ["!secret", "!env", "!file", "!age", "!vault", "!unsafe"].map((tag) => ({ tag, resolve: (value) => value }));

/** What a schema says about a text in YAML: `/path message`. */
function complaints(kind: "hosts" | "vars", yaml: string): string[] {
  const validate = ajv.getSchema(`https://hawser.test/${kind}.schema.json`);
  assert.ok(validate);
  const valid = validate(parse(yaml, { customTags: [...TAGS], merge: true }));
  return valid === true ? [] : (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message}${"additionalProperty" in params ? ` ${String(params["additionalProperty"])}` : ""}`);
}

const files = readdirSync(join(ROOT, "inventory"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".yml"))
  .map((entry) => join(entry.parentPath, entry.name));

for (const file of files) {
  void test(`${relative(ROOT, file)} fits its schema`, () => {
    assert.deepEqual(complaints(basename(file) === "hosts.yml" ? "hosts" : "vars", readFileSync(file, "utf8")), []);
  });
}

for (const [kind, yaml, expected] of [
  ["hosts", "web: { hosts: { 'w[1:3]': { ssh: { port: 22, password: !env PW, jump: [a, b] }, any: [1] }, w4: } }\nall: { children: { web: }, vars: { become: { method: doas } } }", []],
  ["hosts", "web: { hots: { w1: } }", ["/web must NOT have additional properties hots"]],
  ["hosts", "web: { children: { db: { vars: { ssh: { prot: 22 } } } } }", ["/web/children/db/vars/ssh must NOT have additional properties prot"]],
  ["hosts", "web: [w1]", ["/web must be object,null"]],
  ["vars", "ssh: { port: '{{ port }}', keep_open: 10m, key: ~/.ssh/k }\nansible_user: ada\n", []],
  ["vars", "base: { timezoen: UTC }", ["/base must NOT have additional properties timezoen"]],
  ["vars", "become: { method: pbrun }", ["/become/method must be equal to one of the allowed values", '/become/method must match pattern "\\{\\{"', "/become/method must match a schema in anyOf"]],
  ["vars", "hosts: { a: }", ["/ must NOT be valid", "/ property name must be valid"]],
  ["vars", "- a", ["/ must be object,null"]],
] as const) {
  void test(`${kind}: ${yaml.split("\n")[0]} has ${expected.length === 0 ? "no" : expected.length} complaint${expected.length === 1 ? "" : "s"}`, () => {
    assert.deepEqual(complaints(kind, yaml).map((line) => (line.startsWith("/") ? line : `/${line}`)), expected);
  });
}
