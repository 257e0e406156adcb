import type { BecomeSettings, ConnectionSettings } from "./connection.ts";
import type { InventoryGroup } from "./hierarchy.ts";
import type { Layer } from "./layer.ts";
import { PatternError } from "./pattern-error.ts";
import type { Place, Problem } from "./problem.ts";
import { explainPath, splitPath, type ExplainedLayer } from "./resolve.ts";
import { type HostLists, selectNames } from "./select.ts";
import { didYouMean } from "./suggest.ts";
import type { Entry } from "./tree.ts";

/** A host with everything the inventory says about it. */
export interface InventoryHost {
  readonly name: string;
  /** The variable `region`, or "" when no layer sets it. */
  readonly region: string;
  /** The groups it is in, directly or not, weakest first; without `all`, and `ungrouped` only when it is in no other. */
  readonly groups: readonly string[];
  /** Every variable, layers applied, deeply frozen. Secrets are Secrets. */
  readonly vars: Readonly<Record<string, unknown>>;
  readonly connection: ConnectionSettings;
  readonly become: BecomeSettings;
  /** Where the value that counts is written. For a path that does not exist: the nearest parent that does, else the host. */
  at(path: readonly (string | number)[]): Place;
}

/** @internal A host with what explains it. */
export interface HostRecord {
  readonly host: InventoryHost;
  readonly place: Place;
  /** Weakest first. */
  readonly layers: readonly Layer[];
  readonly merged: ReadonlyMap<string, Entry>;
}

/** A loaded, wholly validated inventory. It never changes. */
export class Inventory {
  /** The path it was loaded from, as given. */
  readonly path: string;
  /** In the order of declaration. */
  readonly hosts: readonly InventoryHost[];
  /** In the order of declaration, `all` and `ungrouped` first. */
  readonly groups: readonly InventoryGroup[];
  /** What is odd but not wrong. */
  readonly warnings: readonly Problem[];
  readonly #records: ReadonlyMap<string, HostRecord>;
  readonly #groups: ReadonlyMap<string, InventoryGroup>;
  readonly #lists: HostLists | undefined;

  /** @internal Use `loadInventory`. */
  constructor(path: string, records: ReadonlyMap<string, HostRecord>, groups: ReadonlyMap<string, InventoryGroup>, warnings: readonly Problem[], lists?: HostLists) {
    this.#lists = lists;
    this.path = path;
    this.hosts = [...records.values()].map(({ host }) => host);
    this.groups = [...groups.values()];
    this.warnings = warnings;
    this.#records = records;
    this.#groups = groups;
  }

  /** @throws PatternError of kind `unknown`, with a guess at what was meant. */
  host(name: string): InventoryHost {
    return this.#record(name).host;
  }

  /** @throws PatternError of kind `unknown`, with a guess at what was meant. */
  group(name: string): InventoryGroup {
    const group = this.#groups.get(name);
    if (group === undefined) throw new PatternError("unknown", name, `no group is called "${name}"`, didYouMean(name, this.#groups.keys()));
    return group;
  }

  /**
   * The hosts that a pattern selects, in the order in which the pattern names them, cut down to `limit`, a second pattern.
   *
   * @example inventory.select("gateways:!sg", { limit: "la-*" })
   * @throws PatternError for a name that does not exist, a bad subscript, or when no host is left.
   */
  select(pattern: string, { limit }: { readonly limit?: string | undefined } = {}): InventoryHost[] {
    const selectable = { hosts: [...this.#records.keys()], groups: this.#groups, lists: this.#lists };
    const names = selectNames(selectable, pattern);
    const allowed = limit === undefined ? undefined : new Set(selectNames(selectable, limit));
    const left = allowed === undefined ? names : names.filter((name) => allowed.has(name));
    if (left.length === 0) throw new PatternError("limit", pattern, `the limit "${limit}" leaves no host of "${pattern}"`);
    return left.map((name) => this.host(name));
  }

  /**
   * What each layer says about a variable, or about a path in one such as `base.ntp.servers[0]`, weakest first.
   * Empty when no layer sets the variable.
   * @throws PatternError for an unknown host.
   */
  explain(hostName: string, path: string | readonly (string | number)[]): ExplainedLayer[] {
    return explainPath(this.#record(hostName).layers, typeof path === "string" ? splitPath(path) : path);
  }

  /** As the host's `at`. @throws PatternError for an unknown host. */
  locate(hostName: string, path: readonly (string | number)[]): Place {
    return this.host(hostName).at(path);
  }

  #record(name: string): HostRecord {
    const record = this.#records.get(name);
    if (record === undefined) throw new PatternError("unknown", name, `no host is called "${name}"`, didYouMean(name, this.#records.keys()));
    return record;
  }
}
