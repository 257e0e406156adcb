import { readFileSync } from "node:fs";
import path from "node:path";
import { MIRROR_VAR } from "../../engine/artifacts.ts";
import { suggest, type Inventory } from "../../inventory/index.ts";
import type { Problem } from "./problem.ts";
import { programs } from "./role-files.ts";

/** What hawser itself reads: how hosts are reached, where from they get files, and the lab. */
const OWN = ["ssh", "become", "region", MIRROR_VAR, "lab", "lab_name", "lab_rtt_ms", "lab_kernel"];

/** Vars of an inventory that no role takes and no program of the project names. */
export function unusedInventoryVars(inventory: Inventory, roles: ReadonlySet<string>, code: string): Problem[] {
  const found = new Map<string, Problem>();
  for (const host of inventory.hosts) {
    for (const name of Object.keys(host.vars)) {
      if (OWN.includes(name) || name.startsWith("ansible_") || roles.has(name) || new RegExp(`(?<![\\w$-])${name}(?![\\w$-])`).test(code)) continue;
      const { file, line, column } = host.at([name]);
      const near = suggest(name, [...roles, ...OWN]);
      const full = path.resolve(file);
      found.set(`${full}:${line}`, { file: full, line, column, severity: "warning", rule: "unused-inventory-var", message: `no role takes the var ${name}`, hint: near === undefined ? `roles of the playbooks: ${[...roles].sort().join(", ") || "none"}` : `did you mean ${near}?` });
    }
  }
  return [...found.values()];
}

/** The text of all programs below folders. */
export function codeBelow(folders: readonly string[]): string {
  return folders.flatMap((folder) => programs(folder)).map((file) => readFileSync(file, "utf8")).join("\n");
}
