import type { HandlerNode, ResourceNode } from "./items.ts";

/** One resource, or the several that one call declared. */
export type Declared = ResourceNode | HandlerNode | readonly ResourceNode[];

/** What every resource takes besides its own arguments. */
export interface CommonOptions {
  /** Earlier resources or handlers whose change makes the look at this one stale. They never reorder. */
  readonly needs?: readonly Declared[];
  /** Handlers to run when this changes. */
  readonly notify?: HandlerNode | readonly HandlerNode[];
  readonly tags?: readonly string[];
  /** The user that probe and apply run as. Default: the session's, usually root. */
  readonly runAs?: string;
  /** Seconds that one apply may take. Default: no limit. */
  readonly applyTimeout?: number;
  /** How often a failed apply is tried again. Default 0. */
  readonly retries?: number;
  /** Seconds between tries. Default 5. */
  readonly delay?: number;
}

const COMMON = ["needs", "notify", "tags", "runAs", "applyTimeout", "retries", "delay"] as const;

/** Divides what an author wrote into the kind's own arguments and the options common to all. */
export function splitOptions(options: object): { common: CommonOptions; own: Record<string, unknown> } {
  const own: Record<string, unknown> = { ...options };
  const common: Record<string, unknown> = {};
  for (const name of COMMON) {
    if (name in own && own[name] !== undefined) common[name] = own[name];
    delete own[name];
  }
  return { common: common, own };
}
