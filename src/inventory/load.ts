import { readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { answerLayer, askedLayer, type Answering, type AskedPasswords } from "./asked.ts";
import { becomeOf, connectionOf } from "./connect.ts";
import { readExtraVars } from "./extra-vars.ts";
import { buildHierarchy, byPrecedence, type InventoryGroup } from "./hierarchy.ts";
import { checkAddresses, checkJumps } from "./host-checks.ts";
import { Inventory, type HostRecord, type InventoryHost } from "./inventory.ts";
import type { Layer } from "./layer.ts";
import { LoadContext } from "./load-context.ts";
import { fileTrouble } from "./private-file.ts";
import { readSource } from "./read-source.ts";
import { mergeLayers, locatePath } from "./resolve.ts";
import { readStructure, type HostDraft, type Structure } from "./structure.ts";
import type { Surroundings } from "./surroundings.ts";
import type { HostLists } from "./select.ts";
import { toValue } from "./tree.ts";
import { readVarFiles } from "./var-files.ts";
import type { VaultSource } from "./vault-passwords.ts";

export interface LoadOptions extends Partial<Surroundings> {
  /** Extra variables, the strongest layer: `key=value`, `@file.yml` or `{key: value}`; later ones win. */
  readonly extraVars?: readonly string[];
  /**
   * `open` (the default) fetches and decrypts every secret, so that a missing key is found before any host is touched.
   * `sealed` leaves them closed, for commands that only look: revealing one throws, and an encrypted file counts as empty.
   */
  readonly secrets?: "open" | "sealed";
  /** Passwords of Ansible Vaults; those of HAWSER_VAULT_IDS and HAWSER_VAULT_PASSWORD_FILE are tried after them. */
  readonly vault?: readonly VaultSource[];
  /** Passwords for the hosts of which the inventory says none. */
  readonly asked?: AskedPasswords;
  /** Makes more variables once the inventory was read without a problem: the answers to a playbook's prompts. */
  readonly answer?: Answering;
  /** What `@NAME` in a pattern stands for before a file of that name: hosts of the last run, for instance. Asked when a pattern names it. */
  readonly lists?: HostLists;
}

/**
 * Loads and validates an inventory: a directory with hosts.yml, group_vars/ and host_vars/, or a hosts file (whose
 * directory's group_vars/ and host_vars/ count as well). Touches no host.
 *
 * @throws InventoryError with every problem found.
 */
export async function loadInventory(path: string, options: LoadOptions = {}): Promise<Inventory> {
  const sealed = options.secrets === "sealed";
  const given = resolve(options.cwd ?? process.cwd(), path);
  const directory = await stat(given).then((found) => found.isDirectory(), () => false);
  const load = new LoadContext(directory ? given : dirname(given), sealed, options);

  const file = directory ? await hostsFile(load) : given;
  const tree = await readSource(load, file);
  const extra = await readExtraVars(load, options.extraVars ?? []);
  // Without the hosts file every group_vars file would seem to name nothing.
  if (tree === undefined) {
    await load.settle();
    throw load.failed();
  }

  const structure = readStructure(load, tree, basename(file));
  if (structure.hosts.size === 0) load.problem({ file: load.show(file), line: 1, column: 1 }, "the inventory has no hosts", "write all: { hosts: { la-1: } }");
  const groups = buildHierarchy(load, structure);
  const names = { group: new Set(["all", "ungrouped", ...structure.groups.keys()]), host: new Set(structure.hosts.keys()) };
  const groupFiles = await readVarFiles(load, { directory: "group_vars", noun: "group", names: names.group, others: names.host });
  const hostFiles = await readVarFiles(load, { directory: "host_vars", noun: "host", names: names.host, others: names.group });
  await load.settle();
  const asked = options.asked === undefined ? [] : [askedLayer(load, options.asked)];
  if (options.answer !== undefined) extra.push(await answerLayer(load, extra, options.answer));

  const groupLayers = (group: string): readonly Layer[] => [...(structure.groups.get(group)?.layers ?? []), ...(groupFiles.get(group) ?? [])];
  const records = makeRecords(structure, groups, (host, groupNames) => [
    ...asked,
    ...groupNames.flatMap(groupLayers),
    ...host.layers,
    ...(hostFiles.get(host.name) ?? []),
    ...extra,
  ]);
  checkAddresses(load, records);
  checkJumps(load, records);
  load.check();
  return new Inventory(path, records, groups, load.warnings, options.lists);
}

/** The hosts file of a directory. */
async function hostsFile(load: LoadContext): Promise<string> {
  const names = await readdir(load.root).catch((error: unknown) => {
    load.problem({ file: load.show(load.root), line: 1, column: 1 }, fileTrouble(error, "the directory"));
    throw load.failed();
  });
  const [first, second] = ["hosts.yml", "hosts.yaml"].filter((name) => names.includes(name));
  const place = { file: load.show(load.root), line: 1, column: 1 };
  if (first === undefined) {
    load.problem(place, "the directory has no hosts.yml", names.includes("hosts") ? "an INI inventory can be turned into YAML with: ansible-inventory --list --yaml" : undefined);
    throw load.failed();
  }
  if (second !== undefined) load.problem(place, `the directory has both ${first} and ${second}`);
  for (const name of names.filter((other) => [".yml", ".yaml"].includes(extname(other)) && other !== first && other !== second)) {
    load.warn({ ...place, file: load.show(join(load.root, name)) }, "this file is not read: hosts stand in hosts.yml, variables in group_vars/ and host_vars/");
  }
  return join(load.root, first);
}

function makeRecords(
  { hosts }: Structure,
  groups: ReadonlyMap<string, InventoryGroup>,
  layersOf: (host: HostDraft, groupNames: readonly string[]) => readonly Layer[],
): Map<string, HostRecord> {
  const memberships = new Map<string, string[]>();
  for (const group of [...groups.values()].sort(byPrecedence)) {
    for (const name of group.hosts) memberships.set(name, [...(memberships.get(name) ?? []), group.name]);
  }
  const records = new Map<string, HostRecord>();
  for (const draft of hosts.values()) {
    const groupNames = memberships.get(draft.name) ?? [];
    const layers = layersOf(draft, groupNames);
    const merged = mergeLayers(layers);
    const vars = Object.freeze(Object.fromEntries([...merged].map(([name, { tree }]) => [name, toValue(tree)])));
    const connection = connectionOf(draft.name, layers);
    const region = vars["region"];
    const host: InventoryHost = {
      name: draft.name,
      region: typeof region === "string" ? region : "",
      groups: groupNames.filter((name) => name !== "all"),
      vars,
      connection,
      become: becomeOf(connection, layers),
      at: (path) => locatePath(merged, path) ?? draft.place,
    };
    records.set(draft.name, { host, place: draft.place, layers, merged });
  }
  return records;
}
