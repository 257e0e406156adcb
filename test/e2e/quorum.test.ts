import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { loadInventory, play, playbook, use, type Inventory } from "hawser";
import { etcd } from "hawser/roles/etcd";
import { memberOf } from "hawser/roles/etcd/vars";
import { stringify } from "yaml";
import { E2eLab, follow, skip, type Said } from "./engine-fixture.ts";
import { proveRole } from "./role-proof.ts";

const lab = new E2eLab("e2e-quorum", "198.18.121", { a: "debian", b: "debian", c: "debian" });
const book = playbook(import.meta, [play({ name: "quorum", hosts: "all", roles: [use(etcd, (host) => ({ ...memberOf(host), round_trip_ms: 100 }))] })]);

/** An inventory of some of the lab's hosts. */
async function inventoryOf(...names: readonly string[]): Promise<Inventory> {
  const folder = await mkdtemp(path.join(lab.folder, "inventory-"));
  const host = (name: string) => ({ public_address: lab.address(name), ssh: { user: "root", address: lab.address(name), key: lab.key, known_hosts: lab.knownHosts, config: false, agent: false } });
  await writeFile(path.join(folder, "hosts.yml"), stringify({ quorum: { hosts: Object.fromEntries(names.map((name) => [name, host(name)])) } }));
  return await loadInventory(folder);
}

const changed = (said: Said): number => Object.values(said.recap.hosts).reduce((sum, counts) => sum + counts.changed, 0);
const ask = (host: string, question: string): Promise<string> => lab.exec(host, `. /etc/hawser-etcd/client.conf; ETCDCTL_API=3 etcdctl --endpoints https://127.0.0.1:2379 --cacert $TRUSTED --cert $CERTIFICATE --key $KEY ${question}`);

void describe("the quorum", { skip }, () => {
  before(() => lab.up(), { timeout: 120_000 });
  after(() => lab.down());

  proveRole({
    test: import.meta,
    roles: ["etcd"],
    lab,
    book,
    // The third one comes later.
    inventory: () => inventoryOf("a", "b"),
    servers: { etcd: { name: "etcd", on: "a", version: "etcd --version" } },
    drifts: [
      { what: "a setting, in the file alone", by: { a: "sed -i 's/^ETCD_ELECTION_TIMEOUT=.*/ETCD_ELECTION_TIMEOUT=5000/' /etc/hawser-etcd/etcd.env" }, repairs: [/^a etcd\/file:\/etc\/hawser-etcd\/etcd\.env$/, /^a etcd\/handler:restart etcd$/] },
      { what: "a stopped member", by: { b: "systemctl disable --now -q hawser-etcd" }, repairs: [/^b etcd\/service:hawser-etcd/] },
      { what: "an open port that was closed", by: { a: "nft flush chain inet hawser input" }, repairs: [/^a etcd\/firewall-rule:/] },
    ],
    faults: [
      {
        what: "a member that is gone, and a certificate that ends",
        by: { a: "systemctl stop hawser-etcd; cd /etc/hawser-etcd; cp -p own.crt kept.crt; openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=x -days 1 -out own.crt 2>/dev/null" },
        heal: { a: "cd /etc/hawser-etcd; mv -f kept.crt own.crt; systemctl start hawser-etcd" },
        expect: [/etcd: service/, /etcd: leader/, /members that answer/, /a majority answers/, /etcd: certificate/],
      },
    ],
    reboots: ["b"],
  });

  void test("keeps what it knows when it takes in a third member that the inventory got", { timeout: 300_000 }, async () => {
    assert.equal((await ask("a", "member list")).trim().split("\n").length, 2);
    await ask("a", "put kept yes");
    const inventory = await inventoryOf("a", "b", "c");
    const said = await follow(book, { inventory });
    assert.equal(said.recap.result, "ok", said.trouble);
    assert.equal(said.of("c").get("task:join the cluster")?.outcome, "changed");
    const members = (await ask("c", "member list")).trim().split("\n");
    assert.deepEqual(members.map((line) => line.split(", ").slice(1, 3).join(" ")).toSorted(), ["started a", "started b", "started c"]);
    assert.match(await ask("c", "get kept"), /^kept\nyes\n/);
    const again = await follow(book, { inventory });
    assert.equal(again.recap.result, "ok", again.trouble);
    assert.equal(changed(again), 0);
  });

  void test("goes on with any two of three", { timeout: 60_000 }, async () => {
    await lab.exec("a", "systemctl stop hawser-etcd");
    assert.match(await ask("b", "get kept"), /^kept\nyes\n/);
    await lab.exec("a", "systemctl start hawser-etcd");
    assert.match(await ask("a", "endpoint health 2>&1"), /is healthy/);
  });
});
