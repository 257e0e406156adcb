import path from "node:path";
import type { z } from "zod";
import type { HostLedger } from "../dsl/declarations.ts";
import { DrillPlan } from "../dsl/drill-plan.ts";
import type { HandlerNode, Item, ResourceNode } from "../dsl/items.ts";
import type { FactSpec, Member, Role, Use } from "../dsl/role.ts";
import { Tasks } from "../dsl/tasks.ts";
import { Verifier, type Warning } from "../dsl/verifier.ts";
import { type SourceLine, UsageError } from "../errors/index.ts";
import type { InventoryHost } from "../inventory/index.ts";
import type { Observed } from "../resources/contract.ts";
import type { Facts } from "../resources/facts.ts";
import type { Value } from "../shell/index.ts";
import { declaring } from "./declaring.ts";
import { hostView, membersOf } from "./members.ts";
import type { ResolvedPlay, RoleOnHost } from "./resolve.ts";
import type { ValueHub } from "./values.ts";

/** Facts of one role on one host, in the order in which their probes were sent. */
export interface RoleFact {
  readonly role: string;
  readonly name: string;
  readonly spec: FactSpec;
  readonly source: SourceLine;
}

/** What a host was told in one play. */
export interface Declared {
  readonly items: readonly Item[];
  readonly handlers: readonly HandlerNode[];
  readonly ids: ReadonlyMap<string, ResourceNode | HandlerNode>;
  readonly warnings: readonly Warning[];
}

export function roleFacts(roles: readonly RoleOnHost[]): RoleFact[] {
  return roles.flatMap(({ use, vars }) => Object.entries(use.role.facts?.({ vars: vars as never }) ?? {}).map(([name, spec]) => ({ role: use.name, name, spec, source: use.source })));
}

/** @throws UsageError when a probe printed something that the fact's schema refuses. */
export function parseRoleFact(fact: RoleFact, seen: Observed, host: string): unknown {
  const parsed = fact.spec.schema.safeParse(seen.out.trim());
  if (parsed.success) return parsed.data;
  throw new UsageError(`the fact ${fact.role}.${fact.name} of ${host} is not what its schema says: ${parsed.error.issues[0]?.message ?? ""} (the probe printed ${JSON.stringify(seen.out.trim().slice(0, 80))})`, { source: fact.source, stderr: seen.err });
}

export interface DeclareInput {
  readonly resolved: ResolvedPlay;
  readonly all: readonly ResolvedPlay[];
  readonly host: InventoryHost;
  readonly facts: Facts;
  readonly roleFacts: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly hub: ValueHub;
  /** Another host that resources act on, with its facts. @throws TargetNeeded when they are not known yet */
  readonly target: (name: string, source: SourceLine) => { readonly host: InventoryHost; readonly facts: Facts };
  /** Who does what is done once for the play, or for this host's batch. Default: this host. */
  readonly firstOf?: (per: "play" | "batch") => string;
}

/** Runs the roles' declarations for one host. Touches nothing. */
export function declare(input: DeclareInput): Declared {
  const { resolved, host, facts, hub } = input;
  const ledger: HostLedger = {
    host: host.name,
    target: (name, source) => {
      const there = input.target(name, source);
      return { facts: there.facts, host: hostView(there.host) };
    },
    once: (per, role, name) => {
      const first = input.firstOf?.(per) ?? host.name;
      const key = `once ${resolved.play.name} ${per === "batch" ? first : ""} ${name}`;
      return { first: first === host.name, key, value: (part) => hub.exported(first, role, `${key} ${part}`) };
    },
    facts,
    ids: new Map<string, ResourceNode | HandlerNode>(),
    claims: new Map(),
    export: (role: string, name: string, value: Value<unknown>) => hub.publish(host.name, role, name, value),
    warnings: [] as Warning[],
  };
  const items: Item[] = [];
  for (const { use, vars } of resolved.roles.get(host.name) ?? []) {
    const t = new Tasks({ role: use.name, folder: use.role.folder, exports: use.role.exports, tags: new Set([...(resolved.play.tags ?? []), ...use.tags]), ledger });
    declaring(use.name, use.source, () => use.role.tasks(Object.assign(roleInput(use, vars, input), { t }) as never));
    items.push(...t.items);
  }
  if (resolved.play.tasks) {
    const { play } = resolved;
    const t = new Tasks({ role: "play", folder: path.dirname(play.source.file), exports: {}, tags: new Set(resolved.play.tags ?? []), ledger });
    declaring(`play "${play.name}"`, play.source, () => play.tasks?.({ t, facts, host: hostView(host) }));
    items.push(...t.items);
  }
  return { items, ids: ledger.ids, handlers: [...ledger.ids.values()].filter((node): node is HandlerNode => node.type === "handler" && node.on === undefined), warnings: ledger.warnings };
}

/** What the roles of one host assert. Touches nothing. */
export function declareAssertions(input: Omit<DeclareInput, "target">): Verifier[] {
  return (input.resolved.roles.get(input.host.name) ?? []).flatMap(({ use, vars }) => {
    if (!use.role.verify) return [];
    const v = new Verifier(use.name);
    declaring(use.name, use.source, () => use.role.verify?.(Object.assign(roleInput(use, vars, input), { v }) as never));
    return [v];
  });
}

/** What the roles of one host tell a drill. Touches nothing, and needs nothing of the host. */
export function declareDrills({ all, host, hub }: Pick<DeclareInput, "all" | "host" | "hub">): DrillPlan[] {
  const seen = new Set<string>();
  const roles = all.flatMap((resolved) => resolved.roles.get(host.name) ?? []).filter(({ use }) => use.role.drill && !seen.has(use.name) && seen.add(use.name));
  return roles.map(({ use, vars }) => {
    const d = new DrillPlan(use.name);
    declaring(use.name, use.source, () => use.role.drill?.(Object.assign(roleInput(use, vars, { all, host, hub }), { d }) as never));
    return d;
  });
}

/** What a role is called with, whatever it is called for. */
function roleInput(use: Use, vars: unknown, { all, host, facts, roleFacts: extra, hub }: Pick<DeclareInput, "all" | "host" | "hub"> & Partial<DeclareInput>): object {
  let made: readonly AnyMember[] | undefined;
  // Made when a role asks for them: for every host of a large fleet a list of all hosts is a lot.
  const members = () => (made ??= membersOf(use.name, all).map((member) => memberOf(member, use.name, use.role, hub)));
  return {
    vars,
    facts: { ...facts, ...extra?.get(use.name) },
    host: hostView(host),
    get members() {
      return members();
    },
    get peers() {
      return members().filter((member) => member.host.name !== host.name);
    },
    from: (name: string, role: Role) => {
      const found = membersOf(role.name, all).find((member) => member.host.name === name);
      if (!found) throw new UsageError(`${use.name} asks for ${role.name} on ${name}, which does not use it`, { source: use.source });
      return memberOf(found, role.name, role, hub);
    },
  };
}

type AnyMember = Member<z.ZodType, Record<string, z.ZodType>>;

/** A host's use of a role, with what it exports. */
function memberOf({ host, vars }: { readonly host: InventoryHost; readonly vars: unknown }, name: string, role: Role, hub: ValueHub): AnyMember {
  return { host: hostView(host), vars, exports: Object.fromEntries(Object.keys(role.exports).map((key) => [key, hub.exported(host.name, name, key)])) };
}
