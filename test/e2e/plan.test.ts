import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, beforeEach, describe, test } from "node:test";
import { hawser, writeInventory, type Ended } from "./cli-fixture.ts";
import { E2eLab, skip } from "./engine-fixture.ts";

const PLAYBOOK = fileURLToPath(new URL("./plan/playbook.ts", import.meta.url));
const HOSTS = ["one", "two"] as const;
const lab = new E2eLab("e2e-plan", "198.18.120", { one: "debian", two: "debian" });

void describe("a saved plan", { skip }, () => {
  let inventory = "";
  let state = "";
  let file = "";

  const plan = (...more: string[]): Promise<Ended> => hawser(state, ["plan", PLAYBOOK, "-i", inventory, "-o", file, ...more]);
  const apply = (...more: string[]): Promise<Ended> => hawser(state, ["apply", file, ...more]);
  const left = (host: string): Promise<string> => lab.exec(host, "cd /srv/planned 2>/dev/null || exit 0; for f in *; do printf '%s: ' $f; tr '\\n' ' ' <$f; echo; done");
  const ALL = "config: hello \nlog: reloaded \nonce: \nother: other \n";

  before(async () => {
    await lab.up();
    inventory = await writeInventory(lab);
    state = path.join(lab.folder, "state");
    file = path.join(lab.folder, "site.plan");
  }, { timeout: 300_000 });
  after(() => lab.down());
  beforeEach(() => Promise.all(HOSTS.map((host) => lab.exec(host, "rm -rf /srv/planned /var/lib/hawser/pending"))));

  void test("changes nothing when it is made, says what it would change, and is for its owner alone", { timeout: 30_000 }, async () => {
    const made = await plan("--detailed-exitcode");
    assert.equal(made.code, 3, made.stdout + made.stderr);
    assert.match(made.stdout, /one {2}~ would change {2}site\/file:\/srv\/planned\/config/);
    assert.match(made.stderr, /the plan is in .*site\.plan\n/);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    for (const host of HOSTS) assert.equal(await left(host), "");
  });

  void test("is applied, and is then no plan for these hosts any more", { timeout: 30_000 }, async () => {
    await plan();
    const looked = await apply("--check");
    assert.equal(looked.code, 0, looked.stdout + looked.stderr);
    for (const host of HOSTS) assert.equal(await left(host), "");
    const applied = await apply();
    assert.equal(applied.code, 0, applied.stdout + applied.stderr);
    for (const host of HOSTS) assert.equal(await left(host), ALL);
    const again = await apply();
    assert.equal(again.code, 2, again.stdout);
    assert.match(again.stdout, /site\/directory:\/srv\/planned\n.*it is not as it was when the plan was made/);
    for (const host of HOSTS) assert.equal(await left(host), ALL);
  });

  void test("refuses by name the host where a file was changed by hand, does nothing there, and the rest elsewhere", { timeout: 30_000 }, async () => {
    await Promise.all(HOSTS.map((host) => lab.exec(host, "mkdir -p /srv/planned; echo old >/srv/planned/config")));
    await plan();
    await lab.exec("two", "echo by hand >/srv/planned/config");
    const applied = await apply();
    assert.equal(applied.code, 2, applied.stdout + applied.stderr);
    assert.match(applied.stdout, /two {2}✖ failed +site\/file:\/srv\/planned\/config\n +it is not as it was when the plan was made\n/);
    assert.match(applied.stdout, /try: make a new plan/);
    assert.equal(await left("two"), "config: by hand \n");
    assert.equal(await left("one"), ALL);
    const { stdout } = await hawser(state, ["runs"]);
    assert.match(stdout, /apply .* failed\n/);
  });

  void test("refuses all hosts when the vars say something else now", { timeout: 30_000 }, async () => {
    await plan();
    const vars = path.join(inventory, "hosts.yml");
    const text = await readFile(vars, "utf8");
    await writeFile(vars, text.replace("lab:\n", "lab:\n  vars: { site: { greeting: good bye } }\n"));
    try {
      const applied = await apply();
      assert.equal(applied.code, 2, applied.stdout + applied.stderr);
      assert.match(applied.stdout, /the playbook or its vars want something else now/);
      for (const host of HOSTS) assert.equal(await left(host), "");
    } finally {
      await writeFile(vars, text);
    }
  });

  void test("leaves out the hosts that could not be planned, and says so", { timeout: 30_000 }, async () => {
    await lab.exec("two", "touch /srv/planned");
    try {
      const made = await plan();
      assert.equal(made.code, 2, made.stdout);
      assert.match(made.stderr, /without two\n/);
    } finally {
      await lab.exec("two", "rm /srv/planned");
    }
    assert.equal((await apply()).code, 0);
    assert.deepEqual([await left("one"), await left("two")], [ALL, ""]);
  });

  void test("is refused when it is none", { timeout: 30_000 }, async () => {
    for (const [text, says] of [["", /is no plan, or a part of one/], ["{}", /is no plan/], ['{"hawserPlan":9}', /is a plan of version 9; this hawser reads version 1/], ['{"hawserPlan":1}', /was changed by hand/]] as const) {
      await writeFile(file, text);
      const { code, stderr } = await apply();
      assert.equal(code, 1);
      assert.match(stderr, says);
    }
  });
});
