import type { ResourceNode } from "../../dsl/items.ts";
import type { Declarations } from "./declared.ts";
import type { Problem } from "./problem.ts";
import type { Sh } from "../../shell/index.ts";

/** A check that is true or false whatever the host is like. */
const CONSTANT = /^(?:false|true|:|exit \d+|\[ (\S+) = \1 \])$/;

/** Tasks whose check looks at nothing. */
export function constantChecks(nodes: readonly ResourceNode[]): Problem[] {
  return nodes.flatMap(({ kind, args, source, id, restores }): Problem[] => {
    // What a rescue puts back has no check of its author's.
    if (kind.kind !== "task" || restores || source.line < 1) return [];
    let check: string;
    try {
      check = (args as { check: Sh }).check.render().trim();
    } catch {
      return []; // a late value, or a secret
    }
    if (!CONSTANT.test(check)) return [];
    const runs = /^(?:false|exit [1-9]\d*)$/.test(check);
    return [{ ...source, severity: "warning", rule: "constant-check", message: `the check of ${id} is \`${check}\`: it ${runs ? "runs every time, and can never be seen to have worked" : "never runs"}`, hint: "check for what the apply brings about" }];
  });
}

/** Handlers that nothing notifies or needs, on any system. Whoever declares more once a host has answered may notify them then. */
export function unusedHandlers({ nodes, handlers, open }: Declarations): Problem[] {
  const place = ({ file, line, column }: Problem | ResourceNode["source"]): string => `${file}:${line}:${column}`;
  const used = new Set(nodes.flatMap((node) => [...node.notify, ...node.needs.filter((need) => need.type === "handler")]).map(({ source }) => place(source)));
  return handlers
    .filter(({ source, role }) => source.line > 0 && !open.has(role) && !used.has(place(source)))
    .map(({ source, name }) => ({ ...source, severity: "warning", rule: "unused-handler", message: `nothing notifies the handler "${name}"`, hint: "name it in the `notify` of what it belongs to" }));
}
