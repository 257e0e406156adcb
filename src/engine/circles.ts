import type { Item, OnceNode, ResourceNode } from "../dsl/items.ts";
import { formatSource, UsageError } from "../errors/index.ts";
import type { Value } from "../shell/index.ts";
import type { ValueHub } from "./values.ts";

/** What may wait for a value, or bring one. */
type Ordered = ResourceNode | OnceNode;

interface HostItems {
  readonly host: string;
  readonly items: readonly Item[];
}

/**
 * Refuses hosts that wait for one another: a resource comes after the one declared before it and after the reads that its
 * values come from.
 * @throws UsageError naming two lines of the circle.
 */
export function refuseCircles(hosts: readonly HostItems[], hub: ValueHub): void {
  const producers = new Map<unknown, Ordered>();
  const before = new Map<Ordered, Ordered>();
  const nodes = hosts.flatMap(({ items }) => {
    const own = inOrder(items);
    own.forEach((node, i) => {
      const previous = own[i - 1];
      if (previous) before.set(node, previous);
      if (node.type === "once" && node.settle) producers.set(node.done.state, node);
      if (node.type === "resource" && node.produces) producers.set(node.produces.state, node);
    });
    return own;
  });
  const sources = (node: Ordered): Ordered[] => {
    const values: Value<unknown>[] = node.type === "once" ? (node.settle ? [] : [node.done]) : [...node.values, ...Object.values(node.uses)];
    return values.flatMap((value) => producers.get(hub.sourceOf(value).state) ?? []);
  };
  const state = new Map<Ordered, "open" | "closed">();
  for (const start of nodes) visit(start);

  function visit(start: Ordered): void {
    // Iterative: a play may declare thousands of resources one after the other.
    const stack: { node: Ordered; next: Ordered[] }[] = [];
    const enter = (node: Ordered) => {
      state.set(node, "open");
      const previous = before.get(node);
      stack.push({ node, next: [...sources(node), ...(previous ? [previous] : [])] });
    };
    if (!state.has(start)) enter(start);
    while (stack.length > 0) {
      const top = stack.at(-1) as { node: Ordered; next: Ordered[] };
      const next = top.next.shift();
      if (!next) {
        state.set(top.node, "closed");
        stack.pop();
      } else if (state.get(next) === "open") throw circle(next, stack.map(({ node }) => node));
      else if (!state.has(next)) enter(next);
    }
  }

  function circle(met: Ordered, path: readonly Ordered[]): UsageError {
    const round = path.slice(path.indexOf(met));
    const waiting = round.filter((node) => sources(node).length > 0);
    const [first = met, second = met] = waiting;
    return new UsageError(`hosts would wait for one another: ${waiting.map((node) => node.id).join(" -> ")}`, {
      source: first.source,
      hint: `${first.id} (${formatSource(first.source)}) and ${second.id} (${formatSource(second.source)}) each take a value that is read after the other`,
    });
  }
}

/** What is done once comes after what it consists of. */
function inOrder(items: readonly Item[]): Ordered[] {
  return items.flatMap((item) => {
    if (item.type === "resource") return [item];
    if (item.type === "block") return inOrder([...item.before, ...item.items, ...item.always]);
    if (item.type === "on") return inOrder(item.items);
    return item.type === "once" ? [...inOrder(item.items), item] : [];
  });
}
