import { block } from "./emit.ts";
import { keyOf } from "./expression/code.ts";
import { isScalar, type Type } from "./expression/types.ts";
import type { SchemaVar } from "./names.ts";

/** A type as zod has it. */
export function zodOf(type: Type): string {
  const own = zodKind(type);
  return type.nullable === true ? `${own}.nullable()` : own;
}

function zodKind(type: Type): string {
  switch (type.kind) {
    case "text":
      return "z.string()";
    case "number":
      return "z.number().int()";
    case "float":
      return "z.number()";
    case "boolean":
      return "z.boolean()";
    case "secret":
      return "secret";
    case "scalar":
      return "z.union([z.string(), z.number(), z.boolean()])";
    case "list":
      return `z.array(${zodOf(type.of)})`;
    case "record":
      return `z.record(z.string(), ${zodOf(type.of)})`;
    case "map": {
      const fields = [...type.fields];
      const [first] = fields;
      // Names that come and go name things, and are no fields.
      if (first !== undefined && fields.some(([, field]) => field.optional) && fields.every(([, field]) => isScalar(field.type) && field.type.kind === first[1].type.kind) && fields.length > 3) return `z.record(z.string(), ${zodOf(first[1].type)})`;
      return `z.strictObject({ ${fields.map(([name, field]) => `${keyOf(name)}: ${zodOf(field.type)}${field.optional ? ".optional()" : ""}`).join(", ")} })`;
    }
    case "null":
      return "z.any()";
    default:
      return "z.any()";
  }
}

/** The `vars` of a role. */
export function schemaLines(schema: ReadonlyMap<string, SchemaVar>): string[] {
  if (schema.size === 0) return ["z.strictObject({})"];
  return block("z.strictObject(", [...schema].flatMap(([name, { type, optional, fallback, unset }]) => {
    const tail = `${optional && fallback === undefined ? ".optional()" : ""}${fallback === undefined ? "" : type.kind === "secret" ? `.default(() => ${fallback})` : `.default(${fallback})`}`;
    const remark = unset === true && !optional ? [`// TODO nothing in the project sets it: is its type right?`] : [];
    return [...remark, `${keyOf(name)}: ${zodOf(type)}${tail},`];
  }), "})").map((line, i) => (i === 0 ? "z.strictObject({" : line));
}
