import assert from "node:assert/strict";
import { mkdtemp, readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";
import { hawser, writeInventory, type Ended } from "./cli-fixture.ts";
import { E2eLab, skip } from "./engine-fixture.ts";

const PLAYBOOK = fileURLToPath(new URL("./resume/playbook.ts", import.meta.url));
const HOSTS = ["one", "two"] as const;
const KILLS = 50;

const lab = new E2eLab("e2e-resume", "198.18.119", { one: "debian", two: "debian" });

/** Pseudo-random and the same each time, so that a failure can be seen again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

void describe("a run whose controller is killed", { skip }, () => {
  let inventory = "";
  let wanted = "";
  let whole = 0;

  const run = (state: string, killAfter?: number): Promise<Ended> => hawser(state, ["run", PLAYBOOK, "-i", inventory], { killAfter });
  const stateFolder = (): Promise<string> => mkdtemp(path.join(lab.folder, "state-"));

  /** Everything that the playbook leaves, with how often each thing was done. A run's shell may end a moment after its controller, and has the lock until then. */
  async function left(): Promise<string> {
    const texts = await Promise.all(HOSTS.map((host) => lab.exec(host, "flock -w 30 /run/hawser/lock true; cd /srv/resumed; for f in *; do printf '%s: ' $f; tr '\\n' ' ' <$f; echo; done; ls /var/lib/hawser/pending; ls /run/hawser | grep -v '^lock$' | grep -v '^batch-' || true")));
    return texts.join("---\n");
  }
  const forget = (): Promise<unknown> => Promise.all(HOSTS.map((host) => lab.exec(host, "rm -rf /srv/resumed /var/lib/hawser /run/hawser")));

  before(async () => {
    await lab.up();
    inventory = await writeInventory(lab);
    const state = await stateFolder();
    await forget();
    const ended = await run(state);
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    wanted = await left();
    await forget();
    // The first one also compiled the playbook.
    whole = (await run(state)).seconds;
    for (const n of ["1", "2", "3", "4", "5", "reload", "restart", "after"]) assert.match(wanted, new RegExp(`count-${n}:`));
  }, { timeout: 300_000 });
  after(() => lab.down());

  void test("has nothing to go on with when it ended well", { timeout: 30_000 }, async () => {
    await forget();
    const state = await stateFolder();
    await run(state);
    const { code, stdout } = await hawser(state, ["resume"]);
    assert.equal(code, 0);
    assert.match(stdout, /ended well: there is nothing to go on with/);
  });

  void test(`ends as one that was let be, at ${KILLS} random points: no handler is lost, and nothing done twice`, { timeout: 900_000 }, async () => {
    const next = random(7);
    const seen = { resumed: 0, recovered: 0, begun: 0 };
    for (let i = 0; i < KILLS; i++) {
      await forget();
      const state = await stateFolder();
      const at = whole * (0.1 + 0.9 * next());
      const killed = await run(state, at);
      const began = (await readdir(path.join(state, "runs")).catch(() => [])).length > 0;
      const again = began ? await hawser(state, ["resume"]) : await run(state);
      const where = `killed after ${at.toFixed(3)} s:\n${killed.stdout}\n--- then:\n${again.stdout}${again.stderr}`;
      assert.equal(again.code, 0, where);
      assert.equal(await left(), wanted, where);
      if (began) seen.begun++;
      if (/had gone on/.test(again.stdout)) seen.recovered++;
      if (/going on with/.test(again.stderr)) seen.resumed++;
    }
    // Otherwise the test has tried less than its name says.
    assert.ok(seen.resumed > KILLS / 2 && seen.recovered > KILLS / 10, JSON.stringify(seen));
  });
});
