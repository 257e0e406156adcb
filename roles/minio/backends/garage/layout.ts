import { z } from "hawser";

/** A host as the cluster knows it. */
export interface Node {
  readonly id: string;
  readonly host: string;
  readonly address: string;
  readonly zone: string;
  /** Bytes. */
  readonly capacity: number;
}

const role = z.object({ id: z.string(), zone: z.string(), capacity: z.number().nullish(), tags: z.array(z.string()) });
const staged = z.object({ id: z.string(), remove: z.boolean().optional() });

/** As `GetClusterLayout` prints it. */
export const layoutSchema = z.object({ version: z.number(), roles: z.array(role), stagedRoleChanges: z.array(staged) });
export type Layout = z.output<typeof layoutSchema>;

export type RoleChange = { readonly id: string; readonly zone: string; readonly capacity: number; readonly tags: readonly string[] } | { readonly id: string; readonly remove: true };

/**
 * What makes a layout fit the inventory. A host that was set up anew has another id, and takes its place; one that left the inventory
 * stays, since its objects have to be moved first, which is an operator's decision.
 */
export function changesOf(nodes: readonly Node[], { roles }: Layout): readonly RoleChange[] {
  const wanted = nodes.map(({ id, host, zone, capacity }) => ({ id, zone, capacity, tags: [host] }));
  const fits = (one: (typeof wanted)[number]): boolean => roles.some(({ id, zone, capacity, tags }) => id === one.id && zone === one.zone && capacity === one.capacity && tags.join(" ") === one.tags.join(" "));
  const replaced = roles.filter(({ id, tags }) => !nodes.some((node) => node.id === id) && nodes.some(({ host }) => tags.includes(host)));
  return [...wanted.filter((one) => !fits(one)), ...replaced.map(({ id }) => ({ id, remove: true as const }))];
}

/** Changes that somebody else has prepared and not applied. */
export const foreignTo = (changes: readonly RoleChange[], { stagedRoleChanges }: Layout): readonly string[] => stagedRoleChanges.map(({ id }) => id).filter((id) => !changes.some((change) => change.id === id));
