import { type Code, literal } from "./expression/code.ts";
import { Printer } from "./expression/print.ts";
import { Unconvertible } from "./expression/scope.ts";
import { TEXT } from "./expression/types.ts";
import type { Names } from "./names.ts";
import { joined, piecesOf, textValue, valueCode } from "./text.ts";
import { isTemplate, itemsOf, type Yaml, type YamlEntry, type YamlMap } from "./yaml.ts";

/** A module's arguments. What nobody asks for is refused in the end: nothing is dropped unseen. */
export class Args {
  readonly module: string;
  readonly names: Names;
  readonly #entries: readonly YamlEntry[];
  readonly #taken = new Set<string>();

  constructor(module: string, map: YamlMap, names: Names) {
    this.module = module;
    this.names = names;
    this.#entries = map.entries;
  }

  get printer(): Printer {
    return new Printer(this.names);
  }

  /** An argument under any of its names. One that says `omit`, or nothing, is not there. */
  node(...names: readonly string[]): Yaml | undefined {
    for (const name of names) this.#taken.add(name);
    const entry = this.#entries.find((one) => names.includes(one.name));
    const value = entry?.value;
    if (value?.kind === "scalar" && (value.value === null || (typeof value.value === "string" && /^\{\{\s*omit\s*\}\}$/.test(value.value)))) return undefined;
    return value;
  }

  has(name: string): boolean {
    return this.#entries.some((entry) => entry.name === name);
  }

  /** Arguments that change nothing here. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#taken.add(name);
  }

  value(...names: readonly string[]): Code | undefined {
    const node = this.node(...names);
    return node === undefined ? undefined : valueCode(node, this.names);
  }

  /** Text as code. A secret is refused unless `secrets` are taken. */
  text(names: string | readonly string[], { secrets = false }: { readonly secrets?: boolean } = {}): string | undefined {
    const value = this.value(...[names].flat());
    if (value === undefined) return undefined;
    if (value.type.kind === "secret") {
      if (!secrets) throw new Unconvertible(`a secret as ${[names].flat().join("/")}`, 0);
      return value.text;
    }
    // What may be undefined is left out then, which takes the default.
    return value.maybe === true || value.type.kind === "any" ? value.text : this.printer.text(value).text;
  }

  need(...names: readonly string[]): string {
    return this.text(names) ?? missing(this.module, names);
  }

  /** An absolute path: hawser takes none with an end of `/`. */
  path(...names: readonly string[]): string {
    const node = this.node(...names);
    if (node?.kind !== "scalar" || typeof node.value !== "string") return missing(this.module, names);
    const text = node.value.length > 1 ? node.value.replace(/\/+$/, "") : node.value;
    const value = textValue(text.replaceAll(/(?<!\{)\/\/+/g, "/"), this.names);
    return value.type.kind === "any" || value.maybe === true ? value.text : this.printer.text(value).text;
  }

  /** A word that decides what is written, so it must stand there. */
  word(name: string | readonly string[], otherwise: string): string {
    const node = this.node(...[name].flat());
    if (node === undefined) return otherwise;
    if (node.kind !== "scalar" || isTemplate(String(node.value))) throw new Unconvertible(`${[name].flat()[0]} is computed`, 0);
    return String(node.value);
  }

  /** A boolean that must stand there. */
  flag(name: string | readonly string[], otherwise: boolean): boolean {
    const word = this.word(name, String(otherwise));
    if (!/^(?:true|false|yes|no|on|off|1|0)$/i.test(word)) throw new Unconvertible(`${[name].flat()[0]}: ${word} is no boolean`, 0);
    return /^(?:true|yes|on|1)$/i.test(word);
  }

  /** A boolean as code. */
  bool(...names: readonly string[]): string | undefined {
    const value = this.value(...names);
    if (value === undefined) return undefined;
    if (value.type.kind === "text" && /^"(?:yes|true|on|1)"$/i.test(value.text)) return "true";
    if (value.type.kind === "text" && /^"(?:no|false|off|0)"$/i.test(value.text)) return "false";
    return value.type.kind === "boolean" || value.maybe === true ? value.text : this.printer.help("bool", [value], value.type).text;
  }

  number(...names: readonly string[]): string | undefined {
    const value = this.value(...names);
    if (value === undefined) return undefined;
    if (value.type.kind === "text" && /^"\d+"$/.test(value.text)) return value.text.slice(1, -1);
    return value.type.kind === "number" || value.type.kind === "any" || value.maybe === true ? value.text : this.printer.help("int", [value], value.type).text;
  }

  /** Several words: a list, or text with commas. */
  list(...names: readonly string[]): string | undefined {
    const node = this.node(...names);
    if (node === undefined) return undefined;
    if (node.kind === "scalar" && typeof node.value === "string" && !isTemplate(node.value)) return `[${node.value.split(",").map((word) => literal(word.trim(), TEXT).text).filter((word) => word !== '""').join(", ")}]`;
    const value = valueCode(node, this.names);
    if (value.type.kind === "text" && node.kind === "scalar") return `${this.printer.text(value).text}.split(",")`;
    return value.text;
  }

  /** A mode as four octal digits. */
  mode(name = "mode"): string | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    if (node.kind !== "scalar") throw new Unconvertible(`${name} is no mode`, 0);
    const written = typeof node.value === "number" ? node.source : String(node.value);
    const octal = /^0?o?([0-7]{3,4})$/.exec(written)?.[1];
    if (octal !== undefined) return literal(octal.padStart(4, "0"), TEXT).text;
    if (isTemplate(written)) {
      const value = textValue(written, this.names);
      return value.type.kind === "number" ? `${value.text}.toString(8).padStart(4, "0")` : value.text;
    }
    const symbolic = modeOf(written);
    if (symbolic === undefined) throw new Unconvertible(`the mode ${written} depends on what is there: write it as four digits`, 0);
    return literal(symbolic, TEXT).text;
  }

  pieces(name: string): (string | Code)[] | undefined {
    const node = this.node(name);
    return node?.kind === "scalar" ? piecesOf(String(node.value), this.names) : undefined;
  }

  joined(pieces: readonly (string | Code)[]): string {
    return joined(pieces, this.names).text;
  }

  items(name: string): readonly Yaml[] {
    return itemsOf(this.node(name));
  }

  /** @throws Unconvertible for an argument that nobody asked for */
  done(): void {
    const left = this.#entries.filter(({ name, value }) => !this.#taken.has(name) && !(value.kind === "scalar" && value.value === null)).map(({ name }) => name);
    if (left.length > 0) throw new Unconvertible(`${this.module} with ${left.join(", ")} has no counterpart`, 0);
  }
}

function missing(module: string, names: readonly string[]): never {
  throw new Unconvertible(`${module} without ${names[0]}`, 0);
}

/** `u=rw,g=r,o=` as digits, when it says all. */
function modeOf(text: string): string | undefined {
  const digits = { u: undefined, g: undefined, o: undefined } as Record<string, number | undefined>;
  for (const part of text.split(",")) {
    const [, who = "", what = ""] = /^([ugoa]+)=([rwx]*)$/.exec(part) ?? [];
    if (who === "") return undefined;
    for (const one of who.replace("a", "ugo")) digits[one] = (what.includes("r") ? 4 : 0) + (what.includes("w") ? 2 : 0) + (what.includes("x") ? 1 : 0);
  }
  const all = [digits["u"], digits["g"], digits["o"]];
  return all.includes(undefined) ? undefined : `0${all.join("")}`;
}
