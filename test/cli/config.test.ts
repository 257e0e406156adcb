import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { after, describe, it } from "node:test";
import { hawser, LOCAL, project, writeAll, type Said } from "./hawser.ts";

const config = (text: string): string => `import { defineConfig } from "hawser";\n\nexport default defineConfig({\n${text}});\n`;
const folder = project({ after }, {
  "hawser.config.ts": config('  inventory: "inv",\n  output: "json",\n  forks: 3,\n  report: ["below/report.html"],\n  ageIdentity: "keys/age.txt",\n  sshConfig: "ssh_config",\n  journal: false,\n  color: "never",\n'),
  "inv/hosts.yml": LOCAL,
  "other/hosts.yml": "all: { hosts: { elsewhere: { ssh: { kind: local } } } }\n",
  "below/deep/notes.txt": "",
  "site.ts": 'import { play, playbook } from "hawser";\nexport default playbook(import.meta, [play({ name: "p", hosts: "all", roles: [] })]);\n',
});
interface Settings {
  readonly [key: string]: { readonly value: unknown; readonly from: string };
}
const settings = async (cwd = folder, env = {}): Promise<Settings> => JSON.parse((await hawser(cwd, ["config", "-o", "json"], { env })).out) as Settings;

describe("hawser.config.ts", () => {
  it("gives what the command line and the environment leave open", async () => {
    const hosts = async (args: readonly string[], env = {}): Promise<string> => (await hawser(folder, ["run", "site.ts", "--list-hosts", ...args], { env })).out;
    assert.equal(await hosts([]), "p\n  web-1\n  web-22\n  db\n");
    assert.equal(await hosts([], { HAWSER_INVENTORY: "other" }), "p\n  elsewhere\n");
    assert.equal(await hosts(["-i", "inv"], { HAWSER_INVENTORY: "other" }), "p\n  web-1\n  web-22\n  db\n");
    const exec = async (...args: string[]): Promise<Said> => await hawser(folder, ["exec", "db", ...args, "--", "echo", "hi"]);
    assert.deepEqual((JSON.parse((await exec()).out) as { stdout: string }).stdout, "hi\n");
    assert.equal((await exec("-o", "human")).out, "db │ hi\n");
  });

  it("means the same paths from every folder below it", async () => {
    const below = `${folder}/below/deep`;
    assert.equal((await hawser(below, ["run", "../../site.ts", "--list-hosts"])).out, "p\n  web-1\n  web-22\n  db\n");
    const found = await settings(below);
    assert.deepEqual(found["inventory"], { value: "../../inv", from: "../../hawser.config.ts:4:3" });
    assert.deepEqual(found["report"]?.value, ["../report.html"]);
  });

  it("is shown with where each value comes from", async () => {
    const found = await settings(folder, { HAWSER_INVENTORY: "other", HAWSER_AGE_IDENTITY: "/keys/mine" });
    assert.deepEqual(found["inventory"], { value: "other", from: "HAWSER_INVENTORY" });
    assert.deepEqual(found["ageIdentity"], { value: "/keys/mine", from: "HAWSER_AGE_IDENTITY" });
    assert.deepEqual(found["forks"], { value: 3, from: "hawser.config.ts:6:3" });
    assert.deepEqual(found["sshConfig"], { value: "ssh_config", from: "hawser.config.ts:9:3" });
    assert.deepEqual(found["journal"], { value: false, from: "hawser.config.ts:10:3" });
    assert.deepEqual(found["lockTimeout"], { value: 30, from: "default" });
    const { out } = await hawser(folder, ["config", "-o", "human"]);
    assert.match(out, /^SETTING +VALUE +FROM\ninventory +inv +hawser\.config\.ts:4:3\nforks +3 +hawser\.config\.ts:6:3\nkeepOpen +- +default\n/);
  });

  it("is not there, and then everything is as it was", async () => {
    const bare = project({ after }, {});
    const found = await settings(bare);
    assert.deepEqual([found["inventory"], found["forks"], found["journal"]], [{ value: "inventory/production", from: "default" }, { value: 10, from: "default" }, { value: true, from: "default" }]);
  });

  for (const [name, text, message] of [
    ["an unknown key", config('  forks: 2,\n  invetory: "inv",\n'), /^error: hawser\.config\.ts: invetory: there is no such key\n {2}at hawser\.config\.ts:5:3\n[^]*try: did you mean inventory\?\n$/],
    ["a wrong value", config('  forks: "many",\n'), /^error: hawser\.config\.ts: forks: .*expected number.*\n {2}at hawser\.config\.ts:4:3\n/],
    ["a duration that is none", config('  keepOpen: "25h",\n'), /^error: hawser\.config\.ts: keepOpen: it must be a duration up to 24h.*\n {2}at hawser\.config\.ts:4:3\n/],
    ["no default export", 'export const config = 1;\n', /^error: hawser\.config\.ts has no configuration as its default export\n {2}at hawser\.config\.ts:1:1\n/],
    ["a syntax error", "export default {\n  forks: ;\n};\n", /^error: hawser\.config\.ts does not load: Unexpected ";"\n {2}at hawser\.config\.ts:2:10\n/],
    ["an error of its own", 'export default {};\nthrow new Error("of mine");\n', /^error: hawser\.config\.ts does not load: of mine\n {2}at hawser\.config\.ts:2:7\n/],
  ] as const) {
    it(`is refused with ${name}, with the place`, async () => {
      const broken = project({ after }, { "hawser.config.ts": text, "inv/hosts.yml": LOCAL });
      const { code, out, err } = await hawser(broken, ["exec", "all", "-i", "inv", "--", "true"]);
      assert.deepEqual([code, out], [1, ""]);
      assert.match(err, message);
    });
  }

  it("is not run when anybody may write it", async () => {
    const open = project({ after }, { "hawser.config.ts": 'throw new Error("it was run");\n' });
    chmodSync(`${open}/hawser.config.ts`, 0o666);
    const { code, err } = await hawser(open, ["config"]);
    assert.equal(code, 1);
    assert.match(err, /hawser\.config\.ts may be written by anybody, and would be run as a program\n {2}try: chmod o-w /);
  });

  it("does not stand in the way of init, check and completion", async () => {
    const broken = project({ after }, { "hawser.config.ts": "export default { x: 1 };\n", "playbooks/site.ts": 'import { play, playbook } from "hawser";\nexport default playbook(import.meta, [play({ name: "p", hosts: "all", roles: [] })]);\n' });
    writeAll(broken, { "inventory/lab/hosts.yml": LOCAL });
    assert.equal((await hawser(broken, ["completion", "bash"])).code, 0);
    const { code, out } = await hawser(broken, ["check", "--no-types"]);
    assert.equal(code, 2);
    assert.match(out, /^hawser\.config\.ts:1:18 {2}error {2}hawser\.config\.ts: x: there is no such key {2}config$/m);
  });
});
