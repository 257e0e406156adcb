import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import type { Use } from "../../dsl/role.ts";
import { expandUses, resolvePlays } from "../../engine/resolve.ts";
import { loadInventory, type Inventory } from "../../inventory/index.ts";
import { declareEverywhere } from "../check/declared.ts";
import { inventoriesOf, playbooksOf } from "../check/project.ts";
import { Sealed } from "../check/sealed.ts";
import { projectRoot } from "../check/types.ts";
import { loadPlaybook, type ImportFile } from "../load-playbook.ts";
import type { Playbook } from "../../dsl/play.ts";

/** A word with what it means. */
export type Word = readonly [word: string, meaning?: string];

/** What stands on the command line before the word. */
export interface Surroundings {
  /** Values of options, by the option's name. */
  readonly given: ReadonlyMap<string, string>;
  readonly args: readonly string[];
  readonly importFile: ImportFile;
}

/** As the user would write it from here. */
const short = (file: string): string => path.relative(process.cwd(), file) || ".";

/** Where nothing can be read, nothing is offered: whoever completes is not told of errors. */
async function orNone<T>(find: () => Promise<readonly T[]> | readonly T[]): Promise<readonly T[]> {
  try {
    return await find();
  } catch {
    return [];
  }
}

export const playbookWords = (): Promise<readonly Word[]> => orNone(() => playbooksOf(projectRoot(process.cwd()), []).map((file) => [short(file)] as const));

export const inventoryWords = (): Promise<readonly Word[]> => orNone(() => inventoriesOf(projectRoot(process.cwd()), []).map((folder) => [short(folder)] as const));

async function inventoryOf({ given }: Surroundings): Promise<Inventory> {
  return await loadInventory(given.get("inventory") ?? process.env["HAWSER_INVENTORY"] ?? defaultInventory(), { secrets: "sealed" });
}

function defaultInventory(): string {
  return existsSync("inventory/production") || !existsSync("inventory") ? "inventory/production" : path.join("inventory", readdirSync("inventory")[0] ?? "");
}

/** Groups and hosts. */
export const hostWords = (around: Surroundings): Promise<readonly Word[]> =>
  orNone(async () => {
    const inventory = await inventoryOf(around);
    return [...inventory.hosts.map(({ name, groups }) => [name, groups.join(" ")] as const), ...inventory.groups.filter(({ name, hosts }) => name !== "ungrouped" || hosts.length > 0).map(({ name, hosts }) => [name, `${hosts.length} hosts`] as const)];
  });

async function playbookOf({ args, given, importFile }: Surroundings): Promise<Playbook> {
  return await loadPlaybook(args[0] ?? given.get("playbook") ?? "playbooks/site.ts", importFile);
}

const usesOf = ({ plays }: Playbook): Use[] => plays.flatMap((play) => expandUses(play.roles));

export const roleWords = (around: Surroundings): Promise<readonly Word[]> => orNone(async () => [...new Map(usesOf(await playbookOf(around)).map(({ name, role }) => [name, role.summary] as const))]);

/** Tags of plays, of their roles, and of what the roles declare for one host of each play, on a Debian and an EL; no host is asked. */
export const tagWords = (around: Surroundings): Promise<readonly Word[]> =>
  orNone(async () => {
    const playbook = await playbookOf(around);
    const tags = new Set([...playbook.plays.flatMap((play) => play.tags ?? []), ...usesOf(playbook).flatMap((use) => use.tags)]);
    const declared = await orNone(async () => {
      const inventory = await inventoryOf(around);
      return declareEverywhere(resolvePlays(playbook, inventory, undefined), inventory.hosts, new Sealed(), true).nodes;
    });
    for (const node of declared) for (const tag of node.tags) tags.add(tag);
    return [...tags].sort().map((tag) => [tag] as const);
  });
