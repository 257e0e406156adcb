import { formatSource, HawserError, type SourceLine, UsageError } from "../errors/index.ts";
import { everyResource, sectionsOf, type Item, type ResourceNode } from "../dsl/items.ts";
import { isRival } from "../dsl/declarations.ts";
import { type Inventory, type InventoryHost, suggest } from "../inventory/index.ts";
import type { Claim } from "../resources/contract.ts";
import type { Facts } from "../resources/facts.ts";

/** The controller, where the inventory does not say how it is reached. */
export const CONTROLLER = "localhost";

/** A host that a declaration acts on, and of which no facts are known yet. Whoever declares asks for them and declares again. */
export class TargetNeeded extends HawserError {
  override readonly name = "TargetNeeded";
  readonly target: InventoryHost;

  constructor(target: InventoryHost) {
    super(`${target.name} has no facts`);
    this.target = target;
  }
}

/** A host that a declaration acts on, and that cannot be worked on. Whoever declares it has failed. */
export class TargetLost extends HawserError {
  override readonly name = "TargetLost";
}

/** @throws UsageError when the inventory has no such host */
export function targetNamed(inventory: Pick<Inventory, "hosts">, name: string, source: SourceLine): InventoryHost {
  const found = inventory.hosts.find((host) => host.name === name);
  if (found) return found;
  if (name === CONTROLLER) return controller();
  const near = suggest(name, [...inventory.hosts.map((host) => host.name), CONTROLLER]);
  throw new UsageError(`t.on("${name}"): the inventory has no such host`, { source, hint: near === undefined ? `it takes a host's name, or "${CONTROLLER}" for this machine` : `did you mean ${near}?` });
}

function controller(): InventoryHost {
  return { name: CONTROLLER, region: "", groups: [], vars: {}, connection: { kind: "local", address: CONTROLLER, agent: false, hostKeyChecking: "strict", connectTimeout: 20, keepalive: 15 }, become: { method: "none", user: "root" }, at: () => ({ file: "", line: 0, column: 0 }) };
}

/** Where a host's facts come from while names are only looked for: those of the host itself where the other's are not known. */
export function anyFacts(inventory: Pick<Inventory, "hosts">, factsOf: (name: string) => Facts | undefined, own: Facts): (name: string, source: SourceLine) => { readonly host: InventoryHost; readonly facts: Facts } {
  return (name, source) => ({ host: targetNamed(inventory, name, source), facts: factsOf(name) ?? own });
}

interface Owner {
  readonly claim: Claim;
  readonly node: ResourceNode;
  readonly host: string;
}

/** @throws UsageError when two hosts' declarations own the same thing of a third */
export function refuseRivals(hosts: readonly { readonly host: string; readonly items: readonly Item[] }[]): void {
  if (hosts.every(({ items }) => sectionsOf(items).length === 0)) return;
  const owners = new Map<string, Owner[]>();
  for (const { host, items } of hosts) {
    for (const node of everyResource(items)) {
      for (const claim of node.claims) {
        const key = `${node.on ?? host}\0${claim.target}`;
        const held = owners.get(key) ?? [];
        const rival = held.find((other) => other.host !== host && isRival(claim, other.claim));
        if (rival) throw new UsageError(`${node.id} for ${host} and ${rival.node.id} for ${rival.host} both own ${claim.target} of ${node.on ?? host}`, { source: node.source, hint: `the other owner is declared at ${formatSource(rival.node.source)}; what is the same for all hosts is declared once: t.once(…, () => t.on(…))` });
        held.push({ claim, node, host });
        owners.set(key, held);
      }
    }
  }
}
