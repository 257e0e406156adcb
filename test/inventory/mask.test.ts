import assert from "node:assert/strict";
import test from "node:test";
import { maskLines } from "../../src/inventory/mask.ts";

for (const [source, expected] of [
  ["a: !secret hunter2", "a: !secret [secret]"],
  ["a: {b: !secret hunter2, c: 1}", "a: {b: !secret [secret]"],
  ["password: hunter2", "password: [secret]"],
  ['  "db_password": "hunter2"', '  "db_password": [secret]'],
  ["ssh: {user: root, password: hunter2}", "ssh: {user: root, password: [secret]"],
  ["ansible_become_pass: hunter2", "ansible_become_pass: [secret]"],
  ["psk: hunter2", "psk: [secret]"],
  ["password: !env DB_PASSWORD", "password: !env DB_PASSWORD"],
  ["password: !file ~/db", "password: !file ~/db"],
  ["vault_password_file: ~/pw", "vault_password_file: ~/pw"],
  ["passwords: 3", "passwords: 3"],
  ["port: 22", "port: 22"],
] as const) {
  void test(`${source} is quoted as ${expected}`, () => assert.deepEqual(maskLines(source), [expected]));
}

void test("the lines of a block go with its key, and no further", () => {
  const source = ["a: !secret |", "  one", "", "    two", "b: 2", "password:", "  hunter2", "c: 3"].join("\n");
  assert.deepEqual(maskLines(source), ["a: !secret [secret]", "  [secret]", "", "    [secret]", "b: 2", "password: [secret]", "  [secret]", "c: 3"]);
});
