import assert from "node:assert/strict";
import test from "node:test";
import { inspect } from "node:util";
import { Secret } from "../../src/shell/index.ts";
import { load } from "./fixture.ts";

const VARS = `
    port: 8080
    name: Ada
    empty: ""
    list: [1, 2, three]
    map: { a: { b: deep }, key: x }
    alias: "{{ map.a.b }}"
    password: !secret hunter2
`;
const valueOf = async (template: string): Promise<unknown> => (await load(`g:\n  vars:${VARS}    x: ${JSON.stringify(template)}\n  hosts:\n    h.example.com:\n    other: { port: 9 }\n`)).host("h.example.com").vars["x"];

for (const [template, expected] of [
  ["{{ port }}", 8080],
  ["{{port}}", 8080],
  ["{{- port -}}", 8080],
  ["http://{{ name }}:{{ port }}/", "http://Ada:8080/"],
  ["{{ map.a.b }}", "deep"],
  ["{{ map['a']['b'] }}", "deep"],
  ["{{ map[map.key | default('a')] | default('none') }}", "none"],
  ["{{ list }}", [1, 2, "three"]],
  ["{{ list[0] }}", 1],
  ["{{ list[-1] }}", "three"],
  ["{{ alias }}", "deep"],
  ["{{ missing | default('there') }}", "there"],
  ["{{ map.missing.deeper | d(5) }}", 5],
  ["{{ empty | default('there') }}", ""],
  ["{{ empty | default('there', true) }}", "there"],
  ["{{ name | lower }}-{{ name | upper }}", "ada-ADA"],
  ["{{ list | join(',') }}", "1,2,three"],
  ["{{ '22' | int }}", 22],
  ["{{ name | b64encode }}", "QWRh"],
  ["{{ 'QWRh' | b64decode }}", "Ada"],
  ["{{ ' a ' | trim | length }}", 1],
  ["{{ [name, port] | last }}", 8080],
  ["{{ inventory_hostname }} {{ inventory_hostname_short }}", "h.example.com h"],
  ["{{ group_names | join(' ') }} {{ groups['g'] | join(' ') }}", "g h.example.com other"],
  ["{{ hostvars['other'].port }}", 9],
  ["{{ hostvars[inventory_hostname]['name'] }}", "Ada"],
  // Go's, which stay.
  ["{{ $labels.instance }} {{ .Value }} {{ humanize $value }}", "{{ $labels.instance }} {{ .Value }} {{ humanize $value }}"],
] as const) {
  void test(`${template} is ${JSON.stringify(expected)}`, async () => assert.deepEqual(await valueOf(template), expected));
}

for (const [template, message] of [
  ["{{ lookup('env', 'HOME') }}", "lookup() is not called here"],
  ["{{ missing }}", "there is no variable missing"],
  ["{{ prot }}", 'there is no variable prot\n.*\n.*\n    did you mean "port"?'],
  ["{{ port + 1 }}", "only references to variables, with a few filters, are filled in here"],
  ["{{ 'a' if port else 'b' }}", "only references to variables, with a few filters, are filled in here"],
  ["{{ name | regex_replace('a', 'b') }}", "the filter regex_replace is not filled in here"],
  ["{% if port %}a{% endif %}", "{% begins a statement of Jinja, which hawser does not run"],
  ["{{ x }}", "x refers to itself: x > x"],
  ["{{ list }}, {{ name }}", "a list or a mapping cannot be put into a text"],
  ["{{ name ", "only references to variables, with a few filters, are filled in here"],
] as const) {
  void test(`${template} is an error when it is used, and no sooner`, async () => {
    await assert.rejects(
      async () => await valueOf(template),
      (error: Error) => {
        assert.match(error.message, new RegExp(`^hosts\\.yml:\\d+:\\d+: .*${message.replaceAll(/[()[\]{}|%?+]/g, String.raw`\$&`)}`, "s"));
        return error.name === "InventoryError";
      },
    );
  });
}

void test("what is made out of a secret is one, and is printed nowhere", async () => {
  const inventory = await load(`g: { vars: { pw: !secret hunter2, url: "postgres://ada:{{ pw }}@db", same: "{{ pw }}", coded: "{{ pw | b64encode }}", ansible_password: "{{ pw }}" }, hosts: { h: } }`);
  const { vars, connection } = inventory.host("h");
  const revealed = ["url", "same", "coded"].map((name) => vars[name]).map((value) => (value instanceof Secret ? value.reveal() : undefined));
  assert.deepEqual(revealed, ["postgres://ada:hunter2@db", "hunter2", Buffer.from("hunter2").toString("base64")]);
  assert.equal(connection.password?.reveal(), "hunter2");
  assert.ok(!`${JSON.stringify(vars)}${inspect(vars, { getters: true })}`.includes("hunter2"));
  assert.deepEqual(inventory.warnings, []);
  const sealed = await load(`g: { vars: { pw: !secret hunter2, url: "x{{ pw }}" }, hosts: { h: } }`, { secrets: "sealed" });
  assert.throws(() => (sealed.host("h").vars["url"] as Secret).reveal(), /sealed/);
});

void test("!unsafe text stays as it is, and connections are filled in for each host", async () => {
  const inventory = await load({
    "hosts.yml": `g: { vars: { region: "{{ site }}", x: !unsafe "{{ y }}", ansible_host: "{{ private | default(public) }}", ssh: { user: "{{ who }}", port: "{{ 22 }}" } }, hosts: { a: { private: 10.0.0.1, who: ada, site: la }, b: { public: 192.0.2.1, who: "{{ hostvars['a'].who }}", site: sg } } }`,
  });
  assert.deepEqual(inventory.hosts.map(({ connection, region, vars }) => [connection.address, connection.user, connection.port, region, vars["x"]]), [["10.0.0.1", "ada", 22, "la", "{{ y }}"], ["192.0.2.1", "ada", 22, "sg", "{{ y }}"]]);
});
