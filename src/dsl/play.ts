import path from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError, type SourceLine } from "../errors/index.ts";
import type { Facts } from "../resources/facts.ts";
import type { HostView, Use } from "./role.ts";
import { callSite } from "./source.ts";
import type { Tasks } from "./tasks.ts";

/** Hosts that change at a time: a count, a percentage of the play's hosts (rounded down, at least 1), or a list for one batch after the other. */
export type Serial = number | `${number}%` | readonly (number | `${number}%`)[];

export interface PlaySpec {
  readonly name: string;
  /** An inventory pattern, e.g. `databases:!witness`. */
  readonly hosts: string;
  readonly roles?: readonly Use[];
  /** Resources of the play itself, after its roles. */
  readonly tasks?: (input: { readonly t: Tasks; readonly facts: Facts; readonly host: HostView }) => void;
  readonly tags?: readonly string[];
  /** Default: all hosts at once. */
  readonly serial?: Serial;
  /** One failed host ends the play for all, after the batch that they are in. Default false. */
  readonly anyErrorsFatal?: boolean;
  /** Failed hosts, in percent of a serial batch, above which the run ends after that batch. Default 100: never. */
  readonly maxFailPercentage?: number;
}

export interface Play extends PlaySpec {
  readonly roles: readonly Use[];
  readonly source: SourceLine;
}

/** A group of hosts and the roles that they get. */
export function play(spec: PlaySpec): Play {
  const source = callSite();
  const limit = spec.maxFailPercentage;
  if (limit !== undefined && !(limit >= 0 && limit <= 100)) throw new UsageError(`play "${spec.name}": maxFailPercentage is a number from 0 to 100, not ${limit}`, { source });
  for (const step of spec.serial === undefined ? [] : [spec.serial].flat()) {
    const value = typeof step === "number" ? step : Number(/^(\d+(?:\.\d+)?)%$/.exec(step)?.[1] ?? Number.NaN);
    if (!(value > 0) || (typeof step === "number" && !Number.isInteger(step)) || (typeof step === "string" && value > 100)) throw new UsageError(`play "${spec.name}": serial is a whole number from 1 or a percentage, not ${String(step)}`, { source });
  }
  if (spec.hosts.trim() === "") throw new UsageError(`play "${spec.name}": hosts is empty`, { source, hint: 'name a group or "all"' });
  return { ...spec, roles: spec.roles ?? [], source };
}

/** What a playbook file exports as default. */
export interface Playbook {
  readonly name: string;
  readonly file: string;
  readonly plays: readonly Play[];
}

/**
 * @param meta `import.meta` of the playbook's file.
 * @param plays In order; another playbook stands for all its plays.
 */
export function playbook(meta: ImportMeta, plays: readonly (Play | Playbook)[]): Playbook {
  const file = fileURLToPath(meta.url);
  const flat = plays.flatMap((item) => ("plays" in item ? item.plays : [item]));
  if (flat.length === 0) throw new UsageError(`the playbook ${path.basename(file)} has no plays`, { source: callSite() });
  return { name: path.basename(file, path.extname(file)), file, plays: flat };
}
