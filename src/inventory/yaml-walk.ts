import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Pair, type Scalar, type YAMLMap } from "yaml";
import { Secret } from "../shell/index.ts";
import type { LoadContext } from "./load-context.ts";
import type { Place } from "./problem.ts";
import { scalarTrap } from "./scalar-traps.ts";
import { SECRET_TAGS, type SecretTag, type Tagged } from "./secrets.ts";
import { didYouMean } from "./suggest.ts";
import type { Entry, Leaf, List, Mapping, Tree } from "./tree.ts";
import type { Source } from "./yaml.ts";

/** A leaf whose secret is still to be fetched. */
interface Pending {
  readonly leaf: { value: Leaf["value"] };
  readonly tag: SecretTag;
  readonly tagAt: number;
  readonly text: Tagged;
}

/** Tags that do not change what a value is: YAML's own, which the parser has applied, and Ansible's `!unsafe`. */
const PLAIN_TAGS = new Set(["!unsafe", "!", ...["str", "int", "float", "bool", "null", "map", "seq"].map((name) => `tag:yaml.org,2002:${name}`)]);

/** Turns one parsed document into a Tree: resolves aliases and merges, finds repeated keys, unknown tags and ambiguous scalars. */
export class YamlWalk {
  readonly pending: Pending[] = [];
  readonly #load: LoadContext;
  readonly #document: Document;
  readonly #source: Source;
  readonly #placeAt: (offset: number) => Place;
  readonly #done = new Map<Node, Tree>();
  readonly #open = new Set<Node>();

  constructor(load: LoadContext, document: Document, source: Source, placeAt: (offset: number) => Place) {
    this.#load = load;
    this.#document = document;
    this.#source = source;
    this.#placeAt = placeAt;
  }

  run(): Tree {
    return this.#tree(this.#document.contents, this.#placeAt(0));
  }

  #tree(node: unknown, fallback: Place, key?: string): Tree {
    if (isAlias(node)) return this.#alias(node, key);
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return { kind: "leaf", place: fallback, value: null };
    const known = this.#done.get(node);
    if (known !== undefined) return known;
    this.#open.add(node);
    const tree = this.#fresh(node, key);
    this.#open.delete(node);
    this.#done.set(node, tree);
    return tree;
  }

  #fresh(node: Node, key: string | undefined): Tree {
    const place = this.#placeOf(node);
    const tagged = this.#tagged(node, place);
    if (tagged !== undefined) return tagged;
    if (isMap(node)) return (this.#source.json === true ? this.#secretIn(node, place) : undefined) ?? this.#mapping(node, place);
    if (isSeq(node)) return { kind: "list", place, items: node.items.map((item) => this.#tree(item, place)) } satisfies List;
    return this.#scalar(node as Scalar, place, key);
  }

  #alias(node: Node, key: string | undefined): Tree {
    const place = this.#placeOf(node);
    const target = isAlias(node) ? node.resolve(this.#document) : undefined;
    const empty: Leaf = { kind: "leaf", place, value: null };
    if (target === undefined) {
      this.#load.problem(place, "this alias has no anchor before it in the file");
      return empty;
    }
    if (this.#open.has(target)) {
      this.#load.problem(place, "this alias stands inside its own anchor");
      return empty;
    }
    return this.#tree(target, place, key);
  }

  /** The pending leaf of a secret's tag; undefined for a node to be read by its shape. */
  #tagged(node: Node, place: Place): Leaf | undefined {
    const tag = node.tag;
    if (tag === undefined || PLAIN_TAGS.has(tag)) return undefined;
    const shown = tag.replace("tag:yaml.org,2002:", "!!");
    const tagAt = Math.max(0, this.#source.text.lastIndexOf(shown, node.range?.[0] ?? 0));
    const leaf = { kind: "leaf" as const, place, value: null };
    const words = tag === "!command" ? this.#words(node, tagAt) : undefined;
    const text = isScalar(node) && typeof node.value === "string" ? node.value : "";
    const secret = SECRET_TAGS.find((known) => known === tag);
    if (secret === undefined) {
      this.#load.problem(this.#placeAt(tagAt), `unknown tag ${shown}`, didYouMean(shown, SECRET_TAGS) ?? `known tags: ${SECRET_TAGS.join(" ")}`);
    } else if (secret === "!command") {
      if (words !== undefined) this.pending.push({ leaf, tag: secret, tagAt, text: words });
    } else if (text.trim() === "") {
      this.#load.problem(this.#placeAt(tagAt), `${tag} needs a text behind it`);
    } else {
      this.pending.push({ leaf, tag: secret, tagAt, text });
    }
    return leaf;
  }

  /** JSON has no tags: `{"!env": "NAME"}`, and Ansible's own `{"__ansible_vault": "…"}` and `{"__ansible_unsafe": "…"}`. */
  #secretIn(node: YAMLMap, place: Place): Leaf | undefined {
    const [pair, ...more] = node.items;
    const { key, value } = pair ?? {};
    if (more.length > 0 || !isScalar(key) || !isScalar(value) || typeof value.value !== "string") return undefined;
    if (key.value === "__ansible_unsafe") return { kind: "leaf", place, value: value.value, raw: true };
    const wanted = key.value === "__ansible_vault" ? "!vault" : key.value;
    const tag = SECRET_TAGS.find((known) => known === wanted && known !== "!command");
    if (tag === undefined) return undefined;
    const leaf = { kind: "leaf" as const, place, value: null };
    this.pending.push({ leaf, tag, tagAt: key.range?.[0] ?? 0, text: value.value });
    return leaf;
  }

  /** A program and its arguments. No shell takes them apart, so they are a list. */
  #words(node: Node, tagAt: number): readonly string[] | undefined {
    const items = isSeq(node) ? node.items : [];
    const words = items.flatMap((item) => (isScalar(item) && item.value !== null && item.source !== undefined ? [item.source] : []));
    if (words.length > 0 && words.length === items.length && words[0] !== "") return words;
    this.#load.problem(this.#placeAt(tagAt), "!command needs a program and its arguments as a list", 'no shell is run: write !command [op, read, "op://vault/item/field"]');
    return undefined;
  }

  #scalar(node: Scalar, place: Place, key: string | undefined): Leaf {
    const { source = "" } = node;
    let { value } = node;
    if (node.type === "PLAIN") {
      const trap = scalarTrap(key, source, value);
      if (trap !== undefined) {
        if (trap.value === undefined) this.#load.problem(place, trap.message, trap.hint);
        else this.#load.warn(place, trap.message, trap.hint);
        value = trap.value ?? value;
      }
    }
    if (this.#source.secret === true && (typeof value === "string" || typeof value === "number")) return { kind: "leaf", place, value: new Secret(source) };
    const raw = node.tag === "!unsafe" ? { raw: true as const } : {};
    return { kind: "leaf", place, value: typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null, ...raw };
  }

  #mapping(node: YAMLMap, place: Place): Mapping {
    const entries = new Map<string, Entry>();
    const merged = new Map<string, Entry>();
    for (const pair of node.items) {
      const at = this.#placeOf(pair.key, place);
      if (isScalar(pair.key) && typeof pair.key.value === "symbol") this.#merge(pair.value, at, merged);
      else this.#entry(pair, at, entries);
    }
    // What is written out wins over what is merged in, wherever the << stands.
    for (const [key, entry] of merged) if (!entries.has(key)) entries.set(key, entry);
    return { kind: "mapping", place, entries };
  }

  #entry(pair: Pair, at: Place, entries: Map<string, Entry>): void {
    const key = isScalar(pair.key) && pair.key.value !== null ? pair.key.source : undefined;
    if (key === undefined || key === "__proto__") {
      this.#load.problem(at, "a key must be a word or a quoted text");
      return;
    }
    const first = entries.get(key);
    if (first !== undefined) this.#load.problem(at, `the key "${key}" is repeated`, `it is already on line ${first.key.line}; remove one of the two`);
    else entries.set(key, { key: at, tree: this.#tree(pair.value, at, key) });
  }

  #merge(value: unknown, at: Place, merged: Map<string, Entry>): void {
    const source = this.#tree(value, at);
    for (const mapping of source.kind === "list" ? source.items : [source]) {
      if (mapping.kind !== "mapping") this.#load.problem(at, "<< merges mappings only");
      else for (const [key, entry] of mapping.entries) if (!merged.has(key)) merged.set(key, entry);
    }
  }

  #placeOf(node: unknown, fallback: Place = this.#placeAt(0)): Place {
    const range = isAlias(node) || isScalar(node) || isMap(node) || isSeq(node) ? node.range : undefined;
    return range === undefined || range === null ? fallback : this.#placeAt(range[0]);
  }
}
