import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { expandHostName, readHostName } from "../../src/inventory/ranges.ts";

for (const [pattern, expected] of [
  ["la-1", ["la-1"]],
  ["web[1:3]", ["web1", "web2", "web3"]],
  ["web[01:10:2]", ["web01", "web03", "web05", "web07", "web09"]],
  ["web[08:12:2].example.com", ["web08.example.com", "web10.example.com", "web12.example.com"]],
  ["web[9:11]", ["web9", "web10", "web11"]],
  ["web[:2]", ["web0", "web1", "web2"]],
  ["web[7:7]", ["web7"]],
  ["db-[a:f:2]", ["db-a", "db-c", "db-e"]],
  ["db-[X:Z]", ["db-X", "db-Y", "db-Z"]],
  ["r[1:2]-[a:b]", ["r1-a", "r1-b", "r2-a", "r2-b"]],
] as const) {
  void test(`${pattern} stands for ${expected.join(" ")}`, () => assert.deepEqual(expandHostName(pattern), expected));
}

for (const [pattern, column, wrong] of [
  ["web[10:1]", 3, "the range [10:1] runs backwards"],
  ["web[f:a]", 3, "the range [f:a] runs backwards"],
  ["web[1:9:0]", 3, "the step of the range [1:9:0] must be a whole number from 1"],
  ["web[1:9:-1]", 3, "the step of the range [1:9:-1] must be a whole number from 1"],
  ["web[1:]", 3, "the range [1:] must go from a number to a number or from a letter to a letter"],
  ["web[1:a]", 3, "the range [1:a] must go from a number to a number or from a letter to a letter"],
  ["web[5]", 3, "the range [5] must be [start:stop] or [start:stop:step]"],
  ["web[1:2:3:4]", 3, "the range [1:2:3:4] must be [start:stop] or [start:stop:step]"],
  ["web[a:Z]", 3, "the range [a:Z] mixes small and capital letters"],
  ["web[01:100]", 3, "the ends of the range [01:100] must be equally long, as 01 has leading zeros"],
  ["web[1:10001]", 3, "the range [1:10001] stands for 10001 hosts; at most 10000 are allowed"],
  ["web[1:999999999999999]", 3, "the range [1:999999999999999] stands for 999999999999999 hosts; at most 10000 are allowed"],
  ["r[1:101]-[1:100]", 0, "r[1:101]-[1:100] stands for 10100 hosts; at most 10000 are allowed"],
  ["web[1:2", 0, '"web[1:2" is not a host name'],
  ["web 1", 0, '"web 1" is not a host name'],
  ["-web", 0, '"-web" is not a host name'],
  ["", 0, '"" is not a host name'],
] as const) {
  void test(`${pattern} is refused`, () => {
    const result = expandHostName(pattern);
    assert.ok("wrong" in result);
    assert.deepEqual([result.column, result.wrong], [column, wrong]);
  });
}

for (const [pattern, hint] of [
  ["web:2222", "letters, digits, _, - and . are allowed, and ranges such as [01:10] or [a:f]"],
  ["2001:db8:1", 'give the host a name and write the IPv6 address as ssh: { address: "…" }'],
  ["web[10:1]", "write [1:10]"],
  ["web[01:100]", "write [001:100]"],
] as const) {
  void test(`${pattern} comes with a hint`, () => {
    const result = expandHostName(pattern);
    assert.ok("wrong" in result);
    assert.equal(result.hint, hint);
  });
}

void test("a numeric range holds every step from its start to its end, equally wide when padded", () => {
  const range = fc.record({ from: fc.nat(500), more: fc.nat(500), step: fc.integer({ min: 1, max: 50 }), width: fc.constantFrom(0, 4) });
  fc.assert(
    fc.property(range, ({ from, more, step, width }) => {
      const pad = (n: number): string => String(n).padStart(width, "0");
      const names = expandHostName(`h[${pad(from)}:${pad(from + more)}:${step}]`);
      const expected: string[] = [];
      for (let n = from; n <= from + more; n += step) expected.push(`h${pad(n)}`);
      assert.deepEqual(names, expected);
    }),
  );
});

for (const [pattern, expected] of [
  ["web:2222", { names: ["web"], port: 2222 }],
  ["web[1:2]:22", { names: ["web1", "web2"], port: 22 }],
  ["w[1:2].[a:b]:22", { names: ["w1.a", "w1.b", "w2.a", "w2.b"], port: 22 }],
  ["2001:db8::1", { names: ["2001:db8::1"] }],
  ["[2001:db8::1]", { names: ["2001:db8::1"] }],
  ["[2001:db8::1]:2222", { names: ["2001:db8::1"], port: 2222 }],
  ["web:0", { wrong: "the port of web:0 must be from 1 to 65535", column: 4 }],
  ["web:70000", { wrong: "the port of web:70000 must be from 1 to 65535", column: 4 }],
] as const) {
  void test(`${pattern} names ${JSON.stringify(expected)}`, () => assert.deepEqual(readHostName(pattern), expected));
}
