import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { isScalar, parseDocument, visit } from "yaml";
import type { Report } from "./report.ts";
import type { Variables } from "./variables.ts";
import { isFilledIn } from "./filled-in.ts";
import { isTemplate, parseYamlText, valueOf, type Yaml } from "./yaml.ts";

/** An inventory of the Ansible directory. */
export interface FoundInventory {
  /** What it is called in the project: a folder below inventory/. */
  readonly name: string;
  /** Files, by their names in that folder. */
  readonly files: ReadonlyMap<string, string>;
}

const HOSTS = /^(?:hosts|inventory)(?:\.(?:ini|cfg|ya?ml))?$/;
const ENCRYPTED = "$ANSIBLE_VAULT;";

/** Finds the inventories of a directory: that of ansible.cfg, else what lies at the usual places. */
export function findInventories(root: string, configured: string | undefined): FoundInventory[] {
  const isFolder = (file: string): boolean => existsSync(file) && statSync(file).isDirectory();
  const named = configured === undefined ? undefined : path.resolve(root, configured);
  const folders = [named, path.join(root, "inventory"), ...["inventories", "environments"].flatMap((name) => (isFolder(path.join(root, name)) ? readdirSync(path.join(root, name)).map((inner) => path.join(root, name, inner)) : []))].filter((file) => file !== undefined);
  const found = new Map<string, string>();
  for (const folder of folders) {
    if (!isFolder(folder)) continue;
    const entries = readdirSync(folder);
    if (entries.some((name) => HOSTS.test(name) || name === "group_vars" || name === "host_vars")) found.set(path.basename(folder) === "inventory" ? "production" : path.basename(folder), folder);
    else for (const name of entries) if (isFolder(path.join(folder, name)) && readdirSync(path.join(folder, name)).some((inner) => HOSTS.test(inner))) found.set(name, path.join(folder, name));
  }
  const inventories = [...found].map(([name, folder]) => ({ name, files: filesOf(folder) }));
  if (inventories.length > 0) return inventories;
  const single = [named, ...["hosts", "hosts.ini", "inventory.ini", "hosts.yml", "hosts.yaml", "inventory.yml", "inventory.yaml", "inventory", "production"].map((name) => path.join(root, name))].find((file) => file !== undefined && existsSync(file) && statSync(file).isFile());
  if (single === undefined) return [];
  const beside = path.dirname(single);
  const files = new Map([[hostsName(path.basename(single)), single]]);
  for (const part of ["group_vars", "host_vars"]) for (const [name, file] of filesOf(path.join(beside, part))) files.set(`${part}/${name}`, file);
  return [{ name: "production", files }];
}

/** Files that hawser reads, by the names that it reads them under. */
function filesOf(folder: string): Map<string, string> {
  if (!existsSync(folder)) return new Map();
  const all = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name)).sort();
  return new Map(all.map((file) => {
    const relative = path.relative(folder, file);
    return [path.dirname(relative) === "." ? hostsName(relative) : withEnding(relative), file];
  }));
}

const hostsName = (name: string): string => (HOSTS.test(name) && /\.ya?ml$/.test(name) ? "hosts.yml" : HOSTS.test(name) && /\.(?:ini|cfg)$/.test(name) ? "hosts" : name);

/** Ansible takes files of variables without an ending, too. */
const withEnding = (name: string): string => (path.extname(name) === "" ? `${name}.yml` : name.replace(/\.yaml$/, ".yml"));

/**
 * A YAML file of variables in YAML 1.2: what YAML 1.1 takes for a boolean or an octal number is written so that nobody takes it for
 * something else. Comments and everything else stay as they are.
 */
export function inYaml12(text: string): string {
  if (text.startsWith(ENCRYPTED)) return text;
  const document = parseDocument(text, { logLevel: "silent", uniqueKeys: false, merge: true });
  const edits: { readonly from: number; readonly to: number; readonly by: string }[] = [];
  visit(document, {
    Scalar(key, node) {
      // Templates that hawser does not fill in are left to the project, which makes their values.
      if (key !== "key" && isScalar(node) && node.tag === undefined && node.range && typeof node.value === "string" && isTemplate(node.value) && !isFilledIn(node.value)) edits.push({ from: node.range[0], to: node.range[0], by: "!unsafe " });
      if (key === "key" || !isScalar(node) || node.type !== "PLAIN" || node.tag !== undefined || !node.range) return;
      const source = node.source ?? "";
      const by = /^(?:yes|on|true)$/i.test(source) ? "true" : /^(?:no|off|false)$/i.test(source) ? "false" : /^0\d+$/.test(source) ? `"${source}"` : source;
      if (by !== source) edits.push({ from: node.range[0], to: node.range[1], by });
    },
  });
  return edits.sort((a, b) => b.from - a.from).reduce((done, { from, to, by }) => done.slice(0, from) + by + done.slice(to), text);
}

/** Learns the variables that an inventory sets. @throws UsageError for YAML that is broken */
export function learnInventory({ files }: FoundInventory, root: string, variables: Variables, report: Report): void {
  for (const [name, file] of files) {
    const text = readFileSync(file, "utf8");
    const shown = path.relative(root, file);
    if (text.startsWith(ENCRYPTED)) {
      variables.sealed = true;
      report.note({ file: shown, line: 1, column: 1 }, shown, "encrypted: vars whose names begin with vault_ are taken for secrets that may stand in it");
      continue;
    }
    const isVars = /^(?:group|host)_vars\//.test(name);
    if (isVars || /\.ya?ml$/.test(name)) {
      const tree = parseYamlText(text, shown);
      if (isVars) learn(tree, variables);
      else learnGroups(tree, variables);
    } else learnIni(text, shown, variables, report);
  }
}

function learn(map: Yaml | undefined, variables: Variables): void {
  if (map?.kind === "map") for (const { name, value } of map.entries) variables.add(name, value, true);
}

function learnGroups(groups: Yaml | undefined, variables: Variables): void {
  if (groups?.kind !== "map") return;
  for (const { value } of groups.entries) {
    learn(valueOf(value, "vars"), variables);
    const hosts = valueOf(value, "hosts");
    if (hosts?.kind === "map") for (const entry of hosts.entries) learn(entry.value, variables);
    learnGroups(valueOf(value, "children"), variables);
  }
}

/** Variables of an INI inventory: below `[group:vars]`, and behind a host. */
function learnIni(text: string, file: string, variables: Variables, report: Report): void {
  let section = "";
  for (const [i, line] of text.split("\n").entries()) {
    const bare = line.replace(/(?:^|\s)[#;].*$/, "").trim();
    section = /^\[(.+)\]$/.exec(bare)?.[1] ?? section;
    if (bare === "" || bare.startsWith("[")) continue;
    const pairs = section.endsWith(":vars") ? [/^([\w.]+)\s*=\s*(.*)$/.exec(bare)] : [...bare.matchAll(/\b([a-z_]\w*)=("[^"]*"|'[^']*'|\S+)/gi)];
    for (const pair of pairs) {
      if (pair?.[1] === undefined) continue;
      const written = (pair[2] ?? "").replace(/^(["'])(.*)\1$/, "$2");
      const scalar = /^(?:True|False|-?\d+)$/.test(written) ? parseYamlText(written, file) : undefined;
      const value: Yaml = { kind: "scalar", value: scalar?.kind === "scalar" ? scalar.value : written, source: written, tag: undefined, file, line: i + 1, column: 1 };
      variables.add(pair[1], value, true);
      if (isTemplate(written) && !isFilledIn(written)) report.gap(value, `the variable ${pair[1]}`, `hawser cannot fill in ${written}, and an INI file has no way to leave it: put it into group_vars`);
    }
  }
}
