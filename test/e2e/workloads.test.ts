import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { Inventory, Playbook } from "hawser";
import type { BenchLab } from "../../bench/lab.ts";
import { ansibleTools } from "../../bench/tools/ansible.ts";
import { BIG_FILE, FINGERPRINT, makeBigFile, makeUnitFiles, type WorkloadName } from "../../bench/workloads.ts";
import w1 from "../../bench/w1.ts";
import w2 from "../../bench/w2.ts";
import w4 from "../../bench/w4.ts";
import { E2eLab, follow, skip } from "./engine-fixture.ts";

const lab = new E2eLab("e2e-loads", "198.18.60", { ours: "debian", theirs: "debian" });

/** What the reference workloads cost. A change that adds a request to any of these has to say why. */
const REQUESTS = {
  w1: {
    /** The shell with facts and lock; the looks. */
    check: 2,
    /** As a check, and the batch. */
    apply: 3,
    noop: 2,
  },
  /** As a check, and the batch. */
  w2: { check: 2, apply: 3, noop: 2 },
  /** As a check; the upload, and the batch. */
  w4: { check: 2, apply: 4, noop: 2 },
};

void describe("the reference workloads", { skip }, () => {
  let inventory: Inventory;
  const made = !existsSync(BIG_FILE);

  before(async () => {
    await lab.up();
    inventory = await lab.inventory();
    makeBigFile();
    await lab.exec("theirs", "apt-get -q update >/dev/null; DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3 python3-apt cron >/dev/null");
  }, { timeout: 240_000 });
  after(async () => {
    if (made) rmSync(BIG_FILE, { force: true });
    await lab.down();
  });

  for (const [name, book] of Object.entries({ w1, w2, w4 })) {
    void test(`${name} costs as many requests as ever: checked, applied, and with nothing to do`, { timeout: 60_000 }, async () => {
      assert.deepEqual(await cost(book, inventory), REQUESTS[name as keyof typeof REQUESTS]);
    });
  }

  void test("they leave what the same playbooks in Ansible leave: files, owners, modes, contents", { timeout: 300_000 }, async () => {
    const [, tool] = (await ansibleTools()).find(([name]) => name === "pipelining") ?? assert.fail("ansible-playbook is not installed");
    makeUnitFiles(path.join(lab.folder, "w2"));
    const there: BenchLab = { rttMs: 0, addresses: [lab.address("theirs")], key: lab.key, knownHosts: lab.knownHosts, folder: lab.folder, onAll: () => Promise.resolve(), down: () => Promise.resolve() };
    try {
      for (const name of ["W1", "W2", "W4"] satisfies WorkloadName[]) await tool.run(there, name, "apply");
    } finally {
      await tool.cleanUp?.(there);
    }
    const [ours, theirs] = [await lab.exec("ours", FINGERPRINT), await lab.exec("theirs", FINGERPRINT)];
    assert.equal(ours, theirs);
    for (const some of ["srv/w1/etc/app.env f 640 w1app w1app", "srv/w2/100/unit.conf f 644", "srv/w4/big50.bin f 644"]) assert.ok(ours.includes(some), `${some} is not among:\n${ours}`);
  });
});

/** Requests of a check, an apply and a run with nothing to do. */
async function cost(book: Playbook, inventory: Inventory): Promise<{ check: number | undefined; apply: number | undefined; noop: number | undefined }> {
  const said = await follow(book, { inventory, check: true, limit: "ours" });
  const run = await follow(book, { inventory, limit: "ours" });
  assert.equal(run.recap.result, "ok", run.trouble);
  const [would, did] = [said.recap.hosts["ours"], run.recap.hosts["ours"]];
  assert.deepEqual([would?.unknown, would?.failed], [0, 0]);
  assert.equal(would?.wouldChange, did?.changed, "what the check foresaw");
  const again = await follow(book, { inventory, limit: "ours" });
  assert.equal(again.recap.hosts["ours"]?.changed, 0);
  return { check: would?.requests, apply: did?.requests, noop: again.recap.hosts["ours"]?.requests };
}
