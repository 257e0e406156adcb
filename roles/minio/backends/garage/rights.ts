import type { Rights } from "../../vars.ts";

/** In Garage's words. */
export interface Permissions {
  readonly read: boolean;
  readonly write: boolean;
  /** May set what the bucket does: its expiry, its web pages, and whether it is there. */
  readonly owner: boolean;
}

export const NOTHING: Permissions = { read: false, write: false, owner: false };

/** What a user may do with a bucket of the vars. */
export function rightsOn({ admin, buckets }: Rights, bucket: string): Permissions {
  if (admin) return { read: true, write: true, owner: true };
  const access = buckets[bucket];
  return access === undefined ? NOTHING : { read: true, write: access === "read-write", owner: false };
}
