import { everyResource, keptOf, sectionsOf, type ResourceNode } from "../dsl/items.ts";
import { HawserError, UsageError } from "../errors/index.ts";
import type { Inventory } from "../inventory/index.ts";
import { declare } from "./declare.ts";
import type { HostRun } from "./host-run.ts";
import type { KeptOfHost } from "./kept.ts";
import type { ResolvedPlay } from "./resolve.ts";
import { anyFacts } from "./targets.ts";
import { ValueHub } from "./values.ts";

/**
 * The resources of each play, declared for the sake of their names: of those with one id and the same tags, one.
 * `complete` is false when a later play cannot be declared yet; `kept` are the once-only outputs of all hosts.
 * @param from The index of the play to begin with.
 */
export function declareAll(plays: readonly ResolvedPlay[], runs: ReadonlyMap<string, HostRun>, inventory: Pick<Inventory, "hosts">, from = 0): { byPlay: ResourceNode[][]; kept: KeptOfHost[]; complete: boolean } {
  const byPlay = plays.map(() => new Map<string, ResourceNode>());
  const kept: KeptOfHost[] = [];
  let complete = true;
  for (const [i, play] of plays.entries()) {
    if (i < from) continue;
    for (const host of play.hosts) {
      const run = runs.get(host.name);
      if (!run?.facts || run.ended) continue;
      try {
        const { items, handlers } = declare({ resolved: play, all: plays, host, facts: run.facts, roleFacts: run.roleFacts, hub: new ValueHub(), target: anyFacts(inventory, (name) => runs.get(name)?.facts, run.facts) });
        for (const section of sectionsOf(items)) for (const { id } of section.handlers) runs.get(section.host)?.declares.add(id);
        kept.push(...keptOf(items).map((node) => ({ host: host.name, node })));
        for (const node of everyResource(items)) byPlay[i]?.set([node.id, ...node.tags].join("\0"), node);
        for (const { id, formerly } of handlers) run.declares.add(id).add(formerly ?? id);
      } catch (error) {
        if (i === 0 || !(error instanceof HawserError) || error instanceof UsageError) throw error;
        complete = false;
      }
    }
  }
  return { byPlay: byPlay.map((nodes) => [...nodes.values()]), kept, complete };
}
