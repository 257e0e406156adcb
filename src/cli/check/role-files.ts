import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** The text of a role's programs, its tests left out. */
export function codeOf(folder: string): string {
  return programs(folder).map((file) => readFileSync(file, "utf8")).join("\n");
}

export function programs(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.test)\.[cm]?ts$/.test(entry.name) && !entry.parentPath.includes("node_modules"))
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/** Names of templates that are put together, as patterns: `${name}.conf.ejs` may be any. */
export function wildcards(code: string): RegExp[] {
  return [...code.matchAll(/`([^`\n]*\$\{[^`\n]*)`/g)]
    .map(([, text = ""]) => text.split(/\$\{[^}]*\}/))
    .filter((parts) => parts.some((part) => /\w{2}/.test(part)))
    .map((parts) => new RegExp(`^${parts.map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)).join(".*")}$`));
}
