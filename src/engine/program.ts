import type { BlockNode, GivenNode, HandlerNode, Item, OnceNode, OnNode, ResourceNode } from "../dsl/items.ts";
import { resourcesOf } from "../dsl/items.ts";

/** What a host does one after the other. Blocks without a lane or a before, rescue or always part are dissolved into it. */
export type Op =
  | { readonly type: "resource"; readonly node: ResourceNode }
  /** Runs those of the handlers that are pending. */
  | { readonly type: "handlers"; readonly handlers: readonly HandlerNode[] }
  | { readonly type: "given"; readonly node: GivenNode }
  | { readonly type: "block"; readonly node: BlockNode }
  /** Work on another host. */
  | { readonly type: "on"; readonly node: OnNode }
  /** Waits until another host has done what is done once, or says that this one has. */
  | { readonly type: "once"; readonly node: OnceNode };

/** The operations of a list of items; `handlers` are all that the items' roles declared. */
export function program(items: readonly Item[], handlers: readonly HandlerNode[]): Op[] {
  return items.flatMap((item): Op[] => {
    if (item.type === "resource") {
      const wanted = item.needs.filter((need): need is HandlerNode => need.type === "handler" && need.on === item.on);
      return [...(wanted.length > 0 ? [{ type: "handlers" as const, handlers: wanted }] : []), { type: "resource", node: item }];
    }
    if (item.type === "handler" || item.type === "kept") return [];
    if (item.type === "flush") return [{ type: "handlers", handlers: handlers.filter((handler) => handler.role === item.role) }];
    if (item.type === "on") return [{ type: "on", node: item }];
    if (item.type === "once") return [...program(item.items, handlers), { type: "once", node: item }];
    if (item.type === "given") return [{ type: "given", node: item }];
    if (item.lane || item.before.length > 0 || item.rescue.length > 0 || item.always.length > 0) return [{ type: "block", node: item }];
    return [...program(item.items, handlers), ...handlersNotifiedIn(item.items)];
  });
}

/** Handlers that were notified inside a block run at its end. */
export function handlersNotifiedIn(items: readonly Item[]): Op[] {
  const notified = [...new Set(resourcesOf(items).flatMap((node) => node.notify))];
  return notified.length > 0 ? [{ type: "handlers", handlers: notified }] : [];
}
