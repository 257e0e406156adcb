import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { accessorOf } from "../../roles/consul-vault/consul-acl.ts";
import { connectTo } from "../../src/connect.ts";
import { judgeWrites } from "../../src/drill/limits.ts";
import { Writers } from "../../src/drill/writers.ts";
import { declareDrills } from "../../src/engine/declare.ts";
import { resolvePlays } from "../../src/engine/resolve.ts";
import { ValueHub } from "../../src/engine/values.ts";
import type { KeptFiles } from "../../src/inventory/index.ts";
import book from "../../playbooks/consul-vault.ts";
import { withoutArtifact } from "../artifacts/index.ts";
import { CommandLines } from "./canary/command-lines.ts";
import { API, asAda, type Changes, inventoryFolder, inventoryOf, logIn, MADE, VERSIONS } from "./consul-vault-fixture.ts";
import { nowhereElse, told } from "./consul-vault-secrets.ts";
import { E2eLab, follow, skip, type Said } from "./engine-fixture.ts";
import { proveRole, unavailable } from "./role-proof.ts";

/** What needs no hosts is proved by test/roles/consul-vault.test.ts. */
const long = process.env["HAWSER_EVIDENCE"] === undefined ? "it takes minutes, and runs where evidence is kept: HAWSER_EVIDENCE=FOLDER" : false;
const why = skip || withoutArtifact("consul", "openbao") || long;
const ROLES = ["consul-vault"];
const lab = new E2eLab("e2e-consul", ["198.18.134", "198.18.135", "198.18.136"], { la: "debian", sg: "debian", witness: "debian" });

const lines = new CommandLines();
const keeping: { identity: string; kept?: KeptFiles } = { identity: "" };
const minutes = (count: number) => ({ timeout: count * 60_000 });
const changed = (said: Said): string[] => said.events.flatMap((event) => (event.event === "resource" && event.outcome === "changed" ? [`${event.host} ${event.id}`] : []));
const runWith = async (changes: Changes): Promise<Said> => await follow(book, { inventory: await inventoryOf(lab, changes), ...(keeping.kept && { kept: keeping.kept }) });

/** Shell text that asks Consul's API. */
const consul = (token: "consul-host" | "consul-management", request: string): string => `curl -sS -f -o /dev/null -K ${MADE}/${token}.curl http://127.0.0.1:8500/v1/${request}`;
/** As its only voter, and as one of two of which the other is gone. */
const voters = (...others: readonly string[]): string => `systemctl stop hawser-consul
cd /var/lib/hawser-consul
printf '[${[...others, "%s"].map((id, i, { length }) => `{"id":"${id}","address":"198.18.134.${i === length - 1 ? 11 : 99}:8300","non_voter":false}`).join(",")}]' "$(cat node-id)" >raft/peers.json
chown consul: raft/peers.json
systemctl start hawser-consul`;
const ANONYMOUS = "00000000-0000-0000-0000-000000000002";
const WITHOUT_KEY = "/root/gossip";

if (why !== false && why !== long) await unavailable({ test: import.meta, roles: ROLES }, why);

void describe("Consul in two regions, and OpenBao across them", { skip: why }, () => {
  before(async () => {
    await lab.up();
    await inventoryOf(lab);
    Object.assign(keeping, await lab.keeping(inventoryFolder(lab)));
    lines.start();
  }, minutes(3));
  after(async () => {
    lines.stop();
    await lab.down();
  });

  const proof = proveRole({
    test: import.meta,
    roles: ROLES,
    lab,
    book,
    inventory: () => inventoryOf(lab),
    kept: () => keeping.kept as KeptFiles,
    servers: { "consul-vault": { name: "Consul and OpenBao", on: "la", version: VERSIONS } },
    drifts: [
      { what: "Consul's configuration was changed by hand", by: { la: `sed -i 's/"raft_multiplier": 1/"raft_multiplier": 5/' /etc/hawser-consul/consul.json; systemctl restart hawser-consul; until curl -s http://127.0.0.1:8500/v1/status/leader | grep -q :; do sleep 0.2; done` }, repairs: [/^la consul-vault\/file:\/etc\/hawser-consul\/consul\.json/, /^la consul-vault\/handler:restart consul/] },
      { what: "OpenBao was stopped, and the rules of the firewall taken away", by: { sg: "systemctl disable -q --now hawser-vault; nft delete table inet hawser" }, repairs: [/^sg consul-vault\/service:hawser-vault/, /^sg consul-vault\/task:unseal/, /^sg consul-vault\/firewall-rule:vault-servers/] },
      { what: "a key and a policy were changed by hand", by: { sg: consul("consul-host", "kv/site/name -X PUT --data mine"), la: `i=$(curl -sS -f -K ${MADE}/consul-management.curl http://127.0.0.1:8500/v1/acl/policy/name/hawser-drill | sed -n 's/^{.*"ID":"\\([0-9a-f-]*\\)".*/\\1/p'); ${consul("consul-management", `acl/policy/"$i" -X PUT --data '{"Name":"hawser-drill","Rules":"operator = \\"write\\""}'`)}` }, repairs: [/^sg consul-vault\/api-object:key site\/name/, /^la consul-vault\/api-object:policy hawser-drill/] },
      { what: "a host's token lost its rights", by: { la: consul("consul-management", `acl/token/${accessorOf("sg")} -X PUT --data '{"Description":"mine"}'`) }, repairs: [/^la consul-vault\/api-object:token sg/] },
    ],
    faults: [
      { what: "Consul does not run", by: { la: "systemctl stop hawser-consul" }, heal: { la: "systemctl start hawser-consul" }, expect: [/Consul's service/, /members of la that are alive/, /what la wrote, read from here/] },
      { what: "a voter is gone, and with it the majority", by: { la: voters("ffffffff-0000-4000-8000-000000000001") }, heal: { la: voters() }, expect: [/Consul's leader/, /Consul's voters/, /what la wrote, read from here/] },
      {
        what: "an agent speaks without a key",
        by: { sg: `systemctl stop hawser-consul; mkdir ${WITHOUT_KEY}; mv /var/lib/hawser-consul/serf/*.keyring ${WITHOUT_KEY}; cp -p /etc/hawser-consul/secrets.json ${WITHOUT_KEY}; sed -i '/"encrypt":/d' /etc/hawser-consul/secrets.json; systemctl start hawser-consul` },
        heal: { sg: `systemctl stop hawser-consul; mv -f ${WITHOUT_KEY}/*.keyring /var/lib/hawser-consul/serf/; mv -f ${WITHOUT_KEY}/secrets.json /etc/hawser-consul/; rmdir ${WITHOUT_KEY}; systemctl start hawser-consul` },
        expect: [/gossip is encrypted/, /servers of all datacenters that are alive/],
        within: 120,
      },
      {
        what: "anybody may write to Consul",
        by: { la: `${consul("consul-management", `acl/policy -X PUT --data '{"Name":"open","Rules":"key_prefix \\"\\" { policy = \\"write\\" }"}'`)}; ${consul("consul-management", `acl/token/${ANONYMOUS} -X PUT --data '{"Policies":[{"Name":"open"}]}'`)}` },
        heal: { la: consul("consul-management", `acl/token/${ANONYMOUS} -X PUT --data '{"Policies":[]}'`) },
        expect: [/what a write without a token does/],
      },
      { what: "the token by which ACLs come to the other region is gone", by: { la: consul("consul-management", `acl/token/${accessorOf("replication")} -X DELETE`) }, heal: "apply", expect: [/ACLs come from la/] },
      { what: "a majority of OpenBao is gone: one stopped, one sealed", by: { sg: "systemctl stop hawser-vault", witness: "systemctl restart hawser-vault" }, heal: "apply", expect: [/OpenBao's service/, /OpenBao's seal/, /OpenBao's health/, /OpenBao's leader/, /OpenBao: servers that lead/, /OpenBao's voters/, /OpenBao: what the first server wrote/, /checks that are critical/] },
      {
        what: "something else answers in OpenBao's place, and gives to anybody",
        by: { la: `systemctl stop hawser-vault; mkdir -p /run/other/v1/hawser; echo '{"data":{"cluster":"other"}}' >/run/other/v1/hawser/canary; cd /etc/hawser-tls/vault; systemd-run -q --unit=other --working-directory=/run/other openssl s_server -quiet -WWW -accept 8200 -cert $PWD/cert.pem -key $PWD/key.pem` },
        heal: async () => {
          await lab.exec("la", "systemctl stop other; rm -r /run/other");
          await healed();
        },
        expect: [/OpenBao: what a read without a token gets/, /OpenBao: what the first server wrote/],
      },
      {
        what: "a server is not counted any more",
        by: async () => {
          const token = await logIn(lab);
          // It has to be one that does not lead.
          while (/"is_self":true/.test(await asAda(lab, "witness", `${API}/sys/leader`, token))) await asAda(lab, "witness", `-X PUT ${API}/sys/step-down; sleep 1`, token);
          await asAda(lab, "la", `-f --data '{"server_id":"witness"}' ${API}/sys/storage/raft/remove-peer`, token);
        },
        // It joins anew, with an empty store, as one in place of a lost host would.
        heal: async () => {
          await lab.exec("witness", "systemctl stop hawser-vault; rm -rf /var/lib/hawser-vault");
          await healed();
        },
        expect: [/OpenBao's voters/],
      },
    ],
    reboots: ["la", "sg"],
    afterReboot: "apply",
    settles: 180,
  });

  async function healed(): Promise<void> {
    const said = await proof.run();
    assert.equal(said.recap.result, "ok", said.trouble);
  }

  void test("with no majority OpenBao gives nothing away, and verify does not say that it did", minutes(4), async () => {
    await lab.exec("sg", "systemctl stop hawser-vault");
    await lab.exec("witness", "systemctl stop hawser-vault");
    const failing = async (): Promise<string[]> => (await proof.verify()).filter(({ ok, host }) => !ok && host === "la").map(({ name }) => name);
    try {
      // It begins to answer 5xx when it notices, and some reads are answered by its own store.
      for (let [seen, until] = [0, Date.now() + 60_000]; seen < 5; await sleep(500)) {
        const found = await failing();
        assert.ok(!found.some((name) => name.includes("without a token")), found.join("; "));
        if (found.includes("OpenBao's leader")) seen += 1;
        assert.ok(seen > 0 || Date.now() < until, `only this fails: ${found.join("; ")}`);
      }
    } finally {
      await healed();
    }
  });

  void test("what OpenBao holds is changed with a token of the operator's, since the first one is revoked", minutes(5), async () => {
    const policies = { admin: 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }', app: 'path "kv/data/other/*" { capabilities = ["read"] }' };
    const refused = await runWith({ vault: { policies } });
    assert.equal(refused.recap.result, "failed");
    assert.match(refused.trouble, /a change needs a token, since the root token is revoked: give it for this run as consul-vault\.vault\.token/);
    const token = await logIn(lab);
    const said = await runWith({ vault: { policies, writes: [{ path: "kv/config", data: { max_versions: 7 } }] }, token });
    assert.equal(said.recap.result, "ok", said.trouble);
    assert.ok(changed(said).includes("la consul-vault/api-object:vault policy app"), changed(said).join("; "));
    assert.match(await asAda(lab, "la", `${API}/sys/policies/acl/app`, token), /kv\/data\/other/);
    assert.match(await asAda(lab, "la", `${API}/kv/config`, token), /"max_versions":7/);
    assert.equal(await lab.exec("la", "ls /run/hawser-vault-manage.curl 2>/dev/null || :"), "");
    const back = await runWith({ token });
    assert.equal(back.recap.result, "ok", back.trouble);
    assert.deepEqual(changed(await proof.run()), []);
  });

  void test("a key that the inventory got is written in each datacenter, by hosts that had no right to before", minutes(3), async () => {
    const said = await runWith({ consul: { kv: { "site/name": "x", "site/more": "y" } } });
    assert.equal(said.recap.result, "ok", said.trouble);
    for (const host of ["la", "sg"]) assert.equal(await lab.exec(host, `curl -sS -f -K ${MADE}/consul-host.curl 'http://127.0.0.1:8500/v1/kv/site/more?raw'`), "y");
    assert.equal((await proof.run()).recap.result, "ok");
  });

  void test("keys that Consul acknowledged outlive its being killed", minutes(4), proof.recorder.step("drill", async () => {
    const inventory = await proof.inventory();
    const all = resolvePlays(book, inventory, undefined);
    const hosts = inventory.hosts.map((host) => ({ host: host.name, writes: declareDrills({ all, host, hub: new ValueHub() }).flatMap(({ written }) => written) }));
    assert.deepEqual(hosts.map(({ host, writes }) => `${host}: ${writes.map(({ name }) => name).join(", ")}`), ["la: keys of la", "sg: keys of sg", "witness: "]);
    const connections = connectTo(inventory, { keepOpen: 0 });
    const writers = new Writers({ hosts, stamp: "e2e", connect: (name) => connections.open(inventory.host(name)) });
    const count = async (host: string): Promise<number> => Number(await lab.exec(host, `curl -s -K ${MADE}/consul-host.curl 'http://127.0.0.1:8500/v1/kv/hawser/drill/?keys' | grep -o hawser/drill/ | wc -l`));
    const more = async (): Promise<void> => {
      const before = await Promise.all(["la", "sg"].map(count));
      for (const until = Date.now() + 60_000; ; await sleep(300)) {
        const now = await Promise.all(["la", "sg"].map(count));
        if (now.every((each, i) => each >= (before[i] ?? 0) + 10)) return;
        assert.ok(Date.now() < until, `nothing is written any more: ${before.join()} and then ${now.join()}`);
      }
    };
    try {
      writers.start();
      await more();
      await Promise.all(["la", "sg"].map((host) => lab.exec(host, "systemctl kill -s KILL hawser-consul")));
      await more();
      await writers.stop();
      const written = await writers.settle(60);
      await writers.clean();
      for (const { host, acknowledged, refused } of written) assert.ok(acknowledged > 10 && refused > 0, `${host}: ${acknowledged} acknowledged, ${refused} refused`);
      assert.deepEqual(judgeWrites(written).map(({ ok }) => ok), [true, true]);
      assert.deepEqual(await Promise.all(["la", "sg"].map(count)), [0, 0], "the keys are taken away");
      const sum = (of: (each: (typeof written)[number]) => number): number => written.reduce((total, each) => total + of(each), 0);
      return { "writes acknowledged": sum((each) => each.acknowledged), refused: sum((each) => each.refused), lost: sum((each) => each.lost ?? 0) };
    } finally {
      await writers.stop();
      connections.leave();
    }
  }));

  void test("another gossip key comes to the running members, and the former one goes", minutes(4), async () => {
    const started = (): Promise<string[]> => Promise.all(["la", "sg"].map((host) => lab.exec(host, "systemctl show -p ExecMainStartTimestampMonotonic hawser-consul")));
    const before = await started();
    const said = await runWith({ consul: { encrypt_generation: 2 } });
    assert.equal(said.recap.result, "ok", said.trouble);
    assert.ok(changed(said).includes("la consul-vault/api-object:gossip key of all members"), changed(said).join("; "));
    assert.deepEqual(changed(await runWith({ consul: { encrypt_generation: 2 } })), []);
    assert.deepEqual(await started(), before, "nobody was restarted");
    for (const host of ["la", "sg"]) {
      const key = (await lab.exec(host, `cat ${MADE}/gossip.2`)).trim();
      for (const ring of ["local", "remote"]) assert.equal((await lab.exec(host, `cat /var/lib/hawser-consul/serf/${ring}.keyring`)).replaceAll(/[[\]"\s]/g, ""), key);
    }
    await proof.healthy();
  });

  void test("parts of the key, tokens and gossip keys are where the README says, and nowhere else", minutes(8), async (t) => {
    // A server that is opened, and tokens that are written, with all that hawser can be asked to tell.
    await lab.exec("sg", "systemctl restart hawser-vault");
    await lab.exec("la", `rm ${MADE}/consul-management.curl; sed -i 's/"encrypt"/"encrypted"/' /etc/hawser-consul/secrets.json`);
    for (const [verb, ...args] of [["run", "--check", "--diff", "-vvv"], ["run", "--diff", "-vvv", "--trace", "trace", "--report", "run.html", "--report", "run.json"], ["run", "--output", "json"], ["verify", "--report", "verify.html"]] as const) {
      const ended = await told(lab, keeping.identity, verb, args);
      assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    }
    t.diagnostic(`${lines.seen.size} command lines were seen`);
    await nowhereElse({ lab, kept: keeping.kept as KeptFiles, lines });
  });
});
