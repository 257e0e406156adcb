import type { Secret } from "../shell/index.ts";
import { makeLayer, type Layer } from "./layer.ts";
import type { LoadContext } from "./load-context.ts";
import { mergeLayers } from "./resolve.ts";
import { toValue, type Entry, type Leaf, type Mapping } from "./tree.ts";

/** Makes more variables of every host, knowing the extra variables that were given. */
export type Answering = (given: ReadonlyMap<string, unknown>) => Promise<ReadonlyMap<string, string | number | boolean | Secret>>;

/** Passwords that somebody was asked for, for the hosts of which the inventory says none. */
export interface AskedPasswords {
  readonly ssh?: Secret;
  readonly become?: Secret;
}

/** The answers as variables, stronger than all others: a given one is among them, in the form that its prompt wants. */
export async function answerLayer(load: LoadContext, extra: readonly Layer[], answering: Answering): Promise<Layer> {
  const given = new Map([...mergeLayers(extra)].map(([name, { tree }]) => [name, toValue(tree)]));
  const entries = new Map([...(await answering(given))].map(([name, value]) => [name, entry(`prompt ${name}`, value)]));
  return makeLayer(load, "prompt", mapping("prompt", entries));
}

/** Weaker than everything in the inventory, as with Ansible. */
export function askedLayer(load: LoadContext, { ssh, become }: AskedPasswords): Layer {
  const variables = [["ssh", "--ask-pass", ssh], ["become", "--ask-become-pass", become]] as const;
  const entries = variables.flatMap(([name, file, value]) => (value === undefined ? [] : [[name, { key: place(file), tree: mapping(file, new Map([["password", entry(file, value)]])) }] as const]));
  return makeLayer(load, "asked", mapping("asked", new Map(entries)));
}

const place = (file: string): Leaf["place"] => ({ file, line: 1, column: 1 });

const entry = (file: string, value: Leaf["value"]): Entry => ({ key: place(file), tree: { kind: "leaf", place: place(file), value } });

const mapping = (file: string, entries: ReadonlyMap<string, Entry>): Mapping => ({ kind: "mapping", place: place(file), entries });
