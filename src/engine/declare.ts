import path from "node:path";
import type { z } from "zod";
import type { HandlerNode, Item, ResourceNode } from "../dsl/items.ts";
import type { FactSpec, Member, Role } from "../dsl/role.ts";
import { Tasks } from "../dsl/tasks.ts";
import { thrownAt } from "../dsl/source.ts";
import { HawserError, type SourceLine, UsageError } from "../errors/index.ts";
import type { InventoryHost } from "../inventory/index.ts";
import type { Observed } from "../resources/contract.ts";
import type { Facts } from "../resources/facts.ts";
import { type Value, ValuePending } from "../shell/index.ts";
import { hostView, type ResolvedPlay, type RoleOnHost } from "./resolve.ts";
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
}

/** Runs the roles' declarations for one host. Touches nothing. */
export function declare({ resolved, all, host, facts, roleFacts: extra, hub }: DeclareInput): Declared {
  const ledger = { facts, ids: new Map<string, ResourceNode | HandlerNode>(), claims: new Map(), export: (role: string, name: string, value: Value<unknown>) => hub.publish(host.name, role, name, value) };
  const items: Item[] = [];
  for (const { use, vars } of resolved.roles.get(host.name) ?? []) {
    const t = new Tasks({ role: use.name, folder: use.role.folder, exports: use.role.exports, tags: new Set([...(resolved.play.tags ?? []), ...use.tags]), ledger });
    const view = hostView(host);
    let made: readonly AnyMember[] | undefined;
    // Made when a role asks for them: for every host of a large fleet a list of all hosts is a lot.
    const members = () => (made ??= membersOf(use.name, use.role, all, hub));
    declaring(use.name, use.source, () => use.role.tasks({
      t,
      vars,
      facts: { ...facts, ...extra.get(use.name) },
      host: view,
      get members() {
        return members();
      },
      get peers() {
        return members().filter((member) => member.host.name !== host.name);
      },
      from: (name: string, role: Role) => {
        const found = all.flatMap((play) => play.all.flatMap((each) => (each.name === name ? memberIn(play, each, role.name, role, hub) ?? [] : []))).at(0);
        if (!found) throw new UsageError(`${use.name} asks for ${role.name} on ${name}, which does not use it`, { source: use.source });
        return found;
      },
    } as never));
    items.push(...t.items);
  }
  if (resolved.play.tasks) {
    const { play } = resolved;
    const t = new Tasks({ role: "play", folder: path.dirname(play.source.file), exports: {}, tags: new Set(resolved.play.tags ?? []), ledger });
    declaring(`play "${play.name}"`, play.source, () => play.tasks?.({ t, facts, host: hostView(host) }));
    items.push(...t.items);
  }
  return { items, ids: ledger.ids, handlers: [...ledger.ids.values()].filter((node): node is HandlerNode => node.type === "handler") };
}

/** Runs an author's code. @throws UsageError that points at the author's line, whatever was thrown there. */
export function declaring<T>(what: string, fallback: SourceLine, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof HawserError) throw error;
    const hint = error instanceof ValuePending ? "use it in an argument, by its map(), or declare inside t.given(…)" : undefined;
    throw new UsageError(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error, source: thrownAt(error) ?? fallback, ...(hint !== undefined && { hint }) });
  }
}

type AnyMember = Member<z.ZodType, Record<string, z.ZodType>>;

function membersOf(name: string, role: Role, all: readonly ResolvedPlay[], hub: ValueHub): AnyMember[] {
  const found = new Map<string, AnyMember>();
  for (const play of all) {
    for (const host of play.all) {
      const member = found.has(host.name) ? undefined : memberIn(play, host, name, role, hub);
      if (member) found.set(host.name, member);
    }
  }
  return [...found.values()];
}

/** A host's use of a role in a play. */
function memberIn(play: ResolvedPlay, host: InventoryHost, name: string, role: Role, hub: ValueHub): AnyMember | undefined {
  const on = play.roles.get(host.name)?.find(({ use }) => use.name === name);
  if (!on) return undefined;
  const exports = Object.fromEntries(Object.keys(role.exports).map((key) => [key, hub.exported(host.name, name, key)]));
  return { host: hostView(host), vars: on.vars, exports };
}
