import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { TemplateError } from "../../src/dsl/template-error.ts";
import { renderTemplate } from "../../src/dsl/template.ts";
import { Secret, Value, ValuePending } from "../../src/shell/index.ts";

const NAME = "/roles/x/templates/x.conf.ejs";
const render = (text: string, vars: object = {}) => renderTemplate(NAME, text, vars);

function failing(text: string, vars: object = {}): TemplateError {
  try {
    render(text, vars);
  } catch (error) {
    assert.ok(error instanceof TemplateError, String(error));
    return error;
  }
  return assert.fail("the template was rendered");
}

void describe("rendering", () => {
  const rows: [name: string, template: string, vars: object, text: string][] = [
    ["prints text as it is, without HTML escapes", `a=<%= vars.a %>`, { a: `<"&'>` }, `a=<"&'>`],
    ["prints numbers and booleans", "<%= vars.n %> <%= vars.b %>", { n: 0, b: false }, "0 false"],
    ["keeps dollars, backslashes, backticks and line ends", "a\\n$`<%= vars.a %>\r\n", { a: "\\t" }, "a\\n$`\\t\r\n"],
    ["eats the line break after -%>", "<% if (vars.on) { -%>\nyes\n<% } -%>\n", { on: true }, "yes\n"],
    ["knows loops over lists", "<% for (const p of vars.peers) { %><%= p.name %>;<% } %>", { peers: [{ name: "a" }, { name: "b" }] }, "a;b;"],
    ["knows list methods", `<%= vars.l.map((x) => x.n).join(",") %> <%= vars.l.length %>`, { l: [{ n: 1 }, { n: 2 }] }, "1,2 2"],
    ["finds an object in a list of the same objects", "<%= vars.l.includes(vars.l[0]) %>", { l: [{ n: 1 }] }, "true"],
    ["knows Maps, Sets and Dates", `<%= vars.m.get("k") %> <%= vars.s.has(1) %> <%= vars.d.getUTCFullYear() %>`, { m: new Map([["k", "v"]]), s: new Set([1]), d: new Date(0) }, "v true 1970"],
    ["knows helpers among the vars", "<%= vars.up(vars.a) %>", { a: "x", up: (s: string) => s.toUpperCase() }, "X"],
    ["asks for optional names with in", `<% if ("mtu" in vars) { %>mtu<% } else { %>none<% } %>`, {}, "none"],
    ["takes an own name that is undefined", "<%= vars.mtu ?? 1360 %>", { mtu: undefined }, "1360"],
    ["lists names and values", `<% for (const [k, v] of Object.entries(vars.o)) { %><%= k %>=<%= v %> <% } %>`, { o: { a: 1, b: 2 } }, "a=1 b=2 "],
    ["writes JSON", "<%= JSON.stringify(vars.o) %>", { o: { a: [1, { b: null }] } }, `{"a":[1,{"b":null}]}`],
    ["reads frozen vars", "<%= vars.o.a.b %>", { o: Object.freeze({ a: Object.freeze({ b: 1 }) }) }, "1"],
    ["drops a byte order mark", "\uFEFFx", {}, "x"],
    ["knows literal tags and comments", "<%% x %%> <%# note %>", {}, "<% x %> "],
    ["renders an empty template", "", {}, ""],
  ];
  for (const [name, template, vars, text] of rows) void test(name, () => assert.deepEqual(render(template, vars), { text, sensitive: false }));
});

void describe("secrets and late values", () => {
  void test("a printed secret makes the text sensitive, one that is not printed does not", () => {
    const vars = { psk: new Secret("hunter2"), on: false };
    assert.deepEqual(render("psk=<%= vars.psk %>", vars), { text: "psk=hunter2", sensitive: true });
    assert.deepEqual(render("<% if (vars.on) { %><%= vars.psk %><% } %>", vars), { text: "", sensitive: false });
    assert.deepEqual(render("x", vars), { text: "x", sensitive: false }, "the next rendering starts afresh");
  });
  void test("a secret cannot slip out unnoticed", () => {
    const vars = { o: { psk: new Secret("hunter2") } };
    for (const text of ["<%= 'x' + vars.o.psk %>", "<%= `${vars.o.psk}` %>", "<%= JSON.stringify(vars.o) %>"]) {
      const error = failing(text, vars);
      assert.match(error.message, /secret/i);
      assert.ok(!`${error.message}${error.hint}${error.excerpt}`.includes("hunter2"));
    }
  });
  void test("a late value is resolved when it is read", () => {
    const { value, settle } = Value.pending<{ name: string }>("leader");
    const vars = { leader: value, list: [value], on: false };
    assert.equal(render("<% if (vars.on) { %><%= vars.leader.name %><% } %>ok", vars).text, "ok");
    assert.throws(() => render("<%= vars.leader.name %>", vars), ValuePending);
    settle({ name: "a" });
    assert.equal(render("<%= vars.leader.name %><%= vars.list[0].name %>", vars).text, "aa");
    assert.match(failing("<%= vars.leader.nam %>", vars).message, /leader has no "nam"/);
  });
});

void describe("mistakes are named with their place", () => {
  const rows: [name: string, template: string, vars: object, message: RegExp, line: number, column: number, hint?: RegExp][] = [
    ["a misspelt name", "one\n  x=<%= vars.peer.adress %>\n", { peer: { address: "a" } }, /^peer has no "adress"$/, 2, 19, /did you mean "address"\?/],
    ["a misspelt name in an if", "<% if (vars.x.typo) { %>a<% } %>", { x: {} }, /x has no "typo"/, 1, 15],
    ["a misspelt var", "\n\n<%= vars.tpyo %>", { typo: 1 }, /vars has no "tpyo"/, 3, 10, /did you mean "typo"/],
    ["a misspelt property of a list", "<%= vars.l.lenght %>", { l: [] }, /l has no "lenght"/, 1, 12],
    ["a missing item", "<%= vars.l[3] %>", { l: [] }, /undefined cannot be printed/, 1, 1],
    ["null", "<%= vars.a %>", { a: null }, /null cannot be printed/, 1, 1],
    ["an object", "<%= vars.o %>", { o: {} }, /an object cannot be printed/, 1, 1],
    ["an object in a text", "<%= `x${vars.o}` %>", { o: {} }, /o is an object, which is not printed/, 1, 14],
    ["a list", "a <%= vars.l %>", { l: [1] }, /a list cannot be printed/, 1, 3, /join/],
    ["a function", "<%= vars.f %>", { f: () => 1 }, /a function cannot be printed/, 1, 1],
    ["NaN", "<%= 1 * 'x' %>", {}, /NaN cannot be printed/, 1, 1],
    ["a name without vars.", "\n<%= mtu %>", { mtu: 1 }, /mtu is not defined/, 2, 5, /vars\.mtu/],
    ["an assignment", "<% vars.a = 1 %>", { a: 0 }, /does not change vars/, 1, 1],
    ["an unchecked print", "x\n <%- vars.a %>", { a: 1 }, /<%- prints a value unchecked/, 2, 2],
    ["a tag that is not closed", "x\n<%= vars.a\n<%= vars.b %>", {}, /is not closed before the next tag/, 2, 1],
    ["a tag that is never closed", "x\n<% if (vars.a) {\n", {}, /is never closed/, 2, 1],
    ["a syntax error", "a\nb\n<%= vars..a %>\nc\n", {}, /syntax error: Unexpected token '\.'/, 3, 1],
    ["a syntax error after a loop", "<% for (const a of [1]) { %>\n<%= a %>\n<% } %>\n<%= 1 + %>\n", {}, /syntax error/, 4, 1],
    ["a block that is not closed", "a\n<% if (1) { %>\nx\n", {}, /syntax error: the \{ of this tag is never closed/, 2, 1, /<% \} %>/],
    ["a block that is not closed, with brackets in texts", "<% if (1) { %>\n <% for (const a of ['}', `)`]) { %>\nx\n<% } %>\n", {}, /the \{ of this tag is never closed/, 1, 1],
    ["a call that is not closed", "a\n<% [1].forEach(() => { %>\nx\n<% } %>\n", {}, /syntax error/, 4, 1, /not closed/],
    ["an error thrown by the template", "\n<% throw new Error('boom') %>", {}, /^boom$/, 2, 1],
  ];
  for (const [name, template, vars, message, line, column, hint] of rows) {
    void test(name, () => {
      const error = failing(template, vars);
      assert.match(error.message, message);
      assert.deepEqual(error.source, { file: NAME, line, column });
      if (hint) assert.match(error.hint ?? "", hint);
    });
  }
  void test("the lines around are shown", () => {
    assert.equal(failing("1\n2\n3\n<%= vars.x %>\n5\n6\n7\n").excerpt, "      2 | 2\n      3 | 3\n>>    4 | <%= vars.x %>\n      5 | 5\n      6 | 6");
  });
  void test("a template that was corrected is compiled anew", () => {
    assert.equal(render("<%= vars.a %>", { a: 1 }).text, "1");
    assert.equal(render("<%= vars.a %>!", { a: 1 }).text, "1!");
  });
});

void describe("include", () => {
  const root = mkdtempSync("/tmp/hawser-templates-");
  after(() => rmSync(root, { recursive: true }));
  mkdirSync(`${root}/templates/parts`, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(`${root}/${name}`, text);
  const main = (text: string, vars: object = {}) => renderTemplate(`${root}/templates/main.ejs`, text, vars);
  write("templates/peer.ejs", "[<%= vars.name %> <%= vars.mtu %>]");
  write("templates/parts/deep.ejs", "<%= include('../peer', { name: 'deep' }) %>");
  write("templates/parts/wrong.ejs", "\n<%= vars.tpyo %>");
  write("templates/loop.ejs", "<%= include('loop') %>");
  write("templates/secret.ejs", "<%= vars.psk %>");
  write("outside.ejs", "outside");
  symlinkSync("../outside.ejs", `${root}/templates/link.ejs`);

  void test("gets the vars and more, from any depth", () => {
    assert.equal(main(`<%= include("peer", { name: "<a>" }) %><%- include("parts/deep.ejs") %>`, { mtu: 1360 }).text, "[<a> 1360][deep 1360]");
  });
  void test("marks secrets, and reads no late value that it does not need", () => {
    const { value } = Value.pending<string>("late");
    assert.deepEqual(main("<%= include('secret') %>", { psk: new Secret("x"), late: value }), { text: "x", sensitive: true });
  });
  void test("names the included file in an error", () => {
    assert.throws(() => main("<%= include('parts/wrong') %>", { typo: 1 }), (error: TemplateError) => error.source?.file === `${root}/templates/parts/wrong.ejs` && error.source.line === 2);
  });
  for (const name of ["../outside", "link", `${root}/outside.ejs`]) {
    void test(`does not leave the templates folder by ${name.replace(root, "")}`, () => assert.throws(() => main("<%= include(vars.name) %>", { name }), /is outside the templates folder/));
  }
  void test("names a template that is missing, and includes without end", () => {
    assert.throws(() => main("<%= include('nothing') %>"), /no template "nothing"/);
    assert.throws(() => main("<%= include('loop') %>"), /more than 20 deep/);
  });
});
