import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import type { Playbook } from "../../dsl/play.ts";
import type { Role } from "../../dsl/role.ts";
import { expandUses, resolvePlays } from "../../engine/resolve.ts";
import { UsageError } from "../../errors/index.ts";
import { loadInventory, PatternError, type Inventory } from "../../inventory/index.ts";
import { loadPlaybook, type ImportFile } from "../load-playbook.ts";
import { declareEverywhere } from "./declared.ts";
import { codeBelow, unusedInventoryVars } from "./inventory-vars.ts";
import { problemOf, type Problem } from "./problem.ts";
import { constantChecks, unusedHandlers } from "./resources.ts";
import { roleProblems } from "./roles.ts";
import { Sealed } from "./sealed.ts";
import { templateProblems } from "./templates.ts";

export interface Checked {
  readonly problems: readonly Problem[];
  readonly playbooks: number;
  readonly inventories: number;
  readonly roles: number;
  /** Parts that could not be checked because secrets stay closed. */
  readonly sealed: number;
}

/** Playbooks of a project: those given, else all of its folder `playbooks`. @throws UsageError when there are none */
export function playbooksOf(root: string, given: readonly string[]): string[] {
  if (given.length > 0) return given.map((file) => path.resolve(file));
  const folder = path.join(root, "playbooks");
  const found = existsSync(folder) ? readdirSync(folder).filter((name) => /(?<!\.test|\.d)\.ts$/.test(name)).sort() : [];
  if (found.length === 0) throw new UsageError("there is no playbook to check", { hint: `none is in ${folder}; name one: hawser check site.ts` });
  return found.map((name) => path.join(folder, name));
}

/** Inventories of a project: those given, else all of its folder `inventory`. */
export function inventoriesOf(root: string, given: readonly string[]): string[] {
  if (given.length > 0) return given.map((name) => path.resolve(name));
  const folder = path.join(root, "inventory");
  if (!existsSync(folder)) return [];
  const isInventory = (name: string): boolean => statSync(path.join(folder, name)).isDirectory() && readdirSync(path.join(folder, name)).some((file) => /^hosts(\.ya?ml)?$/.test(file));
  const below = readdirSync(folder).filter(isInventory).map((name) => path.join(folder, name));
  return below.length > 0 || !isInventory(".") ? below : [folder];
}

/** Everything that can be found in playbooks, roles and inventories without a host. */
export async function checkProject(root: string, playbookFiles: readonly string[], inventoryPaths: readonly string[], importFile: ImportFile): Promise<Checked> {
  const problems: Problem[] = [];
  const sealed = new Sealed();
  const playbooks = await loaded(playbookFiles, (file) => loadPlaybook(file, importFile), "playbook", problems);
  const inventories = await loaded(inventoryPaths, (file) => loadInventory(file, { secrets: "sealed" }), "inventory", problems);
  const roles = new Map(playbooks.flatMap(({ plays }) => plays.flatMap((play) => expandUses(play.roles).map(({ role }) => [role.folder, role] as const))));
  const own = [...roles.values()].filter(({ folder }) => !folder.includes(`${path.sep}node_modules${path.sep}`) && folder.startsWith(root));
  for (const playbook of playbooks) for (const inventory of inventories) problems.push(...resolved(playbook, inventory, inventories, own, sealed));
  for (const role of own) problems.push(...roleProblems(role));
  const names = new Set([...roles.values()].map(({ name }) => name));
  const code = codeBelow([...own.map(({ folder }) => folder), ...new Set(playbookFiles.map((file) => path.dirname(file)))]);
  if (playbooks.length === playbookFiles.length) for (const inventory of inventories) problems.push(...unusedInventoryVars(inventory, names, code));
  return { problems, playbooks: playbookFiles.length, inventories: inventoryPaths.length, roles: own.length, sealed: sealed.count };
}

async function loaded<T>(files: readonly string[], load: (file: string) => Promise<T>, rule: string, problems: Problem[]): Promise<T[]> {
  const found: T[] = [];
  for (const file of files) {
    try {
      found.push(await load(file));
    } catch (error) {
      problems.push(...problemOf(error, rule, { file, line: 1, column: 1 }).map((problem) => ({ ...problem, file: path.resolve(problem.file) })));
    }
  }
  return found;
}

function resolved(playbook: Playbook, inventory: Inventory, all: readonly Inventory[], own: readonly Role[], sealed: Sealed): Problem[] {
  let plays;
  try {
    plays = resolvePlays(playbook, inventory, undefined);
  } catch (error) {
    if (sealed.isBehind(error)) return [];
    const found = problemOf(error, "resolve", { file: playbook.file, line: 1, column: 1 }).map((problem) => ({ ...problem, file: path.resolve(problem.file), message: `${problem.message} (inventory ${path.basename(inventory.path)})` }));
    // A playbook need not be for every inventory of a project, but for one.
    const isElsewhere = error instanceof UsageError && error.cause instanceof PatternError && all.some((other) => other !== inventory && resolves(playbook, other));
    return isElsewhere ? found.map((problem) => ({ ...problem, severity: "warning", rule: "pattern" })) : found.map((problem) => (error instanceof UsageError && error.cause instanceof PatternError ? { ...problem, rule: "pattern" } : problem));
  }
  const declared = declareEverywhere(plays, inventory.hosts, sealed);
  const isOwn = ({ file }: Problem): boolean => own.some(({ folder }) => file.startsWith(folder)) || file.startsWith(path.dirname(playbook.file));
  return [
    ...declared.errors.flatMap(({ error, play }) => problemOf(error, "declare", play.play.source)),
    ...[...templateProblems(declared.nodes, sealed), ...constantChecks(declared.nodes), ...unusedHandlers(declared)].filter(isOwn),
  ];
}

function resolves(playbook: Playbook, inventory: Inventory): boolean {
  return playbook.plays.some((play) => {
    try {
      return inventory.select(play.hosts).length > 0;
    } catch {
      return false;
    }
  });
}
