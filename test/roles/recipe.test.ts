import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import network from "../../playbooks/network.ts";
import { resourcesOf } from "../../src/dsl/items.ts";
import { declare } from "../../src/engine/declare.ts";
import { resolvePlays } from "../../src/engine/resolve.ts";
import { runPlaybook } from "../../src/engine/run.ts";
import { ValueHub } from "../../src/engine/values.ts";
import { loadInventory, type Inventory } from "../../src/inventory/index.ts";
import { recorded } from "../../src/resources/recorded.ts";

const LAB = fileURLToPath(new URL("../../inventory/lab/hosts.yml", import.meta.url));

/** What the user's notes say, as the vars that say so. */
const RECIPE = {
  gre: { mtu: 1400 },
  strongswan: { legacy_proposals: true, ike_proposals: ["aes256-sha256-modp1024!"], esp_proposals: ["aes256-sha256!"] },
  keepalived: { vip: "10.0.0.100", virtual_router_id: 51, advert_int: 1, track_interfaces: ["gre1"], witness: "198.18.3.11" },
};
const ENDS = { la: { state: "MASTER", priority: 100 }, sg: { priority: 90 } } as const;

interface Hosts {
  all: { children: { gateways: { vars: object }; swarm?: object } };
  la: { vars: Record<string, unknown> };
  sg: { vars: Record<string, unknown> };
}

/** The lab's inventory with the recipe in it, and with what a test changes. */
async function inventoryWith(folder: string, change: (recipe: typeof RECIPE) => object = (recipe) => recipe): Promise<Inventory> {
  const hosts = parse(await readFile(LAB, "utf8")) as Hosts;
  const recipe = change(RECIPE) as typeof RECIPE;
  // The recipe's Swarm is one that somebody else sets up; role swarm's pool is out of the address's way.
  delete hosts.all.children.swarm;
  hosts.all.children.gateways.vars = { gre: recipe.gre, strongswan: recipe.strongswan };
  for (const region of ["la", "sg"] as const) hosts[region].vars = { ...hosts[region].vars, keepalived: { ...recipe.keepalived, ...ENDS[region] } };
  await writeFile(path.join(folder, "hosts.yml"), stringify(hosts));
  return await loadInventory(folder);
}

/** What the first gateway is told by the shipped playbook. */
function declared(inventory: Inventory): { readonly warnings: readonly string[]; readonly roles: readonly string[] } {
  const all = resolvePlays(network, inventory, undefined);
  const roleFacts = new Map<string, Record<string, unknown>>([["gre", { platform: "networkd", firewall: "nft" }], ["strongswan", { found: "", secrets: "" }], ["etcd", { firewall: "nft", data: "no" }]]);
  const told = all.map((resolved) => declare({ resolved, all, host: inventory.host("la-1"), facts: recorded("debian-12"), roleFacts, hub: new ValueHub(), target: (name) => ({ host: inventory.host(name), facts: recorded("debian-12") }) }));
  return {
    warnings: told.flatMap(({ warnings }) => warnings.map(({ role, message }) => `${role}: ${message}`)),
    roles: [...new Set(told.flatMap(({ items }) => resourcesOf(items).map(({ role }) => role)))],
  };
}

void describe("the user's own recipe, by the shipped playbook", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "hawser-recipe-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  void test("is taken, and each part that is weak or broken is warned of, with what is done instead", async () => {
    const { warnings, roles } = declared(await inventoryWith(folder));
    const expected: readonly (readonly [part: string, says: RegExp])[] = [
      ["modp1024", /^strongswan: .*modp1024 is weak: .*add aes256gcm16-prfsha384-ecp384 before it/],
      ["esp without a group", /^strongswan: .*aes256-sha256 names no Diffie-Hellman group/],
      ["MTU 1400", /^gre: gre\.mtu 1400 does not fit: IPsec leaves \d+ of the 1460 octets.*gre1 gets \d+/],
      ["MASTER", /^keepalived: .*state: MASTER is taken as a wish to be preferred/],
      ["track_interface gre1", /^keepalived: .*track_interfaces: gre1 detects nothing/],
      ["advert 1", /^keepalived: .*advert_int 1: .*takes the address 3\.6 s later/],
      ["VIP 10.0.0.100", /^keepalived: .*10\.0\.0\.100 is inside 10\.0\.0\.0\/8/],
    ];
    for (const [part, says] of expected) assert.ok(warnings.some((text) => says.test(text)), `${part}: ${warnings.join("\n")}`);
    assert.equal(warnings.length, expected.length, warnings.join("\n"));
    assert.deepEqual(roles.toSorted(), ["backup-path", "bfd", "etcd", "gre", "keepalived", "strongswan"]);
  });

  const refused: readonly (readonly [what: string, change: (recipe: typeof RECIPE) => object, says: RegExp])[] = [
    ["modp1024 without saying that a peer needs it", (recipe) => ({ ...recipe, strongswan: { ...recipe.strongswan, legacy_proposals: false } }), /modp1024 is weak: .*say legacy_proposals: true/],
    ["10.0.0.100 on hosts with Swarm's default pool", (recipe) => ({ ...recipe, keepalived: { ...recipe.keepalived, swarm_pools: ["10.0.0.0/8"] } }), /10\.0\.0\.100 is inside Docker Swarm's address pool 10\.0\.0\.0\/8/],
  ];
  for (const [what, change, says] of refused) {
    void test(`is refused with ${what}, before any host is touched`, async () => {
      const inventory = await inventoryWith(folder, change);
      let opened = 0;
      await assert.rejects(runPlaybook(network, { inventory, check: true, connect: () => Promise.reject(new Error(String(opened++))) }, () => {}), (error: Error & { problems?: readonly { message: string; file: string }[]; source?: { file: string } }) => {
        const text = error.problems?.map(({ message, file }) => `${file} ${message}`).join("\n") ?? `${error.source?.file} ${error.message}`;
        assert.match(text, says);
        assert.match(text, /hosts\.yml/);
        return true;
      });
      assert.equal(opened, 0);
    });
  }
});
