import { becomeOf, connectionOf } from "./connect.ts";
import { byPrecedence, type InventoryGroup } from "./hierarchy.ts";
import { holdsTemplate, HostValues, TemplateFailure, type Lookup } from "./host-values.ts";
import { Missing } from "./jinja-filters.ts";
import type { HostRecord, InventoryHost } from "./inventory.ts";
import type { HostSide, Layer } from "./layer.ts";
import type { LoadContext } from "./load-context.ts";
import { locatePath, mergeLayers } from "./resolve.ts";
import type { HostDraft } from "./structure.ts";
import { toValue, type Entry, type Tree } from "./tree.ts";

/** What the hosts are made of. */
export interface Parts {
  readonly hosts: ReadonlyMap<string, HostDraft>;
  readonly groups: ReadonlyMap<string, InventoryGroup>;
  /** The layers of a host, weakest first, by its groups, weakest first. */
  readonly layersOf: (host: HostDraft, groupNames: readonly string[]) => readonly Layer[];
  /** What `playbook_dir` stands for, if there is a playbook. */
  readonly playbookDir: string | undefined;
}

/** Puts the hosts together. Their templates are filled in when a variable is asked for, those of connections at once. */
export function makeRecords(load: LoadContext, parts: Parts): Map<string, HostRecord> {
  const { hosts, groups, layersOf } = parts;
  const memberships = new Map<string, string[]>();
  for (const group of [...groups.values()].sort(byPrecedence)) {
    for (const name of group.hosts) memberships.set(name, [...(memberships.get(name) ?? []), group.name]);
  }
  const values = new Map<string, HostValues>();
  const records = new Map<string, HostRecord>();
  for (const draft of hosts.values()) {
    const groupNames = memberships.get(draft.name) ?? [];
    const written = layersOf(draft, groupNames);
    const magic = magicOf(load, parts, values, draft, groupNames);
    const layers = forHost(load, written, new HostValues(mergeLayers(written), magic));
    const merged = mergeLayers(layers);
    const own = new HostValues(merged, magic);
    values.set(draft.name, own);
    records.set(draft.name, { host: makeHost(load, draft, groupNames, layers, merged, own), place: draft.place, layers, merged });
  }
  return records;
}

function makeHost(load: LoadContext, draft: HostDraft, groupNames: readonly string[], layers: readonly Layer[], merged: ReadonlyMap<string, Entry>, values: HostValues): InventoryHost {
  const connection = connectionOf(draft.name, layers);
  const vars = lazily(load, merged, values);
  const regionAt = merged.get("region");
  return {
    name: draft.name,
    // A function of the variables, which may be filled in from hosts that come later.
    get region(): string {
      const region = regionAt === undefined ? "" : vars["region"];
      return typeof region === "string" ? region : "";
    },
    groups: groupNames.filter((name) => name !== "all"),
    vars,
    connection,
    become: becomeOf(connection, layers),
    at: (path) => locatePath(merged, path) ?? draft.place,
  };
}

/** The variables as an object, frozen. One with a template that cannot be filled in throws when it is read, and no sooner. */
function lazily(load: LoadContext, merged: ReadonlyMap<string, Entry>, values: HostValues): Readonly<Record<string, unknown>> {
  const vars: Record<string, unknown> = {};
  for (const [name, { tree }] of merged) {
    if (!holdsTemplate(tree)) vars[name] = toValue(tree);
    else Object.defineProperty(vars, name, { enumerable: true, get: () => use(load, () => values.value(name)) });
  }
  return Object.freeze(vars);
}

function use<T>(load: LoadContext, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TemplateFailure) throw load.error(error.place, error.message, error.hint);
    throw error;
  }
}

/** The layers as they are for one host. A connection's template that cannot be filled in is a problem at once. */
function forHost(load: LoadContext, layers: readonly Layer[], values: HostValues): readonly Layer[] {
  if (layers.every((layer) => layer.forHost === undefined)) return layers;
  const fill = (tree: Tree): unknown => {
    try {
      return values.fill(tree);
    } catch (error) {
      if (!(error instanceof TemplateFailure)) throw error;
      load.problem(error.place, error.message, error.hint);
      return undefined;
    }
  };
  return layers.map((layer, index) => {
    const side: HostSide = { fill, isReplaced: (name) => layers.slice(index + 1).some((stronger) => stronger.entries.has(name)) };
    return layer.forHost?.(side) ?? layer;
  });
}

/** Names that Ansible gives to templates without anyone setting them. */
function magicOf(load: LoadContext, { hosts, groups, playbookDir }: Parts, values: ReadonlyMap<string, HostValues>, { name: own, place }: HostDraft, groupNames: readonly string[]): (name: string) => unknown {
  const hostvars: Lookup = { lookup: (name) => (hosts.has(name) ? { lookup: (key: string) => values.get(name)?.value(key) } : new Missing(`there is no host ${name}`)) };
  return (name) => {
    switch (name) {
      case "inventory_hostname":
        return own;
      case "inventory_hostname_short":
        return own.split(".")[0];
      case "group_names":
        return groupNames.filter((group) => group !== "all").sort();
      case "groups":
        return Object.fromEntries([...groups.values()].map((group) => [group.name, group.hosts]));
      case "hostvars":
        return hostvars;
      case "inventory_dir":
        return load.root;
      case "inventory_file":
        return load.path(place.file, load.around.cwd);
      case "playbook_dir":
        return playbookDir;
      default:
        return undefined;
    }
  };
}
