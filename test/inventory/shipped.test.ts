import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { loadInventory } from "../../src/inventory/index.ts";

const shipped = (name: string): string => join(import.meta.dirname, "../../inventory", name);
/** Production's secrets come from the environment of whoever runs it. */
const PRODUCTION = { env: { PG_REPLICATION_PASSWORD: "a-replication-password", PG_APP_PASSWORD: "an-application-password" } };

for (const name of ["production", "lab"]) {
  void test(`inventory/${name} loads without a warning and has the two regions`, async () => {
    const inventory = await loadInventory(shipped(name), PRODUCTION);
    assert.deepEqual(inventory.warnings, []);
    assert.deepEqual(inventory.hosts.map((host) => [host.name, host.region]), [["la-1", "la"], ["sg-1", "sg"]]);
    for (const pattern of ["gateways", "databases", "la:sg"]) assert.deepEqual(inventory.select(pattern).map((host) => host.name), ["la-1", "sg-1"]);
    assert.deepEqual(inventory.group("witness").hosts, []);
  });
}

void test("production uses documentation addresses only and checks host keys", async () => {
  for (const { connection } of (await loadInventory(shipped("production"), PRODUCTION)).hosts) {
    assert.match(connection.address, /^(?:192\.0\.2|198\.51\.100|203\.0\.113)\./);
    assert.equal(connection.hostKeyChecking, "strict");
  }
});

void test("the lab stays away from the user's keys, agent and configuration", async () => {
  for (const { name, connection, become, vars } of (await loadInventory(shipped("lab"), { home: "/home/ada" })).hosts) {
    assert.deepEqual(connection, {
      kind: "ssh",
      address: name === "la-1" ? "198.18.1.11" : "198.18.2.11",
      user: "root",
      keys: ["/home/ada/.local/state/hawser/lab/default/id_ed25519"],
      agent: false,
      knownHosts: "/home/ada/.local/state/hawser/lab/default/known_hosts",
      hostKeyChecking: "strict",
      config: false,
      connectTimeout: 20,
      keepalive: 15,
    });
    assert.equal(become.method, "none");
    assert.equal(vars["lab_rtt_ms"], 0);
  }
});
