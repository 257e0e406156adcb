import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { z, type Role } from "../../src/index.ts";
import type { Complaints } from "./complaints.ts";
import { inventorySchemas } from "./inventory-schemas.ts";
import { anchor, code, page, table } from "./markdown.ts";
import { describe, shapeOf, words } from "./zod-words.ts";

export interface RolePages {
  readonly page: string;
  /** File name to text. */
  readonly schemas: ReadonlyMap<string, string>;
}

interface Found {
  readonly folder: string;
  readonly role: Role;
}

/** Each role that stands in roles/, and a JSON Schema of its vars. */
export async function rolePages(root: string, complaints: Complaints): Promise<RolePages> {
  const roles = await rolesIn(root);
  const schemas = new Map<string, string>(roles.map(({ role }) => [`${role.name}.schema.json`, json(schemaOf(role))] as const));
  for (const [name, schema] of inventorySchemas(DRAFT, new Map(roles.map(({ role }) => [role.name, `${role.name}.schema.json`])))) schemas.set(name, json(schema));
  const intro = `The roles that come with hawser. \`use(role)\` takes the inventory's key named like the role; \`use(role, vars)\` takes what it is
given. [\`schemas\`](schemas) holds a JSON Schema for each, and those of [hosts.yml and files of variables](../inventory.md#in-an-editor).

${roles.map(({ role }) => `[${role.name}](#${anchor(role.name)})`).join(" · ")}`;
  return { page: page("Roles", intro, roles.flatMap(({ folder, role }) => section(root, folder, role, complaints))), schemas };
}

async function rolesIn(root: string): Promise<Found[]> {
  const folders = readdirSync(path.join(root, "roles"), { withFileTypes: true }).filter((entry) => entry.isDirectory() && existsSync(path.join(root, "roles", entry.name, "role.ts")));
  const found = folders
    .map(({ name }) => name)
    .sort()
    .map(async (folder): Promise<Found> => {
      const module = (await import(pathToFileURL(path.join(root, "roles", folder, "role.ts")).href)) as Record<string, unknown>;
      const role = Object.values(module).find((value): value is Role => typeof value === "object" && value !== null && "tasks" in value && "vars" in value && "folder" in value);
      if (!role) throw new Error(`roles/${folder}/role.ts: exports no role`);
      return { folder, role };
    });
  return await Promise.all(found);
}

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

function schemaOf(role: Role): Record<string, unknown> {
  const schema = z.toJSONSchema(role.vars, {
    io: "input",
    unrepresentable: "any",
    // A value behind a tag, such as `!secret`, is no plain text to a schema: it is left open.
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === "custom") jsonSchema.description ??= `${words(zodSchema as unknown as z.ZodType)}.`;
    },
  });
  // What a role needs may be said in parts: in the inventory, and in the playbook that mixes it.
  const { $schema: _, required: _needed, ...rest } = schema;
  return { $schema: DRAFT, title: `Vars of the role ${role.name}`, description: role.summary, ...rest };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function section(root: string, folder: string, role: Role, complaints: Complaints): string[] {
  const readme = existsSync(path.join(root, "roles", folder, "README.md")) ? [`More in its [README](../../roles/${folder}/README.md).`, ""] : [];
  const needed = (role.dependsOn ?? []).map((use) => code(use.name));
  const rows = varRows(root, folder, role, complaints);
  const exports = Object.entries(role.exports);
  return [
    `## ${role.name}`,
    "",
    role.summary,
    "",
    ...readme,
    ...(needed.length > 0 ? [`Brings ${needed.join(", ")} along.`, ""] : []),
    ...(rows.length > 0 ? [table(["var", "type", "default", "what it is"], rows), ""] : ["It takes no vars.", ""]),
    ...(exports.length > 0 ? [`Gives other hosts: ${exports.map(([name, schema]) => `${code(name)} (${words(schema)})`).join(", ")}.`, ""] : []),
  ];
}

/** A row for each var, those inside objects and lists of objects by their path. */
function varRows(root: string, folder: string, role: Role, complaints: Complaints): string[][] {
  const visit = (schema: z.ZodType, before: string): string[][] =>
    Object.entries(shapeOf(schema)).flatMap(([name, inner]) => {
      const { type, required, default: fallback } = describe(inner, new Map());
      const description = describedAs(inner);
      if (description === undefined) complaints.add(...placeOf(root, folder, name), `the var ${before}${name} of the role ${role.name} has no description (\`.describe("…")\`)`);
      const shown = fallback === undefined ? "" : code(JSON.stringify(fallback));
      return [[code(`${before}${name}`), type, required ? "required" : shown, description ?? ""], ...below(inner).flatMap(({ schema: deeper, mark }) => visit(deeper, `${before}${name}${mark}.`))];
    });
  return visit(role.vars, "");
}

function describedAs(schema: z.ZodType): string | undefined {
  if (schema.description !== undefined) return schema.description;
  const { innerType, in: source } = schema._zod.def as { innerType?: z.ZodType; in?: z.ZodType };
  const inner = innerType ?? source;
  return inner && describedAs(inner);
}

/** The objects inside a var: itself, its items, or the branches of a choice. */
function below(schema: z.ZodType): { readonly schema: z.ZodType; readonly mark: string }[] {
  const def = schema._zod.def as { type: string; innerType?: z.ZodType; in?: z.ZodType; element?: z.ZodType; options?: readonly z.ZodType[]; valueType?: z.ZodType };
  if (def.type === "object") return [{ schema, mark: "" }];
  if (def.type === "array" && def.element) return below(def.element).map((inner) => ({ ...inner, mark: `[]${inner.mark}` }));
  if (def.type === "record" && def.valueType) return below(def.valueType).map((inner) => ({ ...inner, mark: `.*${inner.mark}` }));
  if (def.type === "union" && def.options) return def.options.flatMap(below);
  const inner = def.innerType ?? def.in;
  return inner ? below(inner) : [];
}

/** The line of the role's files that declares a var, as far as its name tells. */
function placeOf(root: string, folder: string, name: string): [file: string, line: number] {
  const pattern = new RegExp(`^\\s*(?:"${name}"|${name.replaceAll(/[^\w]/g, "\\$&")})\\s*[:,]`);
  for (const file of readdirSync(path.join(root, "roles", folder)).filter((each) => each.endsWith(".ts") && !each.endsWith(".test.ts"))) {
    const at = readFileSync(path.join(root, "roles", folder, file), "utf8").split("\n").findIndex((line) => pattern.test(line));
    if (at >= 0) return [`roles/${folder}/${file}`, at + 1];
  }
  return [`roles/${folder}/role.ts`, 1];
}
