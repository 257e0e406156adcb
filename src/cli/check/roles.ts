import { readFileSync } from "node:fs";
import path from "node:path";
import type { Role } from "../../dsl/role.ts";
import { placeIn, type Problem } from "./problem.ts";
import { codeOf, programs } from "./role-files.ts";
import { unusedTemplates } from "./templates.ts";

/** What can be seen of a role in its folder. */
export function roleProblems(role: Role): Problem[] {
  const named = path.basename(role.folder);
  const file = programs(role.folder).find((each) => path.basename(each) === "role.ts");
  if (file === undefined) return [];
  const text = readFileSync(file, "utf8");
  return [...misnamed(role, named, file, text), ...unusedVars(role, file, text), ...unusedTemplates(role.folder)];
}

/** People look for a role in the folder of its name, and for its vars below that name in the inventory. */
function misnamed({ name, folder }: Role, named: string, file: string, text: string): Problem[] {
  if (name === named || path.basename(path.dirname(folder)) !== "roles") return [];
  const at = Math.max(text.search(new RegExp(`["'\`]${name}["'\`]`)), 0);
  return [{ file, ...placeIn(text, at), severity: "error", rule: "role-name", message: `the role ${name} is in the folder ${named}`, hint: `rename one of them: --role and the inventory say ${name}` }];
}

/** Vars of the schema that nothing in the role reads. A role that hands its vars on as a whole may use any of them. */
function unusedVars(role: Role, file: string, text: string): Problem[] {
  const shape = (role.vars as { shape?: Record<string, unknown> }).shape;
  const code = codeOf(role.folder);
  if (shape === undefined || /\.\.\.\s*vars\b|[(,:=]\s*vars\s*[),;}\]]|\bvars\s*\[/.test(withoutParameters(code))) return [];
  return Object.keys(shape).flatMap((name): Problem[] => {
    const times = [...code.matchAll(new RegExp(`(?<![\\w$])${name}(?![\\w$])`, "g"))].length;
    const at = text.search(new RegExp(`(?<![\\w$.])["']?${name}["']?\\s*:`));
    if (times !== 1 || at === -1) return [];
    return [{ file, ...placeIn(text, at), severity: "warning", rule: "unused-var", message: `nothing in the role reads its var ${name}`, hint: "take it out of the schema, or use it" }];
  });
}

/** `tasks({ t, vars })` takes vars, and hands nothing on. */
function withoutParameters(code: string): string {
  return code.replaceAll(/\b(?:tasks|verify|drill|validate|facts)\s*(?::\s*)?\(\s*\{[^}]*\}/g, "");
}
