import type { z } from "zod";
import type { HostView, Role } from "../dsl/role.ts";
import { UsageError } from "../errors/index.ts";

/** Values that were templates, by their text: how each is made of a host's other variables. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Computed = Readonly<Record<string, (vars: Readonly<Record<string, any>>, host: HostView) => unknown>>;

/**
 * The vars of a role from the inventory's variables of the same names: in Ansible all roles of a host share one set. What a
 * play or another role gives is stronger than the inventory.
 * @param given Vars that do not come from the inventory.
 * @param computed Values that were templates, by their text: of plays, and of the inventory where it cannot fill them in itself (`!unsafe`).
 * @example use(web, ansible.vars(web, { http_port: 8080 }))
 * @throws UsageError for a value that is a template and not among `computed`.
 */
export function vars<V extends z.ZodType>(role: Role<V>, given: Readonly<Record<string, unknown>> = {}, computed: Computed = {}): (host: HostView) => z.input<V> {
  const names = Object.keys((role.vars as unknown as { readonly shape?: object }).shape ?? {});
  return (host) => {
    const all = resolved(host, given, computed);
    return Object.fromEntries(names.filter((name) => name in all).map((name) => [name, all[name]])) as z.input<V>;
  };
}

/** All variables of a host, in which templates are replaced when they are read. */
function resolved(host: HostView, given: Readonly<Record<string, unknown>>, computed: Computed): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  const open = new Set<string>();
  const fill = (value: unknown, name: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => fill(item, name));
    if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, name)]));
    if (typeof value !== "string" || !/\{\{|\{%/.test(value)) return value;
    const make = Object.hasOwn(computed, value) ? computed[value] : undefined;
    if (make === undefined) throw new UsageError(`the inventory's variable ${name} is a template that was not converted: ${value}`, { source: host.at(name), hint: "write its value, or add to computed.ts how it is made" });
    if (open.has(name)) throw new UsageError(`the variable ${name} is made of itself`, { source: host.at(name) });
    open.add(name);
    try {
      return make(all, host);
    } finally {
      open.delete(name);
    }
  };
  // Read when it is asked for: a variable that cannot be made is no error of roles that do not use it.
  for (const name of Object.keys(host.inventory)) Object.defineProperty(all, name, { enumerable: true, configurable: true, get: () => fill(host.inventory[name], name) });
  for (const [name, value] of Object.entries(given)) if (value !== undefined) Object.defineProperty(all, name, { enumerable: true, configurable: true, get: () => fill(value, name) });
  return all;
}

/** Stands for a value that the import could not work out: it fails when a role asks for it. */
export function unknown(why: string): never {
  throw new UsageError(`a variable was not converted: ${why}`, { hint: "write its value, or how it is made, in computed.ts" });
}
