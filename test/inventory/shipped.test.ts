import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { resolvePlays } from "../../src/engine/resolve.ts";
import { loadInventory } from "../../src/inventory/index.ts";

const shipped = (name: string): string => join(import.meta.dirname, "../../inventory", name);
/** Production's secrets come from the environment of whoever runs it. */
const PRODUCTION = { env: { PG_REPLICATION_PASSWORD: "a-replication-password", PG_APP_PASSWORD: "an-application-password" } };

const WITNESSES: Readonly<Record<string, readonly string[]>> = { production: [], lab: ["witness-1"], demo: [] };
for (const [name, witnesses] of Object.entries(WITNESSES)) {
  void test(`inventory/${name} loads without a warning and has the two regions`, async () => {
    const inventory = await loadInventory(shipped(name), PRODUCTION);
    assert.deepEqual(inventory.warnings, []);
    assert.deepEqual(inventory.hosts.map((host) => [host.name, host.region]), [["la-1", "la"], ["sg-1", "sg"], ...witnesses.map((host) => [host, "witness"])]);
    for (const pattern of ["databases", "la:sg"]) assert.deepEqual(inventory.select(pattern).map((host) => host.name), ["la-1", "sg-1"]);
    assert.deepEqual(inventory.group("witness").hosts, witnesses);
  });
}

void test("production uses documentation addresses only and checks host keys", async () => {
  for (const { connection } of (await loadInventory(shipped("production"), PRODUCTION)).hosts) {
    assert.match(connection.address, /^(?:192\.0\.2|198\.51\.100|203\.0\.113)\./);
    assert.equal(connection.hostKeyChecking, "strict");
  }
});

const LABS: readonly (readonly [inventory: string, lab: string, rttMs: number])[] = [["demo", "default", 0], ["lab", "regions", 84]];
for (const [shippedAs, lab, rttMs] of LABS) void test(`inventory/${shippedAs} stays away from the user's keys, agent and configuration`, async () => {
  for (const { name, connection, become, vars } of (await loadInventory(shipped(shippedAs), { home: "/home/ada" })).hosts) {
    assert.deepEqual(connection, {
      kind: "ssh",
      address: { "la-1": "198.18.1.11", "sg-1": "198.18.2.11", "witness-1": "198.18.3.11" }[name],
      user: "root",
      keys: [`/home/ada/.local/state/hawser/lab/${lab}/id_ed25519`],
      agent: false,
      knownHosts: `/home/ada/.local/state/hawser/lab/${lab}/known_hosts`,
      hostKeyChecking: "strict",
      config: false,
      connectTimeout: 20,
      keepalive: 15,
    });
    assert.equal(become.method, "none");
    assert.equal(vars["lab_rtt_ms"], rttMs);
  }
});

for (const name of ["production", "lab"]) void test(`playbooks/site.ts fits inventory/${name}`, async () => {
  const { default: site } = await import("../../playbooks/site.ts");
  const plays = resolvePlays(site, await loadInventory(shipped(name), PRODUCTION), undefined);
  assert.deepEqual(plays.map(({ play }) => play.name), ["quorum", "network", "ca", "consul and vault", "databases", "objects", "swarm", "services", "mesh", "monitoring"]);
});
