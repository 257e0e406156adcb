import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { play, playbook, type PlaySpec } from "../../src/dsl/play.ts";
import { defineRole, use, type RoleInput, type RoleSpec } from "../../src/dsl/role.ts";
import type { RunEvent } from "../../src/engine/events.ts";
import { runPlaybook, type Recap } from "../../src/engine/run.ts";
import type { RunOptions } from "../../src/engine/run-options.ts";
import type { Inventory, InventoryHost } from "../../src/inventory/index.ts";
import { LocalSession } from "./local-session.ts";

export interface Ran {
  readonly recap: Recap;
  readonly events: readonly RunEvent[];
  readonly sessions: ReadonlyMap<string, LocalSession>;
  /** Outcomes of one host by resource id without the role. */
  outcomes(host?: string): Record<string, string>;
  event(id: string, host?: string): Extract<RunEvent, { event: "resource" }>;
}

/** A temporary folder for a test; removed at its end. */
export function scratch(t: { after: (fn: () => void) => void }): string {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-engine-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function inventoryOf(names: readonly string[]): Inventory {
  const hosts = names.map((name) => ({ name, region: "", groups: [], vars: {}, connection: { address: name }, become: {}, at: () => ({ file: "hosts.yml", line: 1, column: 1 }) }) as unknown as InventoryHost);
  return {
    hosts,
    warnings: [],
    select: (pattern: string) => (pattern === "all" ? hosts : hosts.filter((host) => pattern.split(",").includes(host.name))),
    locate: () => undefined,
    explain: () => [],
  } as unknown as Inventory;
}

type Tasks = (input: RoleInput<z.ZodType, Record<never, never>, Record<never, never>>) => void;

/** A role without vars, called `r`. */
export function roleOf(tasks: Tasks, extra: Partial<RoleSpec<z.ZodType, Record<never, never>, Record<never, never>>> = {}) {
  return defineRole(import.meta, { name: "r", summary: "A role of a test.", vars: z.strictObject({}), ...extra, tasks });
}

export interface Setting extends Partial<Omit<RunOptions, "inventory" | "connect">> {
  readonly hosts?: readonly string[];
  readonly play?: Partial<PlaySpec>;
  /** Runs when a host's session is made. */
  readonly prepare?: (session: LocalSession) => void;
  readonly shell?: string;
  /** hawser's folders on the hosts, to be used again by a later run. */
  readonly folders?: Map<string, string>;
}

/** Runs a role's declarations on sessions of this machine. */
export async function runTasks(tasks: Tasks, { play: spec, ...setting }: Setting = {}): Promise<Ran> {
  return await runPlays([{ name: "p", hosts: "all", roles: [use(roleOf(tasks), {})], ...spec }], setting);
}

export async function runPlays(plays: readonly PlaySpec[], { hosts = ["h1"], prepare, shell, folders, ...options }: Omit<Setting, "play"> = {}): Promise<Ran> {
  const events: RunEvent[] = [];
  const sessions = new Map<string, LocalSession>();
  const recap = await runPlaybook(
    playbook(import.meta, plays.map((spec) => play(spec))),
    {
      ...options,
      inventory: inventoryOf(hosts),
      connect: async ({ name }) => {
        const session = new LocalSession(name, { ...(shell !== undefined && { shell }), ...(folders?.has(name) && { folder: folders.get(name) as string }), keep: folders !== undefined });
        folders?.set(name, session.folder);
        prepare?.(session);
        sessions.set(name, session);
        return session;
      },
    },
    (event) => events.push(event),
  );
  const resources = events.filter((event) => event.event === "resource");
  return {
    recap,
    events,
    sessions,
    outcomes: (host = hosts[0]) => Object.fromEntries(resources.filter((event) => event.host === host).map((event) => [event.id.slice(event.id.indexOf("/") + 1), event.outcome])),
    event: (id, host = hosts[0]) => {
      const found = resources.findLast((event) => event.host === host && event.id.endsWith(id));
      if (!found) throw new Error(`no event for ${id} on ${host}: ${resources.map((event) => event.id).join(", ")}`);
      return found;
    },
  };
}
