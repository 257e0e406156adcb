import { code, type Code, LEVEL, quoted, within } from "./expression/code.ts";
import { asList } from "./expression/list-filters.ts";
import { Printer } from "./expression/print.ts";
import { type Loop, type Scope, Unconvertible } from "./expression/scope.ts";
import { ANY, type Type } from "./expression/types.ts";
import type { Expr, Node } from "../jinja/ast.ts";
import { parseTemplate } from "../jinja/parse-template.ts";

/** A part of a template that has no counterpart: it fails where it is reached, and says this. */
export interface TemplateGap {
  /** Offset in the template. */
  readonly at: number;
  readonly why: string;
  readonly source: string;
}

export interface ConvertedTemplate {
  readonly text: string;
  readonly gaps: readonly TemplateGap[];
  /** Templates that this one includes, by the names that it gives them. */
  readonly includes: readonly string[];
}

/**
 * Converts a Jinja2 template to ejs. Whitespace control is worked out, so that the result prints what Jinja2 would with
 * Ansible's settings.
 * @param place Names the template and the line of an offset, for the marks.
 * @throws JinjaError when it is not understood at all.
 */
export function convertTemplate(text: string, scope: Scope, place: (at: number) => string): ConvertedTemplate {
  const header = /^#jinja2:([^\n]*)\n/.exec(text);
  const option = (name: string): boolean | undefined => {
    const found = new RegExp(`${name}\\s*:\\s*['"]?(true|false)`, "i").exec(header?.[1] ?? "")?.[1];
    return found === undefined ? undefined : found.toLowerCase() === "true";
  };
  const nodes = parseTemplate(header === null ? text : text.slice(header[0].length), { trimBlocks: option("trim_blocks") ?? true, lstripBlocks: option("lstrip_blocks") ?? false });
  const writer = new Writer(place, header?.[0].length ?? 0);
  return { text: writer.write(nodes, scope), gaps: writer.gaps, includes: writer.includes };
}

class Writer {
  readonly gaps: TemplateGap[] = [];
  readonly includes: string[] = [];
  readonly #place: (at: number) => string;
  readonly #offset: number;
  #depth = 0;

  constructor(place: (at: number) => string, offset: number) {
    this.#place = place;
    this.#offset = offset;
  }

  /** The nodes as ejs. Names that are set hold until the end of the list, and of the list around an `if`. */
  write(nodes: readonly Node[], scope: Scope): string {
    const names = setInBranches(nodes);
    const local = new Map<string, Code>();
    const inner = withNames(scope, local);
    const declared = new Set<string>();
    let out = "";
    for (const name of names) {
      declared.add(name);
      local.set(name, code(name, ANY, LEVEL.primary));
      out += `<% let ${name}; -%>\n`;
    }
    return out + this.#list(nodes, inner, local, declared);
  }

  #list(nodes: readonly Node[], scope: Scope, local: Map<string, Code>, declared: Set<string>): string {
    return nodes.map((node, i) => this.#node(node, nodes[i + 1], scope, local, declared)).join("");
  }

  #node(node: Node, next: Node | undefined, scope: Scope, local: Map<string, Code>, declared: Set<string>): string {
    try {
      return this.#convert(node, next, scope, local, declared);
    } catch (error) {
      if (!(error instanceof Unconvertible)) throw error;
      return this.#gap(node, error.at, error.message, next);
    }
  }

  #convert(node: Node, next: Node | undefined, scope: Scope, local: Map<string, Code>, declared: Set<string>): string {
    switch (node.type) {
      case "text":
        return escapeText(node.text);
      case "comment":
        return `<%#${node.text.trimEnd().replaceAll("%>", "% >").replaceAll("<%", "< %")}${end(next)}`;
      case "print": {
        const printer = new Printer(scope);
        const fixed = /^"(?:[^"\\]|\\.)*"$/.exec(printer.value(node.value).text)?.[0];
        if (fixed !== undefined) return escapeText(JSON.parse(fixed.replaceAll(String.raw`\x`, String.raw`\u00`)) as string);
        return `<%= ${printer.printed(printer.value(node.value)).text} %>`;
      }
      case "set": {
        const value = new Printer(scope).value(node.value);
        const isNew = !declared.has(node.name);
        declared.add(node.name);
        // What a name was set to in a branch may be of any type.
        if (isNew) local.set(node.name, code(node.name, value.type, LEVEL.primary));
        return `<% ${isNew ? "let " : ""}${node.name} = ${value.text};${end(next)}`;
      }
      case "if":
        return this.#if(node, next, scope, local, declared);
      case "for":
        return this.#for(node, next, scope);
      case "include": {
        if (node.name.type !== "literal" || typeof node.name.value !== "string") throw new Unconvertible("an included template whose name is computed", node.at);
        this.includes.push(node.name.value);
        return `<%- include(${quoted(ejsName(node.name.value))})${end(next)}`;
      }
      default:
        throw new Unconvertible(node.why, node.at);
    }
  }

  #if(node: Extract<Node, { type: "if" }>, next: Node | undefined, scope: Scope, local: Map<string, Code>, declared: Set<string>): string {
    let out = "";
    node.branches.forEach(({ test, body }, i) => {
      const condition = new Printer(scope).condition(test).text;
      out += `<% ${i === 0 ? "" : "} else "}if (${condition}) {${end(body[0] ?? END)}${this.#list(body, scope, local, declared)}`;
    });
    if (node.otherwise !== undefined) out += `<% } else {${end(node.otherwise[0] ?? END)}${this.#list(node.otherwise, scope, local, declared)}`;
    return `${out}<% }${end(next)}`;
  }

  #for(node: Extract<Node, { type: "for" }>, next: Node | undefined, scope: Scope): string {
    const printer = new Printer(scope);
    const pairs = dictItems(node.list);
    let list = pairs === undefined ? asList(printer, printer.value(node.list)) : printer.value(node.list);
    const itemType: Type = list.type.kind === "list" ? list.type.of : ANY;
    const local = new Map<string, Code>();
    if (node.names.length === 1) local.set(node.names[0] ?? "", code(node.names[0] ?? "", itemType, LEVEL.primary));
    else node.names.forEach((name, i) => local.set(name, code(name, partType(itemType, i, pairs === undefined ? undefined : list.type), LEVEL.primary)));
    const item = node.names.length === 1 ? (node.names[0] ?? "") : `[${node.names.join(", ")}]`;
    if (node.only !== undefined) list = code(`${within(list, LEVEL.postfix)}.filter((${item}) => ${new Printer(withNames(scope, local)).condition(node.only).text})`, list.type);

    this.#depth += 1;
    const counter = ["i", "j", "k", "l"][this.#depth - 1] ?? `i${this.#depth}`;
    let counted = false;
    let listed = false;
    // A list that is worked out is named, so that it is worked out once.
    const isPath = /^[\w.$]+$/.test(list.text);
    const name = isPath ? list.text : `list${this.#depth === 1 ? "" : this.#depth}`;
    const loop: Loop = {
      counter: () => {
        counted = true;
        return counter;
      },
      get list() {
        listed = true;
        return name;
      },
    };
    const inner: Scope = { ...scopeParts(scope), lookup: (asked, optional) => local.get(asked) ?? scope.lookup(asked, optional), loop };
    const body = this.write(node.body, inner);
    this.#depth -= 1;
    const needsName = !isPath && (listed || node.otherwise !== undefined);
    const over = needsName || isPath ? name : list.text;
    const head = counted ? `for (const [${counter}, ${item}] of ${isPath || needsName ? name : within(list, LEVEL.postfix)}.entries())` : `for (const ${item} of ${over})`;
    const otherwise = node.otherwise === undefined ? "" : `<% if (${name}.length === 0) {${end(node.otherwise[0] ?? END)}${this.write(node.otherwise, scope)}<% }${end(next)}`;
    const open = needsName ? `{ const ${name} = ${list.text}; ` : "";
    const close = needsName ? " }" : "";
    const first = node.body[0] ?? END;
    return otherwise === "" ? `<% ${open}${head} {${end(first)}${body}<% }${close}${end(next)}` : `<% ${open}${head} {${end(first)}${body}<% } -%>\n${otherwise.replace(/ (-?)%>(\n?)$/, `${close} $1%>$2`)}`;
  }

  /** What cannot be said fails with its place where it is reached. */
  #gap(node: Node, at: number, why: string, next: Node | undefined): string {
    const source = "source" in node ? node.source : "";
    this.gaps.push({ at: at + this.#offset, why, source });
    const message = `${this.#place(at + this.#offset)} was not converted: ${why}`;
    return `<%# TODO ${message.replaceAll("%>", "% >").replaceAll("<%", "< %")}${source === "" ? "" : `: ${source.replaceAll("%>", "% >").replaceAll("<%", "< %").replaceAll(/\s+/g, " ")}`} %><% throw new Error(${quoted(message)});${node.type === "print" || node.type === "include" ? " %>" : end(next)}`;
  }
}

const END: Node = { type: "text", text: "", swallowed: false, at: 0 };

/** How a tag ends: the line break that Jinja2 took after it is taken by ejs as well, so that lines stay lines. */
const end = (next: Node | undefined): string => (next?.type === "text" && next.swallowed ? " -%>\n" : " %>");

const escapeText = (text: string): string => text.replaceAll("<%", "<%%").replaceAll("%>", "%%>");

export const ejsName = (name: string): string => `${name.replace(/\.(?:j2|jinja2?)$/, "")}.ejs`;

/** A call of `items()`, or `dictsort`, whose items are pairs. */
function dictItems(list: Expr): Expr | undefined {
  return list.type === "call" && list.of.type === "attribute" && list.of.name === "items" ? list.of.of : undefined;
}

function partType(item: Type, index: number, pairs: Type | undefined): Type {
  if (pairs !== undefined && index === 0) return { kind: "text" };
  return item.kind === "list" ? (item.of.kind === "text" || pairs !== undefined ? item.of : ANY) : ANY;
}

/** Names that an `if` in the list sets: they hold after it. */
function setInBranches(nodes: readonly Node[]): string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  const visit = (list: readonly Node[], deep: boolean): void => {
    for (const node of list) {
      if (node.type === "set") {
        if (deep && !seen.has(node.name)) found.add(node.name);
        if (!deep) seen.add(node.name);
      }
      if (node.type === "if") for (const body of [...node.branches.map((branch) => branch.body), node.otherwise ?? []]) visit(body, true);
    }
  };
  visit(nodes, false);
  return [...found];
}

function scopeParts(scope: Scope): Omit<Scope, "lookup" | "loop"> {
  return { template: scope.template, helper: (name) => scope.helper(name), given: (name) => scope.given(name) };
}

function withNames(scope: Scope, names: ReadonlyMap<string, Code>): Scope {
  return { ...scopeParts(scope), lookup: (asked, optional) => names.get(asked) ?? scope.lookup(asked, optional), ...(scope.loop && { loop: scope.loop }) };
}
