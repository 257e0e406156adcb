import { Secret, Sh, Value, type z } from "../../src/index.ts";

/** What of a schema's inside is looked at. zod gives each kind of schema its own definition. */
interface Def {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly defaultValue?: unknown;
  readonly options?: readonly z.ZodType[];
  readonly element?: z.ZodType;
  readonly items?: readonly z.ZodType[];
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly entries?: Readonly<Record<string, string | number>>;
  readonly values?: readonly unknown[];
  readonly keyType?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
  readonly getter?: () => z.ZodType;
  readonly checks?: readonly { readonly _zod: { readonly def: { readonly check: string; readonly format?: string; readonly value?: number; readonly inclusive?: boolean } } }[];
}

const defOf = (schema: z.ZodType): Def => schema._zod.def;

/** Samples of what custom schemas take, with their names. */
const SAMPLES: readonly (readonly [unknown, string])[] = [
  ["text", "text"],
  [Buffer.from("bytes"), "a Buffer"],
  [new Secret("a secret of some length"), "a Secret"],
  [new Sh(["true"]), "a command (sh`…`)"],
  [() => undefined, "a function"],
  [/x/, "a regular expression"],
];

const takes = (schema: z.ZodType | undefined, value: unknown): boolean => schema !== undefined && schema.safeParse(value).success;

/** True for what `late()` makes: the schema, or a late value, or a function of late values. */
export function isLate(schema: z.ZodType): boolean {
  const { type, options, innerType } = defOf(schema);
  if (innerType && ["optional", "default", "nullable"].includes(type)) return isLate(innerType);
  return type === "union" && options?.length === 3 && takes(options[1], Value.pending("x").value) && !takes(options[1], "x") && takes(options[2], () => undefined);
}

/** True when a late value may stand in a list. */
export function holdsLate(schema: z.ZodType): boolean {
  const { element, innerType } = defOf(schema);
  return isLate(schema) || (innerType !== undefined && holdsLate(innerType)) || (element !== undefined && holdsLate(element));
}

export interface Described {
  readonly type: string;
  readonly required: boolean;
  readonly default: unknown;
}

/** @param named Schemas that have a name of their own. */
export function describe(schema: z.ZodType, named: ReadonlyMap<z.ZodType, string>): Described {
  const { type, innerType, defaultValue } = defOf(schema);
  if (innerType && type === "optional") return { ...describe(innerType, named), required: false };
  if (innerType && (type === "default" || type === "prefault")) return { ...describe(innerType, named), required: false, default: defaultValue };
  return { type: words(schema, named), required: true, default: undefined };
}

export function words(schema: z.ZodType, named: ReadonlyMap<z.ZodType, string> = new Map(), depth = 0): string {
  const name = named.get(schema);
  if (name !== undefined) return name;
  const def = defOf(schema);
  const inner = (each: z.ZodType | undefined): string => (each ? words(each, named, depth + 1) : "anything");
  if (depth > 6) return "…";
  switch (def.type) {
    case "string":
      return textWords(def);
    case "number":
      return numberWords(def);
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "enum":
      return Object.values(def.entries ?? {}).map(literal).join(" or ");
    case "literal":
      return (def.values ?? []).map(literal).join(" or ");
    case "optional":
    case "default":
    case "prefault":
    case "readonly":
    case "nonoptional":
      return inner(def.innerType);
    case "nullable":
      return `${inner(def.innerType)}, or null`;
    case "union":
      return isLate(schema) ? inner(def.options?.[0]) : [...new Set((def.options ?? []).map(inner))].join(", or ");
    case "array":
      return `list of ${inner(def.element)}`;
    case "tuple":
      return `list of ${(def.items ?? []).map(inner).join(", ")}`;
    case "record":
      return `map of ${inner(def.valueType)}`;
    case "object":
      return `object with ${Object.keys(def.shape ?? {}).join(", ")}`;
    case "pipe":
      return inner(def.in);
    case "lazy":
      return "any plain value, Secrets in it too";
    case "custom":
      return SAMPLES.filter(([sample]) => takes(schema, sample)).map(([, what]) => what).join(", ") || "a value of its own type";
    default:
      return def.type;
  }
}

const literal = (value: unknown): string => `\`${JSON.stringify(value)}\``;

function textWords(def: Def): string {
  const format = (def as { format?: string }).format ?? def.checks?.find((check) => check._zod.def.check === "string_format")?._zod.def.format;
  const names: Readonly<Record<string, string>> = { url: "a URL", ipv4: "an IPv4 address", ipv6: "an IPv6 address", cidrv4: "an IPv4 network", cidrv6: "an IPv6 network", email: "an e-mail address" };
  return names[format ?? ""] ?? "text";
}

function numberWords(def: Def): string {
  const checks = (def.checks ?? []).map((check) => check._zod.def);
  const whole = checks.some(({ check, format }) => check === "number_format" && format === "safeint") || (def as { format?: string }).format === "safeint";
  const limit = (check: string, inside: string, outside: string): string => {
    const found = checks.find((each) => each.check === check && Number.isSafeInteger(each.value) && Math.abs(each.value ?? 0) < Number.MAX_SAFE_INTEGER);
    return found ? ` ${found.inclusive === true ? inside : outside} ${found.value}` : "";
  };
  return `${whole ? "whole number" : "number"}${limit("greater_than", "from", "above")}${limit("less_than", "to", "below")}`;
}

export function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> {
  const { shape, innerType, in: source } = defOf(schema);
  return shape ?? (innerType ? shapeOf(innerType) : source ? shapeOf(source) : {});
}
