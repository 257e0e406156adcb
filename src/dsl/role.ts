import path from "node:path";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { UsageError, type SourceLine } from "../errors/index.ts";
import type { Facts } from "../resources/facts.ts";
import type { Sh, Value } from "../shell/index.ts";
import type { DrillPlan } from "./drill-plan.ts";
import { callSite } from "./source.ts";
import type { Tasks } from "./tasks.ts";
import type { Verifier } from "./verifier.ts";

/** A host as roles and playbooks see it. */
export interface HostView {
  readonly name: string;
  /** '' when the inventory names none. */
  readonly region: string;
  readonly groups: readonly string[];
  /** The address that the controller connects to. */
  readonly address: string;
  /** All inventory vars. */
  readonly inventory: Readonly<Record<string, unknown>>;
  /** The inventory's vars for a role, as they stand there: a base to spread from in `use`. */
  vars<V extends z.ZodType>(role: Role<V>): z.input<V>;
  /** Where the inventory says it, or the nearest thing above it: `source` of an error. `at("ssh", "address")`. */
  at(...path: readonly (string | number)[]): SourceLine;
}

/** One host that uses a role, seen from another. */
export interface Member<V extends z.ZodType, E extends ExportSpecs> {
  readonly host: HostView;
  readonly vars: z.output<V>;
  readonly exports: { readonly [K in keyof E]: Value<z.output<E[K]>> };
}

/** A fact that only one role needs; its probe joins the facts request. */
export interface FactSpec<S extends z.ZodType = z.ZodType> {
  readonly probe: Sh;
  readonly schema: S;
}

export type FactSpecs = Readonly<Record<string, FactSpec>>;
export type ExportSpecs = Readonly<Record<string, z.ZodType>>;

/** @param schema Parses the probe's trimmed output; `z.coerce.number()` for a number. */
export function fact<S extends z.ZodType>(probe: Sh, schema: S): FactSpec<S> {
  return { probe, schema };
}

export interface RoleInput<V extends z.ZodType, F extends FactSpecs, E extends ExportSpecs> {
  readonly t: Tasks;
  readonly vars: z.output<V>;
  readonly facts: Facts & { readonly [K in keyof F]: z.output<F[K]["schema"]> };
  readonly host: HostView;
  /** All hosts that use this role in this playbook, in inventory order, whatever the run is limited to. */
  readonly members: readonly Member<V, E>[];
  /** `members` without this host. */
  readonly peers: readonly Member<V, E>[];
  /** A host's use of another role. */
  readonly from: <V2 extends z.ZodType, E2 extends ExportSpecs>(host: string, role: Role<V2, FactSpecs, E2>) => Member<V2, E2>;
}

export interface RoleSpec<V extends z.ZodType, F extends FactSpecs, E extends ExportSpecs> {
  /** Lower case words with dashes; the inventory key of the role's vars. */
  readonly name: string;
  /** One sentence for the reference page. */
  readonly summary: string;
  /** A strict object is best: it refuses misspelt vars. */
  readonly vars: V;
  readonly facts?: (input: { readonly vars: z.output<V> }) => F;
  /** Values that other hosts may take, each read from the host. */
  readonly exports?: E;
  /** Roles that a host needs before this one. Applied once per host. */
  readonly dependsOn?: readonly Use[];
  /**
   * What no schema can see: whether this host's vars fit the other hosts'. Called for every host before any is contacted.
   * Throws a UsageError, with `host.at(…)` as its source, for what cannot work.
   */
  validate?(input: ValidateInput<V>): void;
  /** The ports that its services take. Two services of one host that want the same are refused, over all plays, before any host is contacted. */
  listens?(input: ValidateInput<V>): readonly Listener[];
  /** Declares resources; must not touch anything itself. */
  tasks(input: RoleInput<V, F, E>): void;
  /** Says by what measured values one sees that the role works: `hawser verify`. */
  verify?(input: VerifyInput<V, F, E>): void;
  /** Says what `hawser drill` can break, watch and ask for on the host. Called before any host is contacted, so it has no facts. */
  drill?(input: DrillInput<V, E>): void;
}

/** What a role's `drill` is given. */
export interface DrillInput<V extends z.ZodType, E extends ExportSpecs> extends Omit<RoleInput<V, FactSpecs, E>, "t" | "from" | "facts"> {
  readonly d: DrillPlan;
}

/** What a role's `verify` is given. */
export interface VerifyInput<V extends z.ZodType, F extends FactSpecs, E extends ExportSpecs> extends Omit<RoleInput<V, F, E>, "t" | "from"> {
  readonly v: Verifier;
}

/** A port that a service of a role listens on. */
export interface Listener {
  /** From 1 to 65535. */
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  /** Default: every address of the host, as `0.0.0.0` is every one of IPv4. */
  readonly address?: string;
  /** What listens there, for the message: `clients`, `the public proxy`. */
  readonly what: string;
  /** The var that says it, for the line in the message: `["peer_port"]`. Default: the role's vars as a whole. */
  readonly var?: readonly (string | number)[];
}

/** What a role's `validate` and `listens` are given. */
export interface ValidateInput<V extends z.ZodType> {
  readonly vars: z.output<V>;
  readonly host: HostView;
  /** The other hosts that use the role in this playbook, in inventory order. */
  readonly peers: readonly { readonly host: HostView; readonly vars: z.output<V> }[];
}

export interface Role<V extends z.ZodType = z.ZodType, F extends FactSpecs = FactSpecs, E extends ExportSpecs = ExportSpecs> extends Omit<RoleSpec<V, F, E>, "tasks" | "verify" | "drill" | "facts" | "validate" | "listens"> {
  /** Where role.ts lies; templates are in its folder `templates`. */
  readonly folder: string;
  readonly exports: E;
  readonly facts?: (input: { readonly vars: never }) => F;
  /** Erased, as `tasks`: called by the engine with checked input. */
  readonly validate?: (input: never) => void;
  readonly listens?: (input: never) => readonly Listener[];
  readonly tasks: (input: never) => void;
  readonly verify?: (input: never) => void;
  readonly drill?: (input: never) => void;
}

/** @param meta `import.meta` of the role's file, by which templates are found. */
export function defineRole<V extends z.ZodType, F extends FactSpecs = Record<never, never>, E extends ExportSpecs = Record<never, never>>(meta: ImportMeta, spec: RoleSpec<V, F, E>): Role<V, F, E> {
  if (!/^[a-z][a-z0-9-]*$/.test(spec.name)) throw new UsageError(`a role's name is lower case words with dashes, not "${spec.name}"`, { source: callSite() });
  return { ...spec, exports: spec.exports ?? ({} as E), folder: path.dirname(fileURLToPath(meta.url)) };
}

/** How a use gets its vars: complete, from the inventory's key named like the role, or by a function of the host. */
export type VarsSource = { readonly from: "inventory" } | { readonly from: "value"; readonly value: unknown } | { readonly from: "function"; readonly value: (host: HostView) => unknown };

/** A role's vars for the hosts of one play. */
export interface PlayVars {
  readonly role: Role;
  readonly vars: Exclude<VarsSource, { readonly from: "inventory" }>;
  readonly source: SourceLine;
}

/**
 * A role's vars for one play: they take the place of the inventory's, as a whole, wherever the role is used without vars there, also by
 * a role that depends on it. Only extra variables (`-e`) are stronger. A function mixes both: `(host) => ({ ...host.vars(web), port: 81 })`.
 */
export function varsOf<V extends z.ZodType, F extends FactSpecs, E extends ExportSpecs>(role: Role<V, F, E>, vars: z.input<V> | ((host: HostView) => z.input<V>)): PlayVars {
  return { role, vars: typeof vars === "function" ? { from: "function", value: vars as (host: HostView) => unknown } : { from: "value", value: vars }, source: callSite() };
}

/** A role with its vars, as it stands in a play. */
export interface Use {
  readonly role: Role;
  /** The instance's name: the role's, or `role[as]`. */
  readonly name: string;
  readonly vars: VarsSource;
  readonly tags: readonly string[];
  readonly source: SourceLine;
}

export interface UseOptions {
  /** A name for a second use of one role on a host. */
  readonly as?: string;
  readonly tags?: readonly string[];
}

/**
 * Uses a role in a play. With `vars` the inventory is not asked; without, the inventory's key named like the role is taken;
 * a function mixes both, and its spread is the precedence.
 */
export function use<V extends z.ZodType, F extends FactSpecs, E extends ExportSpecs>(role: Role<V, F, E>, vars?: z.input<V> | ((host: HostView) => z.input<V>), options: UseOptions = {}): Use {
  const source: VarsSource = vars === undefined ? { from: "inventory" } : typeof vars === "function" ? { from: "function", value: vars as (host: HostView) => unknown } : { from: "value", value: vars };
  return { role: role, name: options.as === undefined ? role.name : `${role.name}[${options.as}]`, vars: source, tags: options.tags ?? [], source: callSite() };
}
