/** How wide a line may be before a call's options are put below each other. */
const WIDTH = 140;

/** A line of code, or several; what is inside of text that spans lines is not indented. */
export type Lines = readonly string[];

export const indent = (lines: Lines, by = 1): string[] => lines.map((line) => (line === "" ? "" : "  ".repeat(by) + line));

/** `{` body `}`, with what stands before the brace. */
export const block = (head: string, body: Lines, tail = "}"): string[] => [`${head} {`, ...indent(body), tail];

export type Option = readonly [name: string, code: string];

/** A property; `...name` is a call whose result is spread, with its arguments in place of a value. */
const property = ([name, code]: Option): string => (name.startsWith("...") ? `${name}(${code})` : name === code ? name : `${name}: ${code}`);

/** An object literal on one line. */
export function object(options: readonly Option[]): string {
  const [only] = options;
  if (options.length === 1 && only?.[0].startsWith("...") === true) return property(only).slice("...".length);
  return options.length === 0 ? "{}" : `{ ${options.map(property).join(", ")} }`;
}

/** A call with options last: on one line where that fits, else an option a line. */
export function call(head: string, args: readonly string[], options: readonly Option[], depth: number, tail = ");"): string[] {
  const positional = args.join(", ");
  const flat = `${head}(${[...args, ...(options.length > 0 ? [object(options)] : [])].join(", ")}${tail}`;
  const fits = flat.split("\n").every((line) => line.length + depth * 2 <= WIDTH);
  const isOneCall = options.length === 1 && options[0]?.[0].startsWith("...") === true;
  if (options.length === 0 || isOneCall || (fits && !flat.includes("\n"))) return [flat];
  return [`${head}(${positional}${positional === "" ? "" : ", "}{`, ...indent(options.map((option) => `${property(option)},`)), `}${tail}`];
}

/** The words of a text, as a name in TypeScript. */
export function camel(text: string): string {
  const words = text.replaceAll("'", "").match(/[A-Za-z0-9]+/g) ?? [];
  const name = words.map((word, i) => (i === 0 ? word.charAt(0).toLowerCase() + word.slice(1) : word.charAt(0).toUpperCase() + word.slice(1))).join("");
  const safe = /^[A-Za-z]/.test(name) ? name : `n${name}`;
  return RESERVED.has(safe) ? `${safe}_` : safe;
}

/** The words of a text with dashes, as roles are called. */
export function dashed(text: string): string {
  const name = (text.replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase().match(/[a-z0-9]+/g) ?? []).join("-");
  return /^[a-z]/.test(name) ? name : `role-${name}`;
}

/** Words of the language, and names that generated code has already. */
const RESERVED = new Set(["break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do", "else", "enum", "export", "extends", "false", "finally", "for", "function", "if", "import", "in", "instanceof", "new", "null", "return", "super", "switch", "this", "throw", "true", "try", "typeof", "var", "void", "while", "with", "let", "static", "yield", "await", "package", "interface", "private", "public", "ansible", "sh", "Sh", "z", "t", "vars", "facts", "host", "use", "secret", "Secret", "fixed", "defineRole", "play", "playbook", "UsageError", "computed", "module", "item"]);

/** A comment over as many lines as it has. */
export const comment = (text: string): string[] => text.split("\n").map((line) => `// ${line}`.trimEnd());
