/** What is known of a value's type; `any` where nothing is. `scalar` is text, a number or a boolean, one of these. */
export type Type = {
  readonly nullable?: true;
  /** Of text: it holds blanks or what means something to a shell. */
  readonly loose?: true;
} & (
  | { readonly kind: "text" | "number" | "float" | "boolean" | "null" | "secret" | "scalar" | "any" }
  | { readonly kind: "list"; readonly of: Type }
  | { readonly kind: "map"; readonly fields: ReadonlyMap<string, Field> }
  | { readonly kind: "record"; readonly of: Type }
);

export interface Field {
  readonly type: Type;
  readonly optional: boolean;
}

export const ANY: Type = { kind: "any" };
export const TEXT: Type = { kind: "text" };
export const NUMBER: Type = { kind: "number" };
export const BOOLEAN: Type = { kind: "boolean" };
export const listOf = (of: Type): Type => ({ kind: "list", of });

const SCALARS = new Set(["text", "number", "float", "boolean", "scalar"]);
export const isScalar = ({ kind }: Type): boolean => SCALARS.has(kind);

/** The narrowest type that holds both. */
export function merge(a: Type, b: Type): Type {
  const nullable = a.nullable === true || b.nullable === true || (a.kind === "null") !== (b.kind === "null");
  const merged = mergeKinds(a, b);
  return nullable && merged.kind !== "any" && merged.kind !== "null" ? { ...merged, nullable: true } : merged;
}

function mergeKinds(a: Type, b: Type): Type {
  if (a.kind === "null") return b;
  if (b.kind === "null") return a;
  if (a.kind === "list" && b.kind === "list") return isUnknown(a) ? b : isUnknown(b) ? a : listOf(merge(a.of, b.of));
  if (a.kind === "record" && b.kind === "record") return isUnknown(a) ? b : isUnknown(b) ? a : { kind: "record", of: merge(a.of, b.of) };
  if (a.kind === "map" && b.kind === "map") {
    const names = [...new Set([...a.fields.keys(), ...b.fields.keys()])];
    return {
      kind: "map",
      fields: new Map(names.map((name): [string, Field] => {
        const [left, right] = [a.fields.get(name), b.fields.get(name)];
        const optional = left === undefined || right === undefined || left.optional || right.optional;
        return [name, { type: merge(left?.type ?? (right as Field).type, right?.type ?? (left as Field).type), optional }];
      })),
    };
  }
  if (isUnknown(a) && (b.kind === "map" || b.kind === "record")) return b;
  if (isUnknown(b) && (a.kind === "map" || a.kind === "record")) return a;
  if (a.kind === b.kind) return a.loose === true ? a : b;
  if (isScalar(a) && isScalar(b)) return { kind: new Set([a.kind, b.kind, "number", "float"]).size === 2 ? "float" : "scalar" };
  return ANY;
}

/** An empty list or map says nothing of what will be in it. */
const isUnknown = (type: Type): boolean => (type.kind === "list" || type.kind === "record") && type.of.kind === "any";

/** @param known Whether the names of a map are all there is; a map from names of any kind to values of one type is a record. */
export function typeOf(value: unknown): Type {
  if (value === null || value === undefined) return { kind: "null" };
  if (typeof value === "string") return /^[\w@%+=:,./-]*$/.test(value) ? TEXT : { kind: "text", loose: true };
  if (typeof value === "boolean") return BOOLEAN;
  if (typeof value === "number") return { kind: Number.isInteger(value) ? "number" : "float" };
  if (Array.isArray(value)) return listOf(value.length === 0 ? ANY : value.map(typeOf).reduce(merge));
  if (typeof value !== "object") return ANY;
  const entries = Object.entries(value);
  if (entries.length === 0) return { kind: "record", of: ANY };
  return { kind: "map", fields: new Map(entries.map(([name, inner]) => [name, { type: typeOf(inner), optional: false }])) };
}

/** The type of a map's values, as in a loop over all of them. */
export function valuesOf(type: Type): Type {
  if (type.kind === "record") return type.of;
  return type.kind === "map" && type.fields.size > 0 ? [...type.fields.values()].map((field) => field.type).reduce(merge) : ANY;
}
