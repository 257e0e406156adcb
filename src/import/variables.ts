import { code, type Code, LEVEL, member } from "./expression/code.ts";
import { Unconvertible, type Scope } from "./expression/scope.ts";
import { ANY, merge, type Type, typeOf } from "./expression/types.ts";
import type { Known } from "./names.ts";
import type { Report } from "./report.ts";
import { textValue, valueCode } from "./text.ts";
import { isFilledIn } from "./filled-in.ts";
import { isTemplate, showPlace, type Yaml } from "./yaml.ts";

/** The variables that the inventory, plays and role parameters set: by their values one knows their types. */
export class Variables {
  readonly #values = new Map<string, Yaml[]>();
  readonly #ofInventory = new Set<Yaml>();
  readonly #resolving = new Set<string>();
  /** Files are encrypted as a whole: nobody knows which variables they hold. */
  sealed = false;

  /** @param isInventory Whether hawser reads it from the inventory, where it fills in simple templates itself. */
  add(name: string, value: Yaml, isInventory = false): void {
    if (isInventory) this.#ofInventory.add(value);
    const all = this.#values.get(name) ?? [];
    all.push(value);
    this.#values.set(name, all);
  }

  known(name: string): Known | undefined {
    const values = this.#values.get(name);
    if (values === undefined) return this.sealed && name.startsWith("vault_") ? { type: { kind: "secret" }, set: true } : undefined;
    if (this.#resolving.has(name)) return { type: ANY, set: true };
    this.#resolving.add(name);
    try {
      return { type: values.map((value) => this.typeOf(value)).reduce(mergeSecret), set: true };
    } finally {
      this.#resolving.delete(name);
    }
  }

  /** The type of a YAML value; what its templates give counts. */
  typeOf(node: Yaml): Type {
    if (node.kind === "list") return node.items.length === 0 ? typeOf([]) : { kind: "list", of: node.items.map((item) => this.typeOf(item)).reduce(mergeSecret) };
    if (node.kind === "map") return node.entries.length === 0 ? typeOf({}) : { kind: "map", fields: new Map(node.entries.map(({ name, value }) => [name, { type: this.typeOf(value), optional: false }])) };
    if (node.tag === "!vault") return { kind: "secret" };
    if (typeof node.value === "string" && node.tag !== "!unsafe" && isTemplate(node.value)) {
      try {
        return textValue(node.value, this.scope()).type;
      } catch (error) {
        if (error instanceof Unconvertible) return ANY;
        throw error;
      }
    }
    if (typeof node.value === "number" && /[.eE]/.test(node.source)) return { kind: "float" };
    return typeOf(node.value);
  }

  /** Names where the inventory's templates are worked out: other variables, and the host. */
  scope(): Scope {
    return {
      template: false,
      helper: (name) => `ansible.${name}`,
      given: (name) => {
        if (name === "facts") throw new Unconvertible("a variable that is made of facts: vars are known before a host is asked; make it in the role", 0);
        return name;
      },
      lookup: (name) => {
        const known = this.known(name);
        return known === undefined ? undefined : { ...member(code("vars", ANY), name, known.type) };
      },
    };
  }

  /** The functions that stand for the templates among all values, by their text; those that cannot be converted are gaps. */
  computed(report: Report): Map<string, Code> {
    const found = new Map<string, Code>();
    for (const [name, values] of this.#values) {
      for (const [value, leaf] of values.flatMap((one) => leaves(one).map((inner) => [one, inner] as const))) {
        if (this.#ofInventory.has(value) && leaf.kind === "scalar" && isFilledIn(String(leaf.value))) continue;
        if (leaf.kind !== "scalar" || typeof leaf.value !== "string" || leaf.tag === "!unsafe" || !isTemplate(leaf.value) || found.has(leaf.value)) continue;
        try {
          found.set(leaf.value, valueCode(leaf, this.scope()));
        } catch (error) {
          if (!(error instanceof Unconvertible)) throw error;
          report.gap(leaf, `the variable ${name}`, `${error.message} (${leaf.value})`);
          found.set(leaf.value, code(`ansible.unknown(${JSON.stringify(`${showPlace(leaf)}: ${error.message}`)})`, ANY, LEVEL.postfix));
        }
      }
    }
    return found;
  }
}

const leaves = (node: Yaml): Yaml[] => (node.kind === "list" ? node.items.flatMap(leaves) : node.kind === "map" ? node.entries.flatMap(({ value }) => leaves(value)) : [node]);

/** A value that is secret somewhere is treated as secret everywhere. */
export const mergeSecret = (a: Type, b: Type): Type => ((a.kind === "secret" && b.kind === "text") || (a.kind === "text" && b.kind === "secret") ? { kind: "secret" } : merge(a, b));
