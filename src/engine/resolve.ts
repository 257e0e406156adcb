import type { Play, Playbook } from "../dsl/play.ts";
import type { Use, VarsSource } from "../dsl/role.ts";
import { complaints, type Complaint } from "../dsl/complaints.ts";
import { thrownAt } from "../dsl/source.ts";
import { HawserError, type SourceLine, UsageError } from "../errors/index.ts";
import { type Inventory, type InventoryHost, PatternError } from "../inventory/index.ts";
import { readyArtifacts } from "./artifacts.ts";
import { declaring } from "./declaring.ts";
import { refuseClashes } from "./listens.ts";
import { hostView, peersOf } from "./members.ts";

/** A role on one host, with its vars checked. */
export interface RoleOnHost {
  readonly use: Use;
  readonly vars: unknown;
  /** Where a var is said, or the nearest thing above it. */
  readonly at: (path: readonly (string | number)[]) => SourceLine;
}

/** A play with its hosts and every host's roles, dependencies first. */
export interface ResolvedPlay {
  readonly play: Play;
  /** Hosts that this run changes, in inventory order. */
  readonly hosts: readonly InventoryHost[];
  /** Every host of the play, also those that the run is not limited to. */
  readonly all: readonly InventoryHost[];
  readonly roles: ReadonlyMap<string, readonly RoleOnHost[]>;
}

/** One wrong var. */
export interface VarProblem extends SourceLine {
  readonly message: string;
  readonly hint?: string;
}

/** Vars that do not fit their roles; found before any host is touched. */
export class VarsError extends UsageError {
  override readonly name = "VarsError";
  readonly problems: readonly VarProblem[];

  constructor(problems: readonly VarProblem[]) {
    super(problems.length === 1 ? "a var does not fit its role" : `${problems.length} vars do not fit their roles`);
    this.problems = problems;
  }
}

/** A play's uses with the roles that they depend on before them, each once. */
export function expandUses(uses: readonly Use[]): Use[] {
  const found: Use[] = [];
  const visit = (use: Use, path: readonly string[]): void => {
    if (path.includes(use.name)) throw new UsageError(`roles depend on each other in a circle: ${[...path, use.name].join(" -> ")}`, { source: use.source });
    for (const needed of use.role.dependsOn ?? []) visit(needed, [...path, use.name]);
    const same = found.find((other) => other.name === use.name);
    if (!same) found.push(use);
    else if (path.length === 0 && uses.filter((other) => other.name === use.name).length > 1) throw new UsageError(`the role ${use.name} is used twice in one play`, { source: use.source, hint: "name the second use: use(role, vars, { as: \"second\" })" });
  };
  for (const use of uses) visit(use, []);
  return found;
}

/** The hosts that a play's pattern selects. @throws UsageError that points at the play. */
export function hostsOf(play: Play, inventory: Inventory): readonly InventoryHost[] {
  try {
    return inventory.select(play.hosts);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    if (error.kind === "empty" && play.optional === true) return [];
    const { hint, message } = error;
    const what = hint === undefined ? message : message.slice(0, -hint.length - 2);
    throw new UsageError(`play "${play.name}": ${what}`, { cause: error, source: play.source, ...(hint !== undefined && { hint }) });
  }
}

/** Where a use's vars on a host come from. */
export interface Origin {
  readonly from: "use" | "play" | "inventory";
  /** The line of the playbook or role that says it. */
  readonly source: SourceLine;
  readonly vars: VarsSource;
}

/** A use's own vars, then extra variables, then the play's, then the inventory's. */
export function originOf(use: Use, play: Pick<Play, "vars">, host: InventoryHost, inventory: Pick<Inventory, "explain">): Origin {
  if (use.vars.from !== "inventory") return { from: "use", source: use.source, vars: use.vars };
  const own = play.vars?.find(({ role }) => role.name === use.role.name);
  if (!own || isExtra(inventory, host.name, use.role.name)) return { from: "inventory", source: use.source, vars: use.vars };
  return { from: "play", source: own.source, vars: own.vars };
}

/** Whether the command line says it. */
export function isExtra(inventory: Pick<Inventory, "explain">, host: string, name: string): boolean {
  return inventory.explain(host, [name]).findLast(({ wins }) => wins)?.layer.startsWith("-e ") ?? false;
}

export function rawVars(use: Use, host: InventoryHost, { vars, source }: Origin): unknown {
  if (vars.from === "value") return vars.value;
  if (vars.from === "inventory") return host.vars[use.role.name] ?? {};
  try {
    return vars.value(hostView(host));
  } catch (error) {
    if (error instanceof HawserError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`the vars of ${use.name} for ${host.name} could not be made: ${why}`, { cause: error, source: thrownAt(error) ?? source });
  }
}

/** @throws UsageError for vars of a role that the play has not */
function refuseUnused(play: Play, uses: readonly Use[]): void {
  for (const { role, source } of play.vars ?? []) {
    if (uses.some((use) => use.role.name === role.name && use.vars.from === "inventory")) continue;
    const complete = uses.find((use) => use.role.name === role.name);
    throw new UsageError(`play "${play.name}" has vars of ${role.name}, which ${complete ? "has complete vars where it is used" : "it does not use"}`, { source, hint: complete ? `use(${role.name}) without vars takes them` : `its roles: ${[...new Set(uses.map((use) => use.role.name))].join(", ") || "none"}` });
  }
}

/** Asks the play's roles whether their hosts' vars fit one another. @throws UsageError of the first that do not */
export function validate(play: ResolvedPlay, all: readonly ResolvedPlay[]): void {
  for (const host of play.all) {
    for (const { use, vars } of play.roles.get(host.name) ?? []) {
      if (!use.role.validate) continue;
      declaring(use.name, use.source, () => use.role.validate?.({ vars, host: hostView(host), peers: peersOf(use.name, host.name, all) } as never));
    }
  }
}

/** What is done besides finding out who gets what. */
export interface ResolveOptions {
  /** Compare the artifacts' files on the controller with their sha256, and take those of its cache. Default true. */
  readonly artifacts?: boolean;
}

/** @throws VarsError naming each wrong var of each host with the line that holds it; UsageError for hosts and roles that do not fit one another. */
export function resolvePlays(playbook: Playbook, inventory: Inventory, limit: string | undefined, { artifacts = true }: ResolveOptions = {}): ResolvedPlay[] {
  const problems = new Map<string, VarProblem>();
  const limited = limit === undefined ? undefined : new Set(inventory.select(limit).map((host) => host.name));
  const resolved = playbook.plays.map((play): ResolvedPlay => {
    const chosen = new Set(hostsOf(play, inventory).map((host) => host.name));
    const all = inventory.hosts.filter((host) => chosen.has(host.name));
    const uses = expandUses(play.roles);
    refuseUnused(play, uses);
    const roles = new Map<string, RoleOnHost[]>();
    for (const host of all) {
      roles.set(host.name, uses.map((use) => {
        const origin = originOf(use, play, host, inventory);
        const place = (path: readonly (string | number)[]): SourceLine => {
          // What the inventory does not say at all cannot be pointed at there.
          const inYaml = String(path[0]) in host.vars && (origin.vars.from !== "value" || path[0] !== use.role.name);
          return inYaml ? inventory.locate(host.name, path) ?? origin.source : origin.source;
        };
        const { vars, complaints: found } = checkedVars(use, host, origin, inventory, artifacts);
        for (const { path, message, hint } of found) {
          const at = place(path);
          const key = `${at.file}:${at.line}:${at.column}:${message}`;
          problems.set(key, { file: at.file, line: at.line, column: at.column, message: problems.has(key) ? message : `${message} (host ${host.name})`, ...(hint !== undefined && { hint }) });
        }
        return { use, vars, at: (path) => place([use.role.name, ...path]) };
      }));
    }
    return { play, all, hosts: limited ? all.filter((host) => limited.has(host.name)) : all, roles };
  });
  if (problems.size > 0) throw new VarsError([...problems.values()]);
  for (const play of resolved) validate(play, resolved);
  refuseClashes(resolved);
  if (resolved.every((play) => play.all.length === 0)) throw new UsageError(`no play of ${playbook.name} has a host`, { hint: `its plays are for ${groupsOf(playbook)}` });
  if (limited && resolved.every((play) => play.hosts.length === 0)) {
    throw new UsageError(`--limit ${limit} leaves no host of this playbook`, { hint: `its plays are for ${groupsOf(playbook)}` });
  }
  return resolved;
}

const groupsOf = (playbook: Playbook): string => [...new Set(playbook.plays.map((play) => play.hosts))].join(", ");

/** A role's vars on a host, and what is wrong with them; paths begin with the name of a host var. */
function checkedVars(use: Use, host: InventoryHost, origin: Origin, inventory: Inventory, artifacts: boolean): { readonly vars: unknown; readonly complaints: readonly Complaint[] } {
  const role = use.role.name;
  const raw = rawVars(use, host, origin);
  const parsed = use.role.vars.safeParse(raw);
  if (parsed.success) return { vars: parsed.data, complaints: readyArtifacts({ vars: parsed.data, role, host, inventory, source: origin.source }, artifacts) };
  const found = complaints(parsed.error, use.role.vars, raw).map(({ path, message, hint }) => ({ path: [role, ...path], message: `${[role, ...path].join(".")}: ${message}`, ...(hint !== undefined && { hint }) }));
  return { vars: undefined, complaints: found };
}
