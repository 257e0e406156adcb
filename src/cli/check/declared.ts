import type { HandlerNode, Item, ResourceNode } from "../../dsl/items.ts";
import { declare, roleFacts, type Declared } from "../../engine/declare.ts";
import type { ResolvedPlay } from "../../engine/resolve.ts";
import { ValueHub } from "../../engine/values.ts";
import type { InventoryHost } from "../../inventory/index.ts";
import { recorded, RECORDED_NAMES } from "../../resources/recorded.ts";
import type { Facts } from "../../resources/facts.ts";
import type { Sealed } from "./sealed.ts";

/** Everything that plays declare, on hosts that look like each of the usual systems. */
export interface Declarations {
  readonly nodes: readonly ResourceNode[];
  readonly handlers: readonly HandlerNode[];
  /** Roles that declare more once a value of the host is known. */
  readonly open: ReadonlySet<string>;
  /** What roles threw on every system, with the play that it was thrown in. */
  readonly errors: readonly { readonly error: unknown; readonly play: ResolvedPlay }[];
}

/**
 * @param sealed Told of declarations that stopped at a secret.
 * @param sample One host of each play, and one system of each family, for whoever waits for the answer. Default false: all.
 */
export function declareEverywhere(plays: readonly ResolvedPlay[], hosts: readonly InventoryHost[], sealed: Sealed, sample = false): Declarations {
  const [nodes, handlers, open, errors] = [new Set<ResourceNode>(), new Set<HandlerNode>(), new Set<string>(), [] as { error: unknown; play: ResolvedPlay }[]];
  for (const play of plays) {
    for (const host of sample ? play.all.slice(0, 1) : play.all) {
      let [thrown, worked]: [unknown, boolean] = [undefined, false];
      for (const system of sample ? SAMPLE : RECORDED_NAMES) {
        try {
          const { items, handlers: own } = declareOn(play, plays, host, recorded(system), hosts);
          worked = true;
          walk(items, (node) => void nodes.add(node), (role) => void open.add(role));
          for (const handler of own) handlers.add(handler);
        } catch (error) {
          thrown ??= error;
        }
      }
      // One that supports some systems refuses the others.
      if (!worked && !sealed.isBehind(thrown)) errors.push({ error: thrown, play });
    }
  }
  return { nodes: [...nodes], handlers: [...handlers], open, errors };
}

function declareOn(resolved: ResolvedPlay, all: readonly ResolvedPlay[], host: InventoryHost, facts: Facts, hosts: readonly InventoryHost[]): Declared {
  const own = new Map<string, Record<string, unknown>>();
  for (const { role, name, spec } of roleFacts(resolved.roles.get(host.name) ?? [])) {
    const sample = SAMPLES.map((text) => spec.schema.safeParse(text)).find(({ success }) => success);
    own.set(role, { ...own.get(role), [name]: sample?.data });
  }
  return declare({ resolved, all, host, facts, roleFacts: own, hub: new ValueHub(), target: (name) => ({ host: hosts.find((each) => each.name === name) ?? host, facts }) });
}

/** A system of each family. */
const SAMPLE = ["debian-12", "el-9"] as const;

/** What a role's own probe might print; the first that the fact's schema takes stands for it. */
const SAMPLES = ["", "0", "1", "true", "{}", "[]", "x"];

function walk(items: readonly Item[], onNode: (node: ResourceNode) => void, onOpen: (role: string) => void): void {
  for (const item of items) {
    if (item.type === "resource") onNode(item);
    else if (item.type === "given") onOpen(item.role);
    else if (item.type === "block") for (const part of [item.before, item.items, item.rescue, item.always]) walk(part, onNode, onOpen);
    else if (item.type === "on" || item.type === "once") walk(item.items, onNode, onOpen);
  }
}
