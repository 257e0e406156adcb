import path from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError, type SourceLine } from "../errors/index.ts";
import type { Facts } from "../resources/facts.ts";
import { checkGate, type PlayGate } from "./play-gate.ts";
import { checkPrompts, type Prompt, type Prompts } from "./prompts.ts";
import type { HostView, PlayVars, Use } from "./role.ts";
import { callSite } from "./source.ts";
import type { Tasks } from "./tasks.ts";

/** Hosts that change at a time: a count, a percentage of the play's hosts (rounded down, at least 1), or a list for one batch after the other. */
export type Serial = number | `${number}%` | readonly (number | `${number}%`)[];

export interface PlaySpec {
  readonly name: string;
  /** An inventory pattern, e.g. `databases:!witness`. */
  readonly hosts: string;
  /** The pattern may select no host, as with a group that nobody is in yet: then the play has nothing to do, and a run warns of it. Default false: that is an error. A name that is unknown always is one. */
  readonly optional?: boolean;
  readonly roles?: readonly Use[];
  /** Resources of the play itself, after its roles. */
  readonly tasks?: (input: { readonly t: Tasks; readonly facts: Facts; readonly host: HostView }) => void;
  readonly tags?: readonly string[];
  /** Vars of roles for this play, stronger than the inventory's: `varsOf(role, …)`. */
  readonly vars?: readonly PlayVars[];
  /** Default: all hosts at once. */
  readonly serial?: Serial;
  /** One host that failed or could not be reached ends the run for all, after the script that they are in: `maxFailures: 0`. Default false. */
  readonly anyErrorsFatal?: boolean;
  /**
   * Hosts of the play that may fail or be unreachable: a count, or a share of all its hosts that the run is limited to, which is
   * not rounded. One more ends the run for all, after the script that they are in. Default: no limit.
   */
  readonly maxFailures?: number | `${number}%`;
  /**
   * Failed hosts, in percent of a serial batch, above which the run ends after that batch; not rounded. Default 100: never.
   * With a gate 0, unless `maxFailures` is given.
   */
  readonly maxFailPercentage?: number;
  /** What must hold after each batch; else the run ends there. Default: nothing is asked. */
  readonly gate?: PlayGate;
}

export interface Play extends PlaySpec {
  readonly roles: readonly Use[];
  readonly source: SourceLine;
}

/** From 0 to 100, else NaN. */
function percent(text: string): number {
  const value = Number(/^(\d+(?:\.\d+)?)%$/.exec(text)?.[1] ?? Number.NaN);
  return value <= 100 ? value : Number.NaN;
}

/** A group of hosts and the roles that they get. */
export function play(spec: PlaySpec): Play {
  const source = callSite();
  const limit = spec.maxFailPercentage;
  if (limit !== undefined && !(limit >= 0 && limit <= 100)) throw new UsageError(`play "${spec.name}": maxFailPercentage is a number from 0 to 100, not ${limit}`, { source });
  const most = spec.maxFailures;
  if (most !== undefined && !(typeof most === "number" ? Number.isInteger(most) && most >= 0 : percent(most) >= 0)) {
    throw new UsageError(`play "${spec.name}": maxFailures is a whole number of hosts or a percentage, not ${String(most)}`, { source, hint: 'for example 2, or "10%"' });
  }
  for (const [i, { role, source: at }] of (spec.vars ?? []).entries()) {
    if (spec.vars?.findIndex((other) => other.role.name === role.name) !== i) throw new UsageError(`play "${spec.name}" has vars of ${role.name} twice`, { source: at, hint: "put them into one varsOf" });
  }
  if (spec.gate) checkGate(spec.name, spec.gate, spec.roles ?? [], source);
  for (const step of spec.serial === undefined ? [] : [spec.serial].flat()) {
    const value = typeof step === "number" ? step : percent(step);
    if (!(value > 0) || (typeof step === "number" && !Number.isInteger(step))) throw new UsageError(`play "${spec.name}": serial is a whole number from 1 or a percentage, not ${String(step)}`, { source });
  }
  if (spec.hosts.trim() === "") throw new UsageError(`play "${spec.name}": hosts is empty`, { source, hint: 'name a group or "all"' });
  return { ...spec, roles: spec.roles ?? [], source };
}

/** What a playbook file exports as default. */
export interface Playbook {
  readonly name: string;
  readonly file: string;
  readonly plays: readonly Play[];
  readonly prompts: Prompts;
}

/** What a playbook has besides its plays. */
export interface PlaybookOptions {
  /** What is asked once, before any host is contacted, by the name of the variable that the answer becomes. `-e name=value` answers without asking. */
  readonly prompts?: Prompts;
}

/**
 * @param meta `import.meta` of the playbook's file.
 * @param plays In order; another playbook stands for its plays, and its prompts. A play of another playbook that was named before is
 * there once: two playbooks may both begin with what they need.
 */
export function playbook(meta: ImportMeta, plays: readonly (Play | Playbook)[], options: PlaybookOptions = {}): Playbook {
  const source = callSite();
  const file = fileURLToPath(meta.url);
  const flat = plays.reduce<readonly Play[]>((before, item) => [...before, ...("plays" in item ? item.plays.filter((each) => !before.includes(each)) : [item])], []);
  if (flat.length === 0) throw new UsageError(`the playbook ${path.basename(file)} has no plays`, { source });
  const prompts: Record<string, Prompt> = {};
  for (const own of [...plays.flatMap((item) => ("plays" in item ? [item.prompts] : [])), options.prompts ?? {}]) {
    for (const [name, prompt] of Object.entries(own)) {
      if (prompts[name] !== undefined && prompts[name] !== prompt) throw new UsageError(`the prompt ${name} is declared twice`, { source, hint: "share one, or give the second another name" });
      prompts[name] = prompt;
    }
  }
  checkPrompts(prompts, source);
  return { name: path.basename(file, path.extname(file)), file, plays: flat, prompts };
}
