import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { camel, dashed, indent, type Option } from "./emit.ts";
import { code, LEVEL, keyOf, quoted } from "./expression/code.ts";
import { Unconvertible } from "./expression/scope.ts";
import { ANY, TEXT, type Type } from "./expression/types.ts";
import { type Handler, handlerLines } from "./handlers.ts";
import { Names } from "./names.ts";
import type { Report } from "./report.ts";
import { RoleFiles } from "./role-files.ts";
import { schemaLines } from "./schema.ts";
import { write } from "./statement.ts";
import { roleContext } from "./tasks/context.ts";
import type { Inherited } from "./tasks/inherited.ts";
import { sequence } from "./tasks/sequence.ts";
import { valueCode } from "./text.ts";
import { mergeSecret, type Variables } from "./variables.ts";
import { isTemplate, readYaml, textOf, valueOf, type Yaml, type YamlEntry } from "./yaml.ts";

/** What a role is made of. */
export interface RoleSource {
  readonly name: string;
  readonly summary: string;
  /** Its folder, or that of the playbook whose tasks it holds. */
  readonly folder: string;
  /** Where files and templates are looked for, in order. */
  readonly folders: readonly string[];
  /** Lists of tasks; handlers run between them. */
  readonly sections: readonly (readonly Yaml[])[];
  readonly inherited: Inherited;
  readonly handlers: readonly Handler[];
  /** Handlers of others, which the tasks may notify: those that are become this role's, too. */
  readonly foreign: readonly Handler[];
  readonly defaults: readonly YamlEntry[];
  readonly fixed: readonly YamlEntry[];
  /** `dependsOn`, as code, and the roles that it names. */
  readonly dependsOn: readonly { readonly code: string; readonly role: RoleRef }[];
}

/** How other files name a role. */
export interface RoleRef {
  /** As hawser calls it. */
  readonly name: string;
  readonly variable: string;
}

/** A role that was written. */
export interface WrittenRole extends RoleRef {
  readonly files: ReadonlyMap<string, string>;
  /** Names in its schema. */
  readonly vars: ReadonlySet<string>;
  /** Files to copy: below the role's folder, and where they are. */
  readonly copies: ReadonlyMap<string, string>;
}

export const refOf = (name: string): RoleRef => ({ name: dashed(name), variable: camel(dashed(name)) });

/** Where a schema is so long that it stands in a file of its own. */
const LONG = 24;

export function writeRole(source: RoleSource, root: string, variables: Variables, report: Report, hasComputed: boolean): WrittenRole {
  const names = new Names((name) => variables.known(name));
  const files = new RoleFiles(root, source.folders, report);
  files.takeAll(source.folder);
  const fixed = declareFixed(source.fixed, names);
  declareDefaults(source.defaults, names, variables, report);

  const handlers = source.handlers.map((handler) => handlerLines(handler, names, report));
  const foreign = apartFrom(source.handlers, source.foreign);
  const context = roleContext({ root, folder: source.folder, names, report, files, handlers: [...source.handlers, ...foreign] });
  const sections = source.sections.map((tasks) => sequence(context, tasks, source.inherited));
  const body = sections.flatMap((statements, i) => [...(i > 0 && source.handlers.length > 0 ? ["t.flush();"] : []), ...write(statements, 2)]);
  for (const handler of foreign) if (body.some((line) => new RegExp(`notify: (?:\\[.*)?\\b${handler.variable}\\b`).test(line))) handlers.push(handlerLines(handler, names, report));
  const derived = [...names.derived].map(([name, value]) => `const ${name} = ${value.text};`);
  const top = [...derived, ...handlers.flat(), ...context.hoisted.flat()];
  const lines = spaced([...top, ...(top.length > 0 && body.length > 0 ? [""] : []), ...body]);

  const ref = refOf(source.name);
  const schema = schemaLines(names.schema);
  const text = lines.join("\n");
  const needsSecret = schema.some((line) => /\bsecret\b/.test(line));
  const usesSecretClass = /\bnew Secret\(/.test(`${text}\n${schema.join("\n")}`);
  const bare = withoutTexts(text);
  const input = ["t", ...(["vars", "facts", "host"] as const).filter((name) => names.uses.has(name) && new RegExp(`(?:^|[^.\\w]|\\.{3})${name}\\b(?!:)`, "m").test(bare))];
  const apart = schema.length + fixed.length > LONG;
  const used = (name: string, pattern: RegExp, ...where: readonly string[]): string[] => (where.some((one) => pattern.test(one)) ? [name] : []);
  const own = apart ? text : `${text}\n${schema.join("\n")}\n${fixed.join("\n")}`;
  const imports = [
    ...used("ansible", /(?<![.\w])ansible\b/, bare, source.dependsOn.map((one) => one.code).join("\n")),
    "defineRole",
    ...(apart ? [] : needsSecret ? ["secret"] : []),
    ...(/\bnew Secret\(/.test(own) ? ["Secret"] : []),
    ...used("Sh", /\bSh\.raw\(/, text),
    ...used("sh", /\bsh`/, text),
    ...(source.dependsOn.length > 0 ? ["use"] : []),
    ...used("UsageError", /\bnew UsageError\(/, text),
    ...(apart ? [] : ["z"]),
  ];
  const others = [...new Map(source.dependsOn.map(({ role }) => [role.name, `import { ${role.variable} } from "../${role.name}/role.ts";`])).values()];
  const computed = hasComputed && source.dependsOn.some((one) => one.code.includes("computed")) ? ['import { computed } from "../../computed.ts";'] : [];
  const isFixedUsed = fixed.length > 0 && /\bfixed\b/.test(`${text}\n${schema.join("\n")}`);
  const role = [
    `import { ${imports.sort(byName).join(", ")} } from "hawser";`,
    ...computed,
    ...others,
    ...(apart ? [`import { ${[...(isFixedUsed ? ["fixed"] : []), "vars as schema"].join(", ")} } from "./vars.ts";`] : []),
    "",
    ...(apart || fixed.length === 0 ? [] : [...fixed, ""]),
    `export const ${ref.variable} = defineRole(import.meta, {`,
    `  name: ${quoted(ref.name)},`,
    `  summary: ${quoted(source.summary)},`,
    ...(apart ? ["  vars: schema,"] : indent([`vars: ${schema[0] ?? ""}`, ...schema.slice(1)].map((line, i, all) => (i === all.length - 1 ? `${line},` : line)))),
    ...(source.dependsOn.length === 0 ? [] : [`  dependsOn: [${source.dependsOn.map((one) => one.code).join(", ")}],`]),
    `  tasks({ ${(lines.length === 0 ? [] : input).join(", ")} }) {`,
    ...indent(lines, 2),
    "  },",
    "});",
    "",
  ];
  const written = new Map([["role.ts", role.join("\n").replace("tasks({  })", "tasks()")]]);
  if (apart) {
    const vars = [`import { ${[...(needsSecret ? ["secret"] : []), ...(usesSecretClass && /\bnew Secret\(/.test(schema.join("\n")) ? ["Secret"] : []), "z"].join(", ")} } from "hawser";`, "", ...(fixed.length === 0 ? [] : [...fixed.map((line) => line.replace(/^const fixed/, "export const fixed")), ""]), `/** What the role takes. */`, `export const vars = ${schema[0] ?? ""}`, ...schema.slice(1)];
    written.set("vars.ts", `${vars.join("\n")};\n`);
  }
  for (const [name, template] of files.templates) written.set(`templates/${name}`, template);
  return { ...ref, files: written, vars: new Set(names.schema.keys()), copies: files.files };
}

/** Handlers of other roles under constants that are still free, without those that the role has itself. */
function apartFrom(own: readonly Handler[], foreign: readonly Handler[]): Handler[] {
  const used = new Set(own.map((handler) => handler.variable));
  const known = new Set(own.map((handler) => handler.name));
  return foreign.flatMap((handler) => {
    if (known.has(handler.name)) return [];
    known.add(handler.name);
    let { variable } = handler;
    while (used.has(variable)) variable = `${variable}_`;
    used.add(variable);
    return [{ ...handler, variable }];
  });
}

/** vars/main.yml: values that are stronger than the inventory's, and so stand beside the role. */
function declareFixed(entries: readonly YamlEntry[], names: Names): string[] {
  const properties: Option[] = [];
  for (const { name, value } of entries) {
    if (isMade(value)) names.deriveLater(name, () => valueCode(value, names));
    else {
      const made = valueCode(value, names);
      names.fixed.set(name, made.type);
      properties.push([keyOf(name), made.text]);
    }
  }
  return properties.length === 0 ? [] : ["/** Values that are not meant to be changed from outside. */", "const fixed = {", ...properties.map(([name, text]) => `  ${name}: ${text},`), "};"];
}

/** defaults/main.yml: vars with defaults. One that is made of others is worked out where the role begins. */
function declareDefaults(entries: readonly YamlEntry[], names: Names, variables: Variables, report: Report): void {
  for (const { name, value } of entries) {
    const known = variables.known(name)?.type;
    const own = variables.typeOf(value);
    const type = known === undefined ? own : mergeSecret(own, known);
    if (!isMade(value)) {
      let fallback = "";
      try {
        fallback = valueCode(value, names).text;
      } catch (error) {
        if (!(error instanceof Unconvertible)) throw error;
        report.gap(value, `the default of ${name}`, error.message);
        names.schema.set(name, { type, optional: false });
        continue;
      }
      names.schema.set(name, { type: type.kind === "null" ? { kind: "any" } : type, optional: false, fallback: type.kind === "secret" ? `new Secret(${fallback})` : fallback });
      continue;
    }
    names.schema.set(name, { type: type.kind === "any" ? madeType(value, entries, variables) : type, optional: true });
    names.deriveLater(name, () => {
      const made = valueCode(value, names);
      names.uses.add("vars");
      const asText = type.kind === "text" && made.type.kind !== "text" && made.type.kind !== "any" ? `String(${made.text})` : made.text;
      return code(`vars.${name} ?? ${made.level < LEVEL.or + 1 ? `(${asText})` : asText}`, type.kind === "any" ? names.schema.get(name)?.type ?? made.type : type, LEVEL.nullish);
    });
  }
}

/** The type of a default that is made of others: text, unless it is one of them as it is. */
function madeType(node: Yaml, entries: readonly YamlEntry[], variables: Variables): Type {
  const text = node.kind === "scalar" ? String(node.value) : "";
  if (node.kind === "scalar" && !/^\{\{.*\}\}$/.test(text)) return TEXT;
  const other = entries.find((entry) => entry.name === /^\{\{\s*(\w+)\s*\}\}$/.exec(text)?.[1]);
  return other === undefined ? ANY : variables.typeOf(other.value);
}

/** Whether a template stands anywhere in the value. */
const isMade = (node: Yaml): boolean => (node.kind === "list" ? node.items.some(isMade) : node.kind === "map" ? node.entries.some((entry) => isMade(entry.value)) : typeof node.value === "string" && node.tag !== "!unsafe" && isTemplate(node.value));

/** Blank lines where a thought ends: before a comment that follows code, and never two in a row. */
function spaced(lines: readonly string[]): string[] {
  const result: string[] = [];
  for (const line of lines) {
    if (line === "" && (result.length === 0 || result.at(-1) === "")) continue;
    result.push(line);
  }
  return result;
}

const withoutTexts = (text: string): string => text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').replaceAll(/(?:^|\s)\/\/.*$/gm, "");

const byName = (a: string, b: string): number => (a.toLowerCase() < b.toLowerCase() ? -1 : a.toLowerCase() > b.toLowerCase() ? 1 : a < b ? 1 : -1);

/** The entries of `main.yml` in a part of a role; also `main.yaml`. Encrypted files are gaps. */
export function mainOf(folder: string, part: string, root: string, report: Report): Yaml | undefined {
  const file = ["main.yml", "main.yaml", "main"].map((name) => path.join(folder, part, name)).find((name) => existsSync(name));
  if (file === undefined) return undefined;
  const shown = path.relative(root, file);
  if (readFileSync(file, "utf8").startsWith("$ANSIBLE_VAULT;")) {
    report.gap({ file: shown, line: 1, column: 1 }, shown, "a role's encrypted variables: put them into the inventory, which hawser decrypts");
    return undefined;
  }
  return readYaml(file, shown);
}

export const summaryOf = (meta: Yaml | undefined, otherwise: string): string => textOf(valueOf(valueOf(meta, "galaxy_info"), "description")) ?? otherwise;
