import { everyResource } from "../dsl/items.ts";
import type { Use } from "../dsl/role.ts";
import { HawserError } from "../errors/index.ts";
import type { InventoryHost } from "../inventory/index.ts";
import type { Observed } from "../resources/contract.ts";
import type { Facts } from "../resources/facts.ts";
import { declare } from "./declare.ts";
import type { Play } from "../dsl/play.ts";
import { refuseClashes } from "./listens.ts";
import { expandUses, type ResolvedPlay, type RoleOnHost, validate } from "./resolve.ts";
import { ValueHub } from "./values.ts";

/** A resource of a role with its commands, as text. */
export interface PlannedResource {
  readonly id: string;
  readonly kind: string;
  readonly probe: string;
  /** What a host on which the probe saw nothing would get. */
  readonly summary?: string;
  readonly apply?: string;
  readonly diff?: string;
  /** Why there is no plan for what was seen. */
  readonly error?: string;
}

export interface PlanOfOptions {
  /** What the probes of some resources saw, by id. Others saw an empty output and exit code 1. */
  readonly seen?: Readonly<Record<string, Partial<Observed>>>;
  /** Name of the host. Default `host`. */
  readonly host?: string;
  /** Values of the role's own facts. */
  readonly roleFacts?: Readonly<Record<string, unknown>>;
  /** Complete vars, and values of their own facts, of the roles that it depends on, by name. Default: neither. */
  readonly dependencies?: Readonly<Record<string, { readonly vars: unknown; readonly roleFacts?: Readonly<Record<string, unknown>> }>>;
  /** The other hosts that use the role, with their complete vars, by name. Their exports stay unknown. */
  readonly peers?: Readonly<Record<string, unknown>>;
  /** Told what the role warns of. */
  readonly onWarning?: (message: string) => void;
}

/**
 * What a role would do, without any host: for unit tests of roles.
 * @param use With complete vars.
 * @throws HawserError when the vars do not fit the role, UsageError when hosts, or the ports that they listen on, do not fit one another.
 */
export function planOf(use: Use, facts: Facts, options: PlanOfOptions = {}): PlannedResource[] {
  const name = options.host ?? "host";
  const uses = expandUses([use]);
  const play: Play = { name: "planOf", hosts: "all", roles: uses, source: use.source };
  const all = [hostNamed(name), ...Object.keys(options.peers ?? {}).map(hostNamed)];
  const roles = new Map(all.map((host) => [host.name, host.name === name ? uses.map((each) => checked(each, options.dependencies?.[each.name]?.vars)) : [checked(use, options.peers?.[host.name])]]));
  const resolved: ResolvedPlay = { play, hosts: all.slice(0, 1), all, roles };
  validate(resolved, [resolved]);
  refuseClashes([resolved]);
  const extra = new Map(uses.map((each) => [each.name, each === use || each.name === use.name ? (options.roleFacts ?? {}) : (options.dependencies?.[each.name]?.roleFacts ?? {})]));
  const { items, warnings } = declare({ resolved, all: [resolved], host: hostNamed(name), facts, roleFacts: extra, hub: new ValueHub(), target: (there) => ({ host: hostNamed(there), facts }) });
  for (const { message } of warnings) options.onWarning?.(message);
  return everyResource(items).map((node) => {
    const seen: Observed = { out: "", err: "", code: 1, ...options.seen?.[node.id] };
    const base = { id: node.id, kind: node.kind.kind, probe: attempt(() => node.kind.probe(node.args, { facts }).render()) };
    try {
      const change = node.kind.plan(node.args, seen, { facts });
      return { ...base, ...(change && { summary: change.summary, ...(change.diff !== undefined && { diff: change.diff }), ...(change.apply && { apply: attempt(() => change.apply?.render() ?? "") }) }) };
    } catch (error) {
      return { ...base, error: (error as Error).message };
    }
  });
}

function hostNamed(name: string): InventoryHost {
  const at = () => ({ file: "inventory", line: 1, column: 1 });
  return { name, region: "", groups: [], vars: {}, connection: { kind: "ssh", address: name, agent: false, hostKeyChecking: "strict", connectTimeout: 20, keepalive: 15 }, become: { method: "none", user: "root" }, at };
}

function checked(use: Use, vars: unknown = use.vars.from === "value" ? use.vars.value : {}): RoleOnHost {
  const parsed = use.role.vars.safeParse(vars);
  if (parsed.success) return { use, vars: parsed.data, at: () => use.source };
  throw new HawserError(`vars of ${use.name}: ${parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}`, { source: use.source });
}

/** Commands that need a late value say which. */
function attempt(render: () => string): string {
  try {
    return render();
  } catch (error) {
    return `(${(error as Error).message})`;
  }
}
