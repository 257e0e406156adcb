import type { z } from "zod";
import type { HostView, Role } from "../dsl/role.ts";
import type { InventoryHost } from "../inventory/index.ts";
import type { ResolvedPlay } from "./resolve.ts";

/** A host as roles and playbooks see it. */
export function hostView(host: InventoryHost): HostView {
  return {
    name: host.name,
    region: host.region,
    groups: host.groups,
    address: host.connection.address,
    inventory: host.vars,
    vars: <V extends z.ZodType>(role: Role<V>) => (host.vars[role.name] ?? {}) as z.input<V>,
    at: (...path) => host.at(path),
  };
}

/** The hosts that use a role in any of the plays, each once, in the order of the first play that has them. */
export function membersOf(name: string, plays: readonly ResolvedPlay[]): { readonly host: InventoryHost; readonly vars: unknown }[] {
  const found = new Map<string, { readonly host: InventoryHost; readonly vars: unknown }>();
  for (const play of plays) {
    for (const host of play.all) {
      const on = found.has(host.name) ? undefined : play.roles.get(host.name)?.find(({ use }) => use.name === name);
      if (on) found.set(host.name, { host, vars: on.vars });
    }
  }
  return [...found.values()];
}

/** The other hosts that use a role, as its `validate` and `listens` see them. */
export function peersOf(name: string, host: string, plays: readonly ResolvedPlay[]): { readonly host: HostView; readonly vars: unknown }[] {
  return membersOf(name, plays).flatMap((member) => (member.host.name === host ? [] : [{ host: hostView(member.host), vars: member.vars }]));
}
