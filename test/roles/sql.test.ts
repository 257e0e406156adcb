import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as holds, property, string } from "fast-check";
import { confValue, dsnValue, ident, literal, passField, Psql, saltFor, scramVerifier, tableName } from "../../roles/postgres-pglogical/sql.ts";

const text = string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));

for (const [name, quoted] of [["orders", '"orders"'], ["Order", '"Order"'], ['a"b', '"a""b"'], ["select", '"select"'], ["drop table x; --", '"drop table x; --"']] as const) {
  void test(`the identifier ${name}`, () => assert.equal(ident(name), quoted));
}
for (const [value, quoted] of [["it's", "'it''s'"], ["a\\'b", " E'a\\\\''b'"], ["", "''"]] as const) {
  void test(`the literal ${JSON.stringify(value)}`, () => assert.equal(literal(value), quoted));
}
void test("NUL bytes and empty names are refused", () => {
  assert.throws(() => ident(""), TypeError);
  assert.throws(() => ident("a\0"), TypeError);
  assert.throws(() => literal("a\0"), TypeError);
});
void test("a table without a schema is in public", () => {
  assert.equal(tableName("orders"), '"public"."orders"');
  assert.equal(tableName("shop.orders"), '"shop"."orders"');
});

void test("whatever a text holds, it cannot leave its quotes", () => {
  holds(
    property(text, (value) => {
      if (value !== "") assert.equal(ident(value).slice(1, -1).replaceAll('""', '"'), value);
      const sql = literal(value).trim();
      const escaped = sql.startsWith("E");
      const inner = sql.slice(escaped ? 2 : 1, -1).replaceAll("''", "'");
      assert.equal(escaped ? inner.replaceAll("\\\\", "\\") : inner, value);
      assert.doesNotMatch(confValue(value).slice(1, -1).replaceAll("''", ""), /'/);
      assert.equal(passField(value).replaceAll(/\\([\\:])/g, "$1"), value);
    }),
  );
});
void test("values of a connection string", () => {
  assert.equal(dsnValue("/var/lib/x"), "/var/lib/x");
  assert.equal(dsnValue("a b'c\\"), "'a b\\'c\\\\'");
});

void test("a verifier is the one that PostgreSQL makes, and its salt is public and of its own", () => {
  assert.equal(scramVerifier("pencil", Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64")), "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  assert.deepEqual(saltFor("la-1", "app"), saltFor("la-1", "app"));
  assert.notDeepEqual(saltFor("la-1", "app"), saltFor("sg-1", "app"));
  assert.equal(saltFor("la-1", "app").length, 16);
});

void test("SQL goes in by standard input, and a question that cannot be asked is no answer", () => {
  const asked = new Psql(["/usr/bin/psql"], 5432).holds("app", "select 'a'").render();
  assert.equal(asked, `r=$(printf '%s' 'select '\\''a'\\''' | {\n/usr/bin/psql -XAtq -v ON_ERROR_STOP=1 -p 5432 -d app\n}) || exit 2\n[ "$r" = t ]`);
});
