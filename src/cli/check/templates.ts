import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { ResourceNode } from "../../dsl/items.ts";
import { didYouMean } from "../../inventory/index.ts";
import { ValuePending } from "../../shell/index.ts";
import { placeIn, problemOf, type Problem } from "./problem.ts";
import { codeOf, wildcards } from "./role-files.ts";
import type { Sealed } from "./sealed.ts";

/** Renders every template as the declarations do, and reads the branches that were not taken for names that nobody gives. */
export function templateProblems(nodes: readonly ResourceNode[], sealed: Sealed): Problem[] {
  const given = new Map<string, Set<string>>();
  const found: Problem[] = [];
  for (const { args, template } of nodes) {
    if (!template) continue;
    const names = given.get(template.file) ?? new Set<string>();
    given.set(template.file, names);
    for (const name of Object.keys(template.vars)) names.add(name);
    try {
      (args as { content: () => unknown }).content();
    } catch (error) {
      if (!(error instanceof ValuePending) && !sealed.isBehind(error)) found.push(...problemOf(error, "template", { file: template.file, line: 1, column: 1 }));
    }
  }
  return [...found, ...[...given].flatMap(([file, names]) => unknownNames(file, names, found))];
}

/** `vars.name` in a tag, where no declaration gives that name and the template does not ask whether it is there. */
function unknownNames(file: string, names: ReadonlySet<string>, known: readonly Problem[]): Problem[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/<%(?!%)[^]*?%>/g)].flatMap((tag) =>
    [...tag[0].matchAll(/\bvars\.([A-Za-z_]\w*)/g)].flatMap((match): Problem[] => {
      const name = match[1] ?? "";
      const place = placeIn(text, tag.index + match.index + "vars.".length);
      const isOptional = new RegExp(`["']${name}["']\\s+in\\s+vars\\b`).test(text);
      if (names.has(name) || isOptional || known.some((problem) => problem.file === file && problem.line === place.line)) return [];
      const hint = didYouMean(name, names);
      return [{ file, ...place, severity: "error", rule: "template", message: `no declaration gives this template "${name}"`, hint: hint ?? `there are: ${[...names].join(", ") || "none"}` }];
    }),
  );
}

/** Templates of a role that neither its code nor another template names. */
export function unusedTemplates(folder: string): Problem[] {
  const templates = path.join(folder, "templates");
  if (!existsSync(templates)) return [];
  const files = readdirSync(templates, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.relative(templates, path.join(entry.parentPath, entry.name)));
  const code = codeOf(folder);
  const patterns = wildcards(code);
  const includes = files.map((file) => [file, readFileSync(path.join(templates, file), "utf8")] as const);
  return files
    .filter((file) => {
      const bare = file.replace(/\.ejs$/, "");
      const named = code.includes(file) || patterns.some((pattern) => pattern.test(file));
      return !named && !includes.some(([other, text]) => other !== file && /\binclude\s*\(/.test(text) && (text.includes(path.basename(file)) || text.includes(path.basename(bare))));
    })
    .map((file) => ({ file: path.join(templates, file), line: 1, column: 1, severity: "warning", rule: "unused-template", message: "nothing in its role names this template", hint: "take it away, or declare it with t.template" }));
}
