import { Secret } from "../shell/index.ts";
import type { Expr } from "../jinja/ast.ts";
import { isTemplate, parseTemplate, TemplateTrouble } from "./jinja.ts";
import { applyFilter, FilterTrouble, joined, Missing } from "./jinja-filters.ts";
import type { Place } from "./problem.ts";
import { didYouMean } from "./suggest.ts";
import { toValue, type Entry, type Leaf, type Tree } from "./tree.ts";

/** A template that cannot be filled in, and where it stands. */
export class TemplateFailure extends Error {
  readonly place: Place;
  readonly hint: string | undefined;

  constructor(message: string, place: Place, hint?: string) {
    super(message);
    this.place = place;
    this.hint = hint;
  }
}

/** Something that is looked up by key only when it is asked for. */
export interface Lookup {
  readonly lookup: (key: string) => unknown;
}

const templated = new WeakMap<Tree, boolean>();

/** True when a text in the tree is a template. */
export function holdsTemplate(tree: Tree): boolean {
  if (tree.kind === "leaf") return leafIsTemplate(tree);
  const known = templated.get(tree);
  if (known !== undefined) return known;
  const found = tree.kind === "list" ? tree.items.some(holdsTemplate) : [...tree.entries.values()].some((entry) => holdsTemplate(entry.tree));
  templated.set(tree, found);
  return found;
}

function leafIsTemplate(leaf: Leaf): boolean {
  return typeof leaf.value === "string" && leaf.raw !== true && isTemplate(leaf.value);
}

/**
 * The variables of one host with `{{ }}` filled in, each only when it is asked for, as Ansible does.
 *
 * A text that is one reference as a whole gives the value itself, of whatever type.
 */
export class HostValues {
  readonly #vars: ReadonlyMap<string, Entry>;
  readonly #magic: (name: string) => unknown;
  readonly #known = new Map<string, unknown>();
  readonly #open: string[] = [];

  /** @param magic Names that are no variables, such as `inventory_hostname`; undefined for others. */
  constructor(vars: ReadonlyMap<string, Entry>, magic: (name: string) => unknown) {
    this.#vars = vars;
    this.#magic = magic;
  }

  /** A variable; Missing when there is none. @throws TemplateFailure */
  value(name: string): unknown {
    if (this.#known.has(name)) return this.#known.get(name);
    const entry = this.#vars.get(name);
    if (entry === undefined) return this.#magic(name) ?? new Missing(`there is no variable ${name}`, didYouMean(name, this.#vars.keys()));
    if (this.#open.includes(name)) throw new TemplateFailure(`${name} refers to itself: ${[...this.#open.slice(this.#open.indexOf(name)), name].join(" > ")}`, entry.key);
    this.#open.push(name);
    try {
      const value = this.fill(entry.tree);
      this.#known.set(name, value);
      return value;
    } finally {
      this.#open.pop();
    }
  }

  /** A value with its templates filled in, deeply frozen. @throws TemplateFailure */
  fill(tree: Tree): unknown {
    if (!holdsTemplate(tree)) return toValue(tree);
    if (tree.kind === "list") return Object.freeze(tree.items.map((item) => this.fill(item)));
    if (tree.kind === "mapping") return Object.freeze(Object.fromEntries([...tree.entries].map(([key, entry]) => [key, this.fill(entry.tree)])));
    try {
      return this.#text(String(tree.value));
    } catch (error) {
      const why = error instanceof TemplateTrouble ? { message: error.message, hint: error.hint } : error instanceof FilterTrouble ? { message: error.message, hint: undefined } : undefined;
      if (why === undefined) throw error;
      throw new TemplateFailure(`this template cannot be filled in: ${why.message}`, tree.place, why.hint);
    }
  }

  #text(text: string): unknown {
    const values = parseTemplate(text).map((piece) => (typeof piece === "string" ? piece : this.#present(piece)));
    return values.length === 1 ? values[0] : joined(values);
  }

  #present(expression: Expr): unknown {
    const value = this.#evaluate(expression);
    if (value instanceof Missing) throw new TemplateTrouble(value.message, value.hint);
    if (isLookup(value)) throw new TemplateTrouble("name one variable of one host", "{{ hostvars['la-1'].name }}");
    return value;
  }

  #evaluate(expression: Expr): unknown {
    switch (expression.type) {
      case "literal":
        return expression.value;
      case "list":
        return expression.items.map((item) => this.#present(item));
      case "unary":
        return -Number(this.#evaluate(expression.of));
      case "name":
        return this.value(expression.name);
      case "attribute":
        return stepInto(this.#evaluate(expression.of), expression.name);
      case "index":
        return stepInto(this.#evaluate(expression.of), this.#evaluate(expression.index));
      case "filter":
        return applyFilter(expression.name, this.#evaluate(expression.of), expression.args.map((arg) => this.#evaluate(arg)));
      default:
        throw new TypeError(`${expression.type} is refused by parseTemplate`);
    }
  }
}

function isLookup(value: unknown): value is Lookup {
  return typeof value === "object" && value !== null && "lookup" in value && typeof value.lookup === "function";
}

function stepInto(of: unknown, key: unknown): unknown {
  if (of instanceof Missing || key instanceof Missing) return of instanceof Missing ? of : key;
  if (isLookup(of)) return of.lookup(String(key));
  if (of instanceof Secret) throw new TemplateTrouble("a secret has no parts");
  if (Array.isArray(of) && typeof key === "number") return of.at(key) ?? new Missing(`the list has no item ${key}`);
  if (typeof of === "object" && of !== null && !Array.isArray(of) && Object.hasOwn(of, String(key))) return (of as Record<string, unknown>)[String(key)];
  return new Missing(`there is no ${String(key)} in it`, typeof of === "object" && of !== null && !Array.isArray(of) ? didYouMean(String(key), Object.keys(of)) : undefined);
}

/** A filled-in value as a tree again, all of it at the place of the template. */
export function asTree(value: unknown, place: Place): Tree {
  if (Array.isArray(value)) return { kind: "list", place, items: value.map((item) => asTree(item, place)) };
  if (typeof value === "object" && value !== null && !(value instanceof Secret)) {
    return { kind: "mapping", place, entries: new Map(Object.entries(value).map(([key, item]) => [key, { key: place, tree: asTree(item, place) }])) };
  }
  return { kind: "leaf", place, value: value as Leaf["value"] };
}
