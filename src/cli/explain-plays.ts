import type { Playbook } from "../dsl/play.ts";
import { expandUses, hostsOf, originOf, rawVars, type Origin } from "../engine/resolve.ts";
import { type SourceLine, UsageError } from "../errors/index.ts";
import { splitPath, type Inventory } from "../inventory/index.ts";

/** Where one play takes a role's var from. */
export interface ExplainedPlay extends SourceLine {
  readonly play: string;
  readonly from: Origin["from"];
  /** The value at the path. */
  readonly value: unknown;
  /** Whether there is anything at the path. */
  readonly present: boolean;
}

/**
 * What the plays of a playbook that work on a host say of a role's var, in their order.
 * @param path Begins with a role's name: `base.ntp[0]`.
 * @throws UsageError when none of them has the host and the role
 */
export function explainPlays(playbook: Playbook, inventory: Inventory, hostName: string, path: string): ExplainedPlay[] {
  const host = inventory.host(hostName);
  const [name = "", ...rest] = splitPath(path);
  const found = playbook.plays.flatMap((play): ExplainedPlay[] => {
    if (!hostsOf(play, inventory).includes(host)) return [];
    return expandUses(play.roles).filter(({ role }) => role.name === name).map((use) => {
      const origin = originOf(use, play, host, inventory);
      const { value, present } = at(rawVars(use, host, origin), rest);
      return { play: use.name === name ? play.name : `${play.name} (${use.name})`, from: origin.from, file: origin.source.file, line: origin.source.line, column: origin.source.column, value, present };
    });
  });
  if (found.length === 0) throw new UsageError(`no play of ${playbook.name} gives ${hostName} a role ${name}`, { hint: `roles: ${[...new Set(playbook.plays.flatMap((play) => expandUses(play.roles).map(({ role }) => role.name)))].join(", ") || "none"}` });
  return found;
}

function at(value: unknown, path: readonly string[]): { value: unknown; present: boolean } {
  let found = value;
  for (const part of path) {
    if (typeof found !== "object" || found === null || !(part in found)) return { value: undefined, present: false };
    found = (found as Record<string, unknown>)[part];
  }
  return { value: found, present: found !== undefined };
}
