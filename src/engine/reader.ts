import { resourcesOf } from "../dsl/items.ts";
import type { Facts } from "../resources/facts.ts";
import { declare, type DeclareInput } from "./declare.ts";
import { settleRead } from "./host-context.ts";
import type { HostRun } from "./host-run.ts";
import { LookBook } from "./looks.ts";
import type { Redactor } from "./redactor.ts";
import type { ResolvedPlay } from "./resolve.ts";
import type { ValueHub } from "./values.ts";

/** Reads what a host exports without changing it: for hosts that the run is not limited to, but whose values it needs. */
export async function readExports(run: HostRun, resolved: ResolvedPlay, all: readonly ResolvedPlay[], hub: ValueHub, redactor: Redactor, targetOf: (own: Facts) => DeclareInput["target"]): Promise<void> {
  await run.prepare(resolved.roles.get(run.name) ?? [], { readOnly: true });
  if (!run.facts) return;
  // What it would read on other hosts stays unknown.
  const target = targetOf(run.facts);
  const declared = declare({ resolved, all, host: run.host, facts: run.facts, roleFacts: run.roleFacts, hub, target });
  const reads = resourcesOf(declared.items).filter((node) => node.kind.kind === "read");
  const book = new LookBook({ facts: run.facts }, redactor);
  const wanted = book.fragments(reads);
  book.record(wanted, await run.remote.look(wanted));
  for (const node of reads) {
    const look = book.get(node);
    if (look) settleRead({ host: run.name, hub }, node, look.seen);
  }
}
