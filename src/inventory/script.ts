import pLimit from "p-limit";
import type { LoadContext } from "./load-context.ts";
import type { Place } from "./problem.ts";
import { runForSecret } from "./secret-command.ts";
import type { Structure } from "./structure.ts";
import { describe, isEmpty, type Entry, type Mapping, type Tree } from "./tree.ts";
import { parseYaml } from "./yaml.ts";

/** Seconds that a script or a module may take to say what there is, unless HAWSER_INVENTORY_TIMEOUT says otherwise. */
export const INVENTORY_SECONDS = 60;

/** Calls of `--host` at a time. */
const AT_A_TIME = 8;

/** A program that speaks Ansible's protocol. */
export interface Script {
  readonly path: string;
  /** As layers show it. */
  readonly shown: string;
}

/** How long to wait. @throws Error for a bad HAWSER_INVENTORY_TIMEOUT. */
export function inventorySeconds(load: LoadContext): number {
  const { HAWSER_INVENTORY_TIMEOUT: wanted = "" } = load.around.env;
  if (wanted !== "" && !(Number(wanted) > 0)) throw new Error(`HAWSER_INVENTORY_TIMEOUT must be a number of seconds, not "${wanted}"`);
  return wanted === "" ? INVENTORY_SECONDS : Number(wanted);
}

/**
 * Runs a script with `--list` and reads the JSON that it prints, as Ansible does: groups with `hosts`, `children` and `vars`, or
 * a list of hosts; variables of hosts under `_meta.hostvars`, else by `--host NAME` for each.
 * @returns false when it did not say what there is.
 */
export async function readScript(load: LoadContext, structure: Structure, script: Script): Promise<boolean> {
  structure.isDynamic = true;
  const listed = await ask(load, script, ["--list"]);
  if (listed === undefined) return false;
  const hosts = new Set<string>();
  for (const [name, entry] of listed.entries) if (name !== "_meta") readGroup(load, structure, script, name, entry, hosts);
  const meta = listed.entries.get("_meta");
  const hostvars = meta?.tree.kind === "mapping" ? meta.tree.entries.get("hostvars") : undefined;
  const limit = pLimit(AT_A_TIME);
  // Without hostvars every host is asked for; with them, a host that they leave out has none.
  const found = hostvars === undefined ? await Promise.all([...hosts].map((host) => limit(async () => [host, await ask(load, script, ["--host", host])] as const))) : [...hosts].map((host) => [host, varsOf(load, hostvars, host)] as const);
  for (const [host, vars] of found) {
    const draft = structure.hosts.get(host);
    if (draft !== undefined && vars !== undefined && vars.entries.size > 0) structure.addHostVars(draft, vars, `${script.shown} host ${host}`);
  }
  return true;
}

function varsOf(load: LoadContext, hostvars: Entry, host: string): Mapping | undefined {
  if (hostvars.tree.kind !== "mapping") {
    load.problem(hostvars.key, `_meta.hostvars must be a mapping, not ${describe(hostvars.tree)}`);
    return undefined;
  }
  const vars = hostvars.tree.entries.get(host);
  if (vars === undefined || isEmpty(vars.tree)) return undefined;
  if (vars.tree.kind === "mapping") return vars.tree;
  load.problem(vars.key, `the variables of ${host} must be a mapping, not ${describe(vars.tree)}`);
  return undefined;
}

function readGroup(load: LoadContext, structure: Structure, script: Script, name: string, entry: Entry, hosts: Set<string>): void {
  const { key, tree } = entry;
  const group = structure.group(name, key);
  if (group === undefined) return;
  const label = `${script.shown} group ${name}`;
  const addHosts = (list: Tree | undefined): void => {
    for (const [host, place] of namesOf(load, list, `hosts of group ${name}`)) {
      structure.addHosts(group, host, place, undefined, `${script.shown} host ${host}`);
      hosts.add(host);
    }
  };
  if (tree.kind !== "mapping") {
    addHosts(tree);
    return;
  }
  const part = (of: string): Tree | undefined => tree.entries.get(of)?.tree;
  if (!["hosts", "vars", "children"].some((known) => tree.entries.has(known))) {
    // The oldest form: the group's name is a host, and this its variables.
    if (tree.entries.size > 0) structure.addHosts(group, name, key, tree, label);
    return;
  }
  addHosts(part("hosts"));
  for (const [child, place] of namesOf(load, part("children"), `children of group ${name}`)) {
    if (structure.group(child, place) !== undefined && !group.children.has(child)) group.children.set(child, place);
  }
  const vars = part("vars");
  if (vars?.kind === "mapping") structure.addVars(group, vars, label);
  else if (vars !== undefined && !isEmpty(vars)) load.problem(vars.place, `vars of group ${name} must be a mapping, not ${describe(vars)}`);
}

function namesOf(load: LoadContext, tree: Tree | undefined, what: string): (readonly [string, Place])[] {
  if (tree === undefined || isEmpty(tree)) return [];
  if (tree.kind !== "list") {
    load.problem(tree.place, `${what} must be a list of names, not ${describe(tree)}`);
    return [];
  }
  return tree.items.flatMap((item) => {
    if (item.kind === "leaf" && typeof item.value === "string") return [[item.value, item.place] as const];
    load.problem(item.place, `${what} must be names, not ${describe(item)}`);
    return [];
  });
}

/** Runs the script and parses what it prints. Problems go to `load`, undefined when there is nothing to go on with. */
async function ask(load: LoadContext, script: Script, args: readonly string[]): Promise<Mapping | undefined> {
  let printed: string;
  try {
    printed = await runForSecret([script.path, ...args], { env: load.around.env, cwd: load.around.cwd }, inventorySeconds(load));
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(script.path, script.shown) : "it cannot be run";
    load.problem(startOf(load, script), why, `try it by hand: ${load.show(script.path)} ${args.join(" ")}`);
    return undefined;
  }
  const tree = printed.trim() === "" && args[0] === "--host" ? undefined : await parseYaml(load, { file: `${load.show(script.path)} ${args.join(" ")}`, text: printed, json: true });
  if (tree === undefined) return undefined;
  if (tree.kind === "mapping") return tree;
  load.problem(tree.place, `what ${script.shown} ${args.join(" ")} prints must be an object of JSON, not ${describe(tree)}`);
  return undefined;
}

function startOf(load: LoadContext, { path }: Script): Place {
  return { file: load.show(path), line: 1, column: 1 };
}
