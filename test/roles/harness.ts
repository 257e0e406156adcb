import assert from "node:assert/strict";
import type { z } from "zod";
import { gatewaySchema, type Gateway } from "../../roles/gre/gateway.ts";
import { Verifier, type Measured } from "../../src/dsl/verifier.ts";
import type { HostView, PlannedResource } from "../../src/index.ts";

/** The gateway of a region, by its number. */
export const gateway = (id: number, region: string, changes: object = {}): Gateway => gatewaySchema.parse({ id, region, address: `10.${id}.0.11`, public_address: `203.0.113.${id}`, private_cidrs: [`10.${id}.0.0/24`], ...changes } satisfies z.input<typeof gatewaySchema>);

/** A host as a role sees it. `lines` are the vars of its inventory, of which each has a line; by default all stand on line 7. */
export const view = (name: string, region: string, { lines, inventory = {}, groups = [] }: { readonly lines?: readonly string[]; readonly inventory?: Record<string, unknown>; readonly groups?: readonly string[] } = {}): HostView => ({
  name,
  region,
  groups,
  address: name,
  inventory,
  vars: () => ({}) as never,
  at: (...path) => ({ file: "hosts.yml", line: lines ? lines.indexOf(path.join(".")) + 1 : 7, column: path.length }),
});

/** Ids without the role's name. */
export const ids = (resources: readonly PlannedResource[]): string[] => resources.map(({ id }) => id.slice(id.indexOf("/") + 1));

/** The resource whose id ends so. */
export const one = (resources: readonly PlannedResource[], id: string): PlannedResource => resources.find((each) => each.id.endsWith(id)) ?? assert.fail(`no ${id} in ${ids(resources).join(", ")}`);

/** The lines that a file gets. */
export const added = (resource: PlannedResource): string => (resource.diff ?? "").split("\n").flatMap((line) => (line.startsWith("+") && !line.startsWith("+++") ? [line.slice(1)] : [])).join("\n");

/** What an assertion of a role makes of what its probe prints; the first whose name ends so, else the first with it in its name. */
export function measuring(asserting: (v: Verifier) => void): (name: string, out: string) => Measured | undefined {
  const v = new Verifier("role");
  asserting(v);
  return (name, out) => {
    const assertion = v.assertions.find((each) => each.name.endsWith(name)) ?? v.assertions.find((each) => each.name.includes(name)) ?? assert.fail(`no ${name} in ${v.assertions.map((each) => each.name).join(", ")}`);
    return assertion.value({ out, err: "", code: 0 });
  };
}
