import { TEXT, type Type } from "./types.ts";

/** How tightly the outermost operator of a piece of code binds, from loosest to tightest. */
export const LEVEL = { arrow: 1, conditional: 2, nullish: 3, or: 4, and: 5, equality: 8, relational: 9, sum: 11, product: 12, power: 13, unary: 14, postfix: 17, primary: 18 } as const;

/** A TypeScript expression. `maybe`: it may be undefined. */
export interface Code {
  readonly text: string;
  readonly level: number;
  readonly type: Type;
  readonly maybe?: true;
}

export const code = (text: string, type: Type, level: number = LEVEL.postfix): Code => ({ text, level, type });

/** The code's text, in brackets where it binds less tightly than its surroundings need. */
export function within({ text, level }: Code, needed: number): string {
  return level < needed ? `(${text})` : text;
}

/** A string literal. What would end a tag of ejs is written otherwise, so that one form fits both. */
export function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("<%", String.raw`\x3c%`).replaceAll("%>", String.raw`%\x3e`);
}

export const isIdentifier = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name);

/** A property's name in an object literal. */
export const keyOf = (name: string): string => (isIdentifier(name) ? name : quoted(name));

/** A part of an object. */
export function member(of: Code, name: string, type: Type, maybe = false): Code {
  const dot = of.maybe === true ? "?." : "";
  const text = isIdentifier(name) ? `${within(of, LEVEL.postfix)}${dot === "" ? "." : dot}${name}` : `${within(of, LEVEL.postfix)}${dot}[${quoted(name)}]`;
  return { text, level: LEVEL.postfix, type, ...((maybe || of.maybe === true) && { maybe: true as const }) };
}

/** A call of a method. */
export function method(of: Code, name: string, args: readonly string[], type: Type = of.type): Code {
  return code(`${within(of, LEVEL.postfix)}.${name}(${args.join(", ")})`, type);
}

/** Whether a template literal prints it as Jinja would. */
export const printsAlike = ({ kind, nullable }: Type): boolean => nullable !== true && (kind === "text" || kind === "number" || kind === "any");

/** A plain value as code. */
export function literal(value: unknown, type: Type): Code {
  if (typeof value === "string") return code(quoted(value), type, LEVEL.primary);
  if (typeof value === "number" && value < 0) return code(String(value), type, LEVEL.unary);
  return code(String(value), type, LEVEL.primary);
}

/** Pieces of a template literal; text is given as it shall be printed. */
export function interpolate(parts: readonly (string | Code)[]): Code {
  const inner = parts.map((part) => (typeof part === "string" ? JSON.stringify(part).slice(1, -1).replaceAll(String.raw`\"`, '"').replaceAll("`", "\\`").replaceAll("${", "\\${").replaceAll("<%", String.raw`\x3c%`).replaceAll("%>", String.raw`%\x3e`) : `\${${part.text}}`)).join("");
  return code(`\`${inner}\``, TEXT, LEVEL.primary);
}
