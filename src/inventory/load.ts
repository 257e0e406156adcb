import { stat } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { answerLayer, askedLayer, type Answering, type AskedPasswords } from "./asked.ts";
import { readExtraVars } from "./extra-vars.ts";
import { buildHierarchy } from "./hierarchy.ts";
import { checkAddresses, checkJumps } from "./host-checks.ts";
import { Inventory } from "./inventory.ts";
import type { Layer } from "./layer.ts";
import { LoadContext } from "./load-context.ts";
import { makeRecords } from "./records.ts";
import type { HostLists } from "./select.ts";
import { hostsFiles, readHostsFile } from "./sources.ts";
import { Structure, type HostDraft } from "./structure.ts";
import type { Surroundings } from "./surroundings.ts";
import { readVarFiles, type VarDirectory } from "./var-files.ts";
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
  /** The folder of the playbook: group_vars/ and host_vars/ beside it count too, and outdo those of the inventory. */
  readonly playbookDir?: string;
}

/**
 * Loads and validates an inventory: a directory with hosts files, group_vars/ and host_vars/, or a hosts file (whose
 * directory's group_vars/ and host_vars/ count as well). Touches no host.
 *
 * @throws InventoryError with every problem found.
 */
export async function loadInventory(path: string, options: LoadOptions = {}): Promise<Inventory> {
  const sealed = options.secrets === "sealed";
  const given = resolve(options.cwd ?? process.cwd(), path);
  const directory = await stat(given).then((found) => found.isDirectory(), () => false);
  const load = new LoadContext(directory ? given : dirname(given), sealed, options);

  const structure = new Structure(load);
  const files = await hostsFiles(load, given);
  const whole: boolean[] = [];
  for (const file of files) whole.push(await readHostsFile(load, structure, file));
  const extra = await readExtraVars(load, options.extraVars ?? []);
  // Without a whole hosts file every group_vars file would seem to name nothing.
  if (files.length === 0 || whole.includes(false)) {
    await load.settle();
    throw load.failed();
  }

  if (structure.hosts.size === 0 && load.problems.length === 0) load.problem({ file: load.show(files[0]?.path ?? given), line: 1, column: 1 }, "the inventory has no hosts", "write all: { hosts: { la-1: } }");
  const groups = buildHierarchy(load, structure);
  const playbookDir = options.playbookDir === undefined ? undefined : resolve(load.around.cwd, options.playbookDir);
  const fromFiles = await readVarFolders(load, structure, directory, playbookDir);
  await load.settle();
  const asked = options.asked === undefined ? [] : [askedLayer(load, options.asked)];
  if (options.answer !== undefined) extra.push(await answerLayer(load, extra, options.answer));

  const records = makeRecords(load, { hosts: structure.hosts, groups, playbookDir, layersOf: (host, names) => [...asked, ...layersOf(structure, fromFiles, host, names), ...extra] });
  load.check();
  checkAddresses(load, records);
  checkJumps(load, records);
  load.check();
  return new Inventory(path, records, groups, load.warnings, options.lists);
}

/** Layers out of group_vars/ and host_vars/, by name: beside the inventory, then beside the playbook. */
interface FromFiles {
  readonly groups: readonly ReadonlyMap<string, readonly Layer[]>[];
  readonly hosts: readonly ReadonlyMap<string, readonly Layer[]>[];
}

async function readVarFolders(load: LoadContext, structure: Structure, directory: boolean, playbookDir: string | undefined): Promise<FromFiles> {
  const group = new Set(["all", "ungrouped", ...structure.groups.keys()]);
  const host = new Set(structure.hosts.keys());
  // Several hosts files may share the folder beside them, and what a program lists comes and goes.
  const beside = { root: load.root, unknown: directory && !structure.isDynamic ? "problem" : "warning", label: (path: string) => relative(load.root, path) } as const;
  const places: Pick<VarDirectory, "root" | "unknown" | "label">[] = [beside];
  if (playbookDir !== undefined && playbookDir !== load.root) places.push({ root: playbookDir, unknown: "shared", label: (path) => load.show(path) });
  const groups: ReadonlyMap<string, readonly Layer[]>[] = [];
  const hosts: ReadonlyMap<string, readonly Layer[]>[] = [];
  for (const place of places) {
    groups.push(await readVarFiles(load, { ...place, directory: "group_vars", noun: "group", names: group, others: host }));
    hosts.push(await readVarFiles(load, { ...place, directory: "host_vars", noun: "host", names: host, others: group }));
  }
  return { groups, hosts };
}

/** Ansible's order, weakest first: all hosts files before all group_vars, and `all` before the other groups in both. */
function layersOf(structure: Structure, files: FromFiles, host: HostDraft, groupNames: readonly string[]): Layer[] {
  const [all, others] = [groupNames.filter((name) => name === "all"), groupNames.filter((name) => name !== "all")];
  const inFiles = (names: readonly string[]): Layer[] => files.groups.flatMap((folder) => names.flatMap((name) => folder.get(name) ?? []));
  return [
    ...groupNames.flatMap((name) => structure.groups.get(name)?.layers ?? []),
    ...inFiles(all),
    ...inFiles(others),
    ...host.layers,
    ...files.hosts.flatMap((folder) => folder.get(host.name) ?? []),
  ];
}
