import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import * as fc from "fast-check";
import { PatternError, type Inventory } from "../../src/inventory/index.ts";
import { directoryOf, load } from "./fixture.ts";

const HOSTS = `all: { hosts: { solo: } }
dc: { children: { web: , db: } }
web: { hosts: { "web[1:5]": , edge-1: } }
db: { hosts: { "db-[a:c]": } }
cache: { hosts: { db-b: , web3: } }
empty:
`;
const inventory: Inventory = await load(HOSTS);
const names = (pattern: string, limit?: string): string => inventory.select(pattern, { limit }).map(({ name }) => name).join(" ");

for (const [pattern, expected] of [
  ["all", "solo db-b web3 web1 web2 web4 web5 edge-1 db-a db-c"],
  ["*", "solo db-b web3 web1 web2 web4 web5 edge-1 db-a db-c"],
  ["web1", "web1"],
  ["db", "db-a db-b db-c"],
  ["db:web1", "db-a db-b db-c web1"],
  ["db,web1", "db-a db-b db-c web1"],
  [" db , web1 ", "db-a db-b db-c web1"],
  ["cache", "db-b web3"],
  ["dc", "web1 web2 web3 web4 web5 edge-1 db-a db-b db-c"],
  ["db:db-b", "db-a db-b db-c"],
  // Regulars first, then &, then !, whatever the order.
  ["web:&cache", "web3"],
  ["&cache:web", "web3"],
  ["db:!cache", "db-a db-c"],
  ["!cache:db", "db-a db-c"],
  ["!cache,db,&dc,web1", "db-a db-c web1"],
  ["!dc", "solo"],
  ["&cache", "db-b web3"],
  ["&cache:!db", "web3"],
  ["all:!empty", "solo db-b web3 web1 web2 web4 web5 edge-1 db-a db-c"],
  ["empty:solo", "solo"],
  ["ungrouped", "solo"],
  // Globs and regexes match hosts and groups.
  ["web?", "web1 web2 web3 web4 web5"],
  ["db-*", "db-a db-b db-c"],
  ["d*", "web1 web2 web3 web4 web5 edge-1 db-a db-b db-c"],
  ["db-[ac]", "db-a db-c"],
  ["db-[!a]", "db-b db-c"],
  ["db-[a-b]", "db-a db-b"],
  ["~db-[ab]", "db-a db-b"],
  ["~(web|db-)[1a]$", "web1 db-a"],
  ["~web\\d{1,2}:!web1", "web2 web3 web4 web5"],
  ["~we(?:b1|b2),solo", "web1 web2 solo"],
  ["~.*-1", "edge-1"],
  ["all:!~web", "solo db-b db-a db-c"],
  // Subscripts count in the order in which the group lists its hosts.
  ["web[0]", "web1"],
  ["web[-1]", "edge-1"],
  ["web[1:3]", "web2 web3 web4"],
  ["web[4:]", "web5 edge-1"],
  ["web[:1]", "web1 web2"],
  ["cache[0]", "db-b"],
  ["db-*[1]", "db-b"],
  ["web:!web[0]", "web2 web3 web4 web5 edge-1"],
  ["web:&web[0:1]", "web1 web2"],
] as const) {
  void test(`${pattern} selects ${expected}`, () => assert.equal(names(pattern), expected));
}

for (const [pattern, kind, message] of [
  ["wbe", "unknown", 'no host or group is called "wbe"; did you mean "web"?'],
  ["all:!wbe", "unknown", 'no host or group is called "wbe"; did you mean "web"?'],
  ["all:&db-d", "unknown", 'no host or group is called "db-d"; did you mean "db-a"?'],
  ["localhost", "unknown", 'no host or group is called "localhost"; declare it as a host with ssh: { kind: local }'],
  ["all:!x*", "unknown", 'nothing in the inventory matches "x*"'],
  ["~x", "unknown", 'nothing in the inventory matches "~x"'],
  ["wbe[0]", "unknown", 'no host or group is called "wbe"; did you mean "web"?'],
  ["empty", "empty", 'the pattern "empty" selects no host; the group empty has no hosts'],
  ["web:&db", "empty", 'the pattern "web:&db" selects no host'],
  ["web:!web", "empty", 'the pattern "web:!web" selects no host'],
  ["!all", "empty", 'the pattern "!all" selects no host'],
  ["web[1:0]", "syntax", '"web[1:0]" runs backwards; write [0:1]'],
  ["web[6]", "syntax", '"web[6]" is out of range; it has 6 hosts, counted from 0 to 5'],
  ["web[-7]", "syntax", '"web[-7]" is out of range; it has 6 hosts, counted from 0 to 5'],
  ["web[2:6]", "syntax", '"web[2:6]" is out of range; it has 6 hosts, counted from 0 to 5'],
  ["web[6:]", "syntax", '"web[6:]" is out of range; it has 6 hosts, counted from 0 to 5'],
  ["empty[0]", "syntax", '"empty[0]" is out of range; there are no hosts in it'],
  ["web[1-3]", "syntax", '"[1-3]" is not a subscript; write [0], [-1], [0:2] or [1:]; both ends are included'],
  ["web[:]", "syntax", '"[:]" is not a subscript; write [0], [-1], [0:2] or [1:]; both ends are included'],
  ["web[1:2:3]", "syntax", '"[1:2:3]" is not a subscript; write [0], [-1], [0:2] or [1:]; both ends are included'],
  ["web[0", "syntax", 'the pattern "web[0" has an unclosed bracket'],
  ["", "syntax", 'the pattern is empty; write "all" for every host'],
  [" ", "syntax", 'the pattern is empty; write "all" for every host'],
  ["web:", "syntax", 'the pattern "web:" has an empty term; remove the separator or name what is missing'],
  ["web:!", "syntax", 'the pattern "web:!" has an empty term; remove the separator or name what is missing'],
  ["web,,db", "syntax", 'the pattern "web,,db" has an empty term; remove the separator or name what is missing'],
  ["web!db", "syntax", '"web!db" is not a name; operators go in front of a term, terms are joined by : or ,'],
  ["~web\\d\\Z", "syntax", '"~web\\d\\Z" holds Python\'s \\Z, and regexes here are JavaScript\'s; write $'],
  ["~(?P<n>web)", "syntax", '"~(?P<n>web)" holds Python\'s (?P, and regexes here are JavaScript\'s; write (?<name>…)'],
  ["~web)", "syntax", '"~web)" cannot be matched: Unmatched \')\''],
  ["db-[c-a]", "syntax", '"db-[c-a]" cannot be matched: Range out of order in character class'],
  ["@/nowhere/hosts", "unknown", "@/nowhere/hosts: the file does not exist"],
] as const) {
  void test(`"${pattern}" is refused`, () => {
    assert.throws(() => inventory.select(pattern), { name: "PatternError", kind, pattern, message });
  });
}

void test("a host may be named by its IPv6 address, which commas join with others", async () => {
  const addresses = await load("six: { hosts: { '2001:db8::1': , '[2001:db8::2]:2222': , b: } }");
  const of = (pattern: string): string[] => addresses.select(pattern).map(({ name }) => name);
  assert.deepEqual(of("2001:db8::2"), ["2001:db8::2"]);
  assert.deepEqual(of("b, 2001:db8::1"), ["b", "2001:db8::1"]);
  assert.throws(() => of("2001:db8::1:six"), { kind: "syntax", message: 'the pattern "2001:db8::1:six" has an empty term; join terms with commas where one is an IPv6 address' });
  assert.deepEqual(of("six,!2001:db8::1"), ["2001:db8::2", "b"]);
  assert.deepEqual(addresses.hosts.map(({ connection }) => [connection.address, connection.port]), [["2001:db8::1", undefined], ["2001:db8::2", 2222], ["b", undefined]]);
});

void test("a limit cuts down and keeps the order; one that leaves nothing is told apart", () => {
  assert.equal(names("db:web1", "web:db-a"), "db-a web1");
  assert.throws(() => inventory.select("web", { limit: "db" }), { kind: "limit", message: 'the limit "db" leaves no host of "web"' });
  assert.throws(() => inventory.select("web", { limit: "dbx" }), { kind: "unknown" });
});

void test("@file names hosts, groups, globs and regexes, one a line", () => {
  const cwd = directoryOf({ good: "# failed last night\nweb1\ndb-* # all of them\n\n~edge\ncache[1]\n", none: "# nothing\n", typo: "web1\n\nwbe2\n", operator: "!web1\n", two: "web1:web2\n" });
  assert.equal(names(`@${join(cwd, "good")}`), "web1 db-a db-b db-c edge-1 web3");
  assert.equal(names(`db:!@${join(cwd, "good")}:solo`), "solo");
  const refused = (name: string, kind: string, message: string): void => {
    assert.throws(() => names(`@${join(cwd, name)}`), { kind, message: message.replace("FILE", join(cwd, name)) });
  };
  refused("none", "empty", "@FILE names no host");
  refused("typo", "unknown", 'FILE:3: no host or group is called "wbe2"; did you mean "web2"?');
  refused("operator", "syntax", 'FILE:1: "!web1" must be one name, glob or regex');
  refused("two", "syntax", 'FILE:1: "web1:web2" must be one name, glob or regex');
});

const BASES = ["all", "web", "db", "dc", "cache", "empty", "solo", "web1", "db-b", "web?", "~db", "web[0]", "db[1:2]", "ungrouped"];
const terms = fc.array(fc.record({ operator: fc.constantFrom("", "&", "!"), base: fc.constantFrom(...BASES) }), { minLength: 1, maxLength: 5 });
const selectOrNone = (pattern: string): string[] => {
  try {
    return inventory.select(pattern).map(({ name }) => name);
  } catch (error) {
    if (error instanceof PatternError && error.kind === "empty") return [];
    throw error;
  }
};

void test("a pattern is its terms as sets: the union, cut by each &, less each !", () => {
  const all = selectOrNone("all");
  fc.assert(
    fc.property(terms, fc.constantFrom(":", ","), (list, separator) => {
      const sets = (operator: string): Set<string>[] => list.filter((term) => term.operator === operator).map(({ base }) => new Set(selectOrNone(base)));
      const [added, kept, taken] = [sets(""), sets("&"), sets("!")];
      const expected = all.filter((name) => (added.length === 0 || added.some((set) => set.has(name))) && kept.every((set) => set.has(name)) && !taken.some((set) => set.has(name)));
      const found = selectOrNone(list.map(({ operator, base }) => operator + base).join(separator));
      assert.deepEqual(found.toSorted(), expected.toSorted());
      assert.equal(new Set(found).size, found.length);
    }),
  );
});

void test("no text makes the parser fail with anything but a PatternError", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."web:,!&~[]01-*?(){}\\@ ".split("")), maxLength: 12 }), (pattern) => {
      try {
        assert.ok(inventory.select(pattern).length > 0);
      } catch (error) {
        assert.ok(error instanceof PatternError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
