import { UsageError } from "../errors/index.ts";
import type { ConfigLine } from "./ssh-config.ts";
import { localUser } from "./target.ts";

/** What is known of a host while its configuration is being read. */
export interface Matched {
  /** As it would be given to ssh. */
  readonly name: string;
  /** As HostName has it so far. */
  readonly hostName: string;
  readonly user: string;
  /** Whether this is the second reading, which `Match final` asks for. */
  readonly final: boolean;
}

/** Host: one of the patterns applies and none of the negated ones; ssh_config(5), PATTERNS. */
export function hostMatches(patterns: readonly string[], name: string): boolean {
  let found = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith("!");
    if (!wildcard(negated ? pattern.slice(1) : pattern).test(name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

/** Match: every criterion applies. @throws UsageError for a criterion that is not supported and decides */
export function matchApplies(line: ConfigLine, host: Matched): boolean {
  const unknown: string[] = [];
  for (let i = 0; i < line.words.length; i += 1) {
    const word = line.words[i]?.toLowerCase() ?? "";
    const negated = word.startsWith("!");
    const criterion = negated ? word.slice(1) : word;
    if (criterion === "all" || criterion === "final" || criterion === "canonical") {
      // Names are never made canonical here, but the second reading counts as if they were.
      const applies = criterion === "all" || host.final;
      if (applies === negated) return false;
      continue;
    }
    const value = line.words[(i += 1)];
    if (value === undefined) throw new UsageError(`${line.at}: nothing follows ${criterion}`);
    const of: Record<string, () => boolean> = {
      host: () => hostMatches(value.toLowerCase().split(","), host.hostName.toLowerCase()),
      originalhost: () => hostMatches(value.toLowerCase().split(","), host.name.toLowerCase()),
      user: () => hostMatches(value.split(","), host.user),
      localuser: () => hostMatches(value.split(","), localUser()),
    };
    const applies = of[criterion];
    if (!applies) unknown.push(criterion);
    else if (applies() === negated) return false;
  }
  if (unknown.length > 0) throw new UsageError(`${line.at}: Match ${unknown[0]} is not supported, and decides about ${host.name}`, { hint: "set the host's connection in the inventory, or `ssh: { config: false }`" });
  return true;
}

/** Whether a configuration asks for the second reading. */
export function wantsFinal(lines: readonly ConfigLine[]): boolean {
  return lines.some((line) => (line.keyword === "match" && line.words.some((word) => /^!?final$/i.test(word))) || wantsFinal(line.inside));
}

function wildcard(pattern: string): RegExp {
  return new RegExp(`^${pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`);
}
