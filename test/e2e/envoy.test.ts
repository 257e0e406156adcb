import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { loadInventory, play, playbook, use, type Inventory } from "hawser";
import { echo } from "hawser/roles/echo";
import { envoy } from "hawser/roles/envoy";
import { meshOf } from "hawser/roles/envoy/vars";
import { stringify } from "yaml";
import { builtArtifact, withoutArtifact } from "../artifacts/index.ts";
import { E2eLab, follow, skip } from "./engine-fixture.ts";
import { EchoClient, underLoad } from "./grpc-load.ts";
import { proveRole, unavailable } from "./role-proof.ts";

const built = builtArtifact("envoy");
/** What needs no hosts is proved by test/roles/envoy-mesh.test.ts in half a minute. */
const long = process.env["HAWSER_EVIDENCE"] === undefined ? "it takes minutes, and runs where evidence is kept: HAWSER_EVIDENCE=FOLDER" : false;
const why = skip || withoutArtifact("envoy") || long;
const ROLES = ["envoy", "echo"];
const HOSTS = { la: { address: "198.18.141.11" }, sg: { address: "198.18.142.11" } } as const;
const lab = new E2eLab("e2e-envoy", ["198.18.141", "198.18.142"], { la: "debian", sg: "debian" });

/** Stands for the private address, which the tunnel leads to: a second address of the host, that can be cut off by itself. */
const inside = (host: keyof typeof HOSTS): string => HOSTS[host].address.replace(/11$/, "51");
const PORT = 15051;
const TO = { la: `${HOSTS.la.address}:${PORT}`, sg: `${HOSTS.sg.address}:${PORT}` };
const book = playbook(import.meta, [play({ name: "mesh", hosts: "mesh", roles: [use(echo, (host) => ({ ...host.vars(echo) })), use(envoy, (host) => ({ ...meshOf(host), ...host.vars(envoy) }))] })]);

const service = (targets: readonly string[] = ["127.0.0.1:50051"]) => ({ echo: { port: PORT, targets, idempotent: true, health_check: { interval_s: 0.5 } } });

/** An inventory like the shipped ones; `changes` are made to what the role's vars are on both hosts. */
async function inventoryOf(changes: object = {}): Promise<Inventory> {
  const folder = await mkdtemp(path.join(lab.folder, "inventory-"));
  const group = (name: keyof typeof HOSTS) => ({
    vars: { region: name },
    hosts: {
      [name]: {
        public_address: HOSTS[name].address,
        private_address: inside(name),
        ssh: { user: "root", address: HOSTS[name].address, key: lab.key, known_hosts: lab.knownHosts, config: false, agent: false },
        echo: { through: TO[name] },
        envoy: {
          artifact: { file: built?.file, sha256: built?.sha256 },
          services: service(),
          listen: HOSTS[name].address,
          clients: ["198.18.0.0/15"],
          drain_time_s: 3,
          parent_shutdown_time_s: 6,
          concurrency: 2,
          ...changes,
        },
      },
    },
  });
  await writeFile(path.join(folder, "hosts.yml"), stringify({ all: { vars: { ca: { host: "la" } } }, mesh: { children: { west: null, east: null } }, west: group("la"), east: group("sg") }));
  return await loadInventory(folder);
}

/** The second address, also after a restart. */
const addressOf = (host: keyof typeof HOSTS): string => `cat >/etc/systemd/system/inside.service <<'END'
[Unit]
Before=network-online.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'i=$(ip -o -4 addr show to ${HOSTS[host].address} | while read -r _ name _; do echo "$name"; done); ip addr replace ${inside(host)}/24 dev "$i"'
[Install]
WantedBy=multi-user.target
END
systemctl -q enable --now inside`;

/** Packets to an address of the host are lost, without a word to who sends them. */
const drop = (address: string): string => `nft add table inet cut; nft add chain inet cut input '{ type filter hook input priority -200; }'; nft add rule inet cut input ip daddr ${address} tcp dport 15443 drop`;
const undrop = "nft delete table inet cut 2>/dev/null || :";
/** At once, and without a farewell. */
const killed = "systemctl kill -s KILL hawser-echo; systemctl stop hawser-echo";
const revived = "systemctl start hawser-echo";
const epoch = async (host: string): Promise<number> => Number(/"restart_epoch": (\d+)/.exec(await lab.exec(host, "curl -s http://127.0.0.1:9901/server_info"))?.[1]);

if (why !== false && why !== long) await unavailable({ test: import.meta, roles: ROLES }, why);

void describe("the mesh on hosts of two regions", { skip: why }, () => {
  before(async () => {
    await lab.up();
    await Promise.all((["la", "sg"] as const).map((host) => lab.exec(host, `systemctl is-system-running --wait >/dev/null || :\n${addressOf(host)}`)));
  }, { timeout: 300_000 });
  after(() => lab.down());

  const proof = proveRole({
    test: import.meta,
    roles: ROLES,
    lab,
    book,
    inventory: () => inventoryOf(),
    servers: { envoy: { name: "Envoy", on: "la", version: "/opt/hawser-envoy/envoy --version" }, echo: { name: "grpcio", on: "la", version: "dpkg-query -W -f '${Version}' python3-grpcio" } },
    drifts: [
      { what: "the configuration was changed by hand", by: { la: "sed -i 's/max_ejection_percent: 50/max_ejection_percent: 100/' /etc/hawser-envoy/envoy.yaml; systemctl reload hawser-envoy" }, repairs: [/^la envoy\/file:\/etc\/hawser-envoy\/envoy.yaml/, /^la envoy\/handler:hot restart/] },
      { what: "Envoy was stopped and its rules taken away", by: { sg: "systemctl disable --now hawser-envoy; nft delete table inet hawser" }, repairs: [/^sg envoy\/service:hawser-envoy/, /^sg envoy\/firewall-rule:envoy$/] },
      { what: "the CA is trusted no more", by: { la: "cp /etc/hawser-tls/envoy/cert.pem /etc/hawser-tls/envoy/trusted.pem; systemctl reload hawser-envoy" }, repairs: [/^la envoy\/certificate/] },
    ],
    faults: [
      { what: "the service is dead in one region", by: { la: killed }, heal: { la: revived }, expect: [/^envoy: echo: its target/, /^envoy: echo: la by the tunnel/, /^envoy: echo: la by the public/, /^envoy: a call of echo to la by the tunnel/, /^envoy: a call of echo to la by the public/, /^echo: answer$/, /^echo: region that answers/] },
      { what: "the service is dead everywhere", by: { la: killed, sg: killed }, heal: { la: revived, sg: revived }, expect: [/^envoy: echo: a call from this host/] },
      { what: "Envoy does not run", by: { la: "systemctl stop hawser-envoy" }, heal: { la: "systemctl start hawser-envoy" }, expect: [/^envoy: ready/, /^envoy: administration/, /^envoy: running configuration/] },
      { what: "the tunnel is cut", by: { sg: drop(inside("sg")) }, heal: { sg: undrop }, expect: [/^envoy: echo: sg by the tunnel/, /^envoy: a call of echo to sg by the tunnel/] },
      { what: "a file that nobody runs with", by: { sg: "echo '# mine' >>/etc/hawser-envoy/envoy.yaml" }, heal: { sg: "sed -i '/^# mine$/d' /etc/hawser-envoy/envoy.yaml" }, expect: [/^envoy: configuration file/] },
      { what: "a certificate at its end", by: { sg: "cd /etc/hawser-tls/envoy && cp -p cert.pem cert.pem.kept && openssl req -new -x509 -days 5 -subj /CN=sg.mesh -addext subjectAltName=DNS:sg.mesh -key key.pem -out cert.pem" }, heal: { sg: "mv -f /etc/hawser-tls/envoy/cert.pem.kept /etc/hawser-tls/envoy/cert.pem" }, expect: [/^envoy: certificate/] },
    ],
    reboots: ["la"],
  });

  void test("a client of the host's own shell is answered by its own region", async () => {
    assert.equal((await lab.exec("la", `hawser-echo ${TO.la} hello`)).trim(), "hello la la");
    assert.equal((await lab.exec("sg", `hawser-echo ${TO.sg} 'as long as it may be'`)).trim(), "as long as it may be sg sg");
  });

  void test("with the locals killed the tunnel serves, with that cut the public address, and no call fails", { timeout: 120_000 }, async (t) => {
    const regions = async (): Promise<Record<string, number>> => ({ ...(await underLoad(TO.la, () => Promise.resolve(), { clients: 4 })).regions });
    const way = async (address: string): Promise<boolean> => (await lab.exec("la", "curl -s '127.0.0.1:9901/clusters'")).split("\n").some((line) => line.startsWith(`echo::${address}:15443::rq_active`)) && (await successes(address)) > 0;
    const successes = async (address: string): Promise<number> => Number(new RegExp(`echo::${address}:15443::rq_success::(\\d+)`).exec(await lab.exec("la", "curl -s 127.0.0.1:9901/clusters"))?.[1] ?? 0);
    assert.deepEqual(Object.keys(await regions()), ["la"]);
    try {
      const load = await underLoad(TO.la, async () => {
        await lab.exec("la", killed);
        await until(async () => await way(inside("sg")));
        const before = await successes(HOSTS.sg.address);
        await lab.exec("sg", drop(inside("sg")));
        await until(async () => (await successes(HOSTS.sg.address)) > before + 50);
      });
      t.diagnostic(`${load.calls} calls, ${load.failures.length} failed, the slowest took ${load.slowest} ms`);
      assert.deepEqual(load.failures, []);
      assert.ok((load.regions["la"] ?? 0) > 0 && (load.regions["sg"] ?? 0) > 0, JSON.stringify(load.regions));
    } finally {
      await lab.exec("sg", undrop);
      await lab.exec("la", revived);
    }
    await proof.healthy();
    assert.deepEqual(Object.keys(await regions()), ["la"], "it returns to its own region");
  });

  void test("a hot restart under load loses nothing, not even a call that is under way", { timeout: 120_000 }, async (t) => {
    const before = await epoch("la");
    const load = await underLoad(TO.la, async () => {
      const client = new EchoClient(TO.la);
      const state = { over: false };
      // One of them is under way when the sockets change hands.
      const calls = (async () => {
        while (!state.over) assert.equal((await client.call("long", 2500)).text, "long");
      })();
      const said = await follow(book, { inventory: await inventoryOf({ access_log: "errors" }) });
      assert.equal(said.recap.result, "ok", said.trouble);
      assert.deepEqual(said.handlers("la"), ["handler:hot restart"]);
      state.over = true;
      await calls;
      client.close();
      // Until the old one has ended, too.
      await until(async () => (await lab.exec("la", "grep -lsx envoy /proc/[0-9]*/comm | wc -l")).trim() === "1");
    });
    t.diagnostic(`${load.calls} calls, ${load.failures.length} failed, the slowest took ${load.slowest} ms`);
    assert.deepEqual(load.failures, []);
    assert.equal(await epoch("la"), before + 1);
    const back = await proof.run();
    assert.equal(back.recap.result, "ok", back.trouble);
  });

  void test("a stop drains: clients of the other region lose nothing", { timeout: 60_000 }, async () => {
    await lab.exec("la", killed);
    try {
      await until(async () => (await lab.exec("la", `hawser-echo ${TO.la} x || :`)).trim() === "x sg sg");
      const load = await underLoad(TO.la, () => lab.exec("sg", "systemctl stop hawser-envoy"), { clients: 4 });
      assert.deepEqual(load.failures.filter((failure) => !failure.startsWith("grpc-status 14")), []);
    } finally {
      await lab.exec("la", revived);
      await lab.exec("sg", "systemctl start hawser-envoy");
    }
    await proof.healthy();
  });

  void test("what Envoy would not start with replaces nothing, and the error has Envoy's own words", { timeout: 60_000 }, async () => {
    const before = await lab.exec("la", "sha256sum /etc/hawser-envoy/envoy.yaml");
    const said = await follow(book, { inventory: await inventoryOf({ extra: { clusters: [{ name: "broken", type: "NOWHERE" }] } }) });
    assert.equal(said.recap.result, "failed");
    assert.match(said.trouble, /NOWHERE/);
    assert.equal(await lab.exec("la", "sha256sum /etc/hawser-envoy/envoy.yaml"), before);
    assert.equal((await lab.exec("la", `hawser-echo ${TO.la} still`)).trim(), "still la la");
  });

  void test("what validates and cannot start is not taken over: the old Envoy goes on", { timeout: 120_000 }, async () => {
    const listener = { name: "taken", address: { socket_address: { address: "0.0.0.0", port_value: 22 } }, filter_chains: [{ filters: [{ name: "envoy.filters.network.echo", typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo" } }] }] };
    const load = await underLoad(TO.la, async () => {
      const said = await follow(book, { inventory: await inventoryOf({ extra: { listeners: [listener] } }) });
      assert.equal(said.recap.result, "failed");
      assert.match(said.trouble, /hot restart[\s\S]*cannot bind/);
    });
    assert.deepEqual(load.failures, []);
    const said = await follow(book, { inventory: await proof.inventory() });
    assert.equal(said.recap.result, "ok", said.trouble);
    await proof.healthy();
  });

  void test("with watched files a new endpoint counts in the same process", { timeout: 120_000 }, async () => {
    const said = await follow(book, { inventory: await inventoryOf({ xds: "filesystem" }) });
    assert.equal(said.recap.result, "ok", said.trouble);
    const before = await epoch("sg");
    const again = await follow(book, { inventory: await inventoryOf({ xds: "filesystem", services: service(["127.0.0.1:50051", "127.0.0.1:50052"]) }) });
    assert.equal(again.recap.result, "ok", again.trouble);
    assert.deepEqual(again.handlers("sg"), []);
    await until(async () => /own-echo::127\.0\.0\.1:50052::/.test(await lab.exec("sg", "curl -s 127.0.0.1:9901/clusters")));
    assert.equal(await epoch("sg"), before);
    assert.equal((await lab.exec("sg", `hawser-echo ${TO.sg} watched`)).trim(), "watched sg sg");
  });

  void test("only peers come to the mesh's port, and only with a certificate", { timeout: 60_000 }, async () => {
    assert.match(await lab.exec("sg", `curl -sk --max-time 3 https://${HOSTS.la.address}:15443/ 2>&1 || echo "refused $?"`), /refused \d+/);
    const listening = await lab.exec("la", "ss -Hltn");
    assert.match(listening, /127\.0\.0\.1:9901/);
    assert.doesNotMatch(listening, /(?:0\.0\.0\.0|\*|\[::\]|198\.18\.\d+\.\d+):9901/);
  });
});

/** @throws Error when it is not so within 20 s */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) if (Date.now() > end) throw new Error(`it did not come to be: ${holds.toString()}`);
}
