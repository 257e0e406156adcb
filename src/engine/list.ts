import type { Playbook } from "../dsl/play.ts";
import { HostRun } from "./host-run.ts";
import { Redactor } from "./redactor.ts";
import { resolvePlays } from "./resolve.ts";
import { declareAll } from "./declare-all.ts";
import type { RunOptions } from "./run-options.ts";
import { checkRoles, checkSelection, selectNodes } from "./selection.ts";

export type Listing = "hosts" | "tasks" | "tags";

/** What a run would be about, as text, without looking at more than the facts. */
export async function listPlaybook(playbook: Playbook, options: RunOptions, listing: Listing): Promise<string> {
  const plays = resolvePlays(playbook, options.inventory, options.limit);
  const roles = [...new Set(plays.flatMap((play) => [...play.roles.values()].flat().map(({ use }) => use.name)))];
  checkRoles(options.selection ?? {}, roles);
  if (listing === "hosts") return plays.map((play) => `${play.play.name}\n${play.hosts.map((host) => `  ${host.name}\n`).join("")}`).join("");
  const runs = new Map<string, HostRun>();
  try {
    for (const host of options.inventory.hosts) {
      const mine = plays.filter((play) => play.hosts.includes(host));
      if (mine.length === 0) continue;
      const run = new HostRun(host, { connect: options.connect, redactor: new Redactor(), emit: () => {}, check: true, lockTimeout: 0, probeTimeout: options.probeTimeout ?? 30, note: "", run: "list" });
      runs.set(host.name, run);
      await run.prepare(mine.flatMap((play) => play.roles.get(host.name) ?? []), { readOnly: true });
    }
    const nodes = declareAll(plays, runs, options.inventory).byPlay.flat();
    checkSelection(options.selection ?? {}, nodes, roles);
    if (listing === "tags") return [...new Set(nodes.flatMap((node) => [...node.tags]))].sort().map((tag) => `${tag}\n`).join("");
    const lines: string[] = [];
    for (const play of plays) {
      for (const host of play.hosts) {
        const own = declareAll(plays.map((other) => ({ ...other, hosts: other === play ? [host] : [] })), runs, options.inventory).byPlay.flat();
        const skips = selectNodes(options.selection ?? {}, own);
        lines.push(`${play.play.name} on ${host.name}`);
        for (const node of own) {
          const skipped = skips(node);
          if (skipped === undefined) lines.push(`  ${node.id}${node.tags.size > 0 ? `  [${[...node.tags].join(", ")}]` : ""}`);
        }
      }
    }
    return `${lines.join("\n")}\n`;
  } finally {
    await Promise.all([...runs.values()].map((run) => run.close()));
  }
}
