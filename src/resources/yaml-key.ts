import { isAlias, isCollection, isMap, isNode, isScalar, isSeq, parseAllDocuments, parseDocument, type Document } from "yaml";
import { defineResource, PlanError } from "./contract.ts";
import { planEdit, toBytes } from "./edit.ts";
import { lookAt } from "./look.ts";
import { inPlace, nested } from "./yaml-edit.ts";
import { decode, keyName, revealed, sameData, structuredArgs, type KeyPath, type Plain } from "./structured.ts";

export const yamlKey = defineResource({
  kind: "yaml-key",
  summary: "One key of a YAML file, comments kept. Where the edit needs more than whole lines or one value, blanks may be laid out anew.",
  args: structuredArgs,
  key: (args) => `${args.path}:${keyName(args.key)}`,
  claims: (args) => [{ target: `file:${args.path}`, part: `key:${keyName(args.key)}` }],
  probe: (args) => lookAt(args.path),
  plan(args, seen, { facts }) {
    const absent = args.state === "absent";
    const { value, sensitive } = absent ? { value: undefined, sensitive: false } : revealed(args);
    const verb = absent ? `remove ${keyName(args.key)}` : keyName(args.key);
    return planEdit({ ...args, seen, facts, sensitive, verb, change: (content) => edit(content, args.key, value, args.path) });
  },
});

function edit(content: string, key: KeyPath, value: Plain | undefined, path: string): string {
  const text = decode(content, path);
  const crlf = text.includes("\r\n");
  const edited = editText(crlf ? text.replaceAll("\r\n", "\n") : text, key, value, path);
  return edited === undefined ? content : toBytes(crlf ? edited.replaceAll("\n", "\r\n") : edited);
}

/** The new text; undefined when the key is as wanted. */
function editText(text: string, key: KeyPath, value: Plain | undefined, path: string): string | undefined {
  const document = parse(text, path);
  const parent = walk(document, key, path);
  if (value === undefined) {
    if (!document.hasIn(key)) return undefined;
    document.deleteIn(key);
  } else {
    const there = document.getIn(key, true);
    if (document.hasIn(key) && sameData(isNode(there) ? there.toJS(document) : there, value)) return undefined;
    const last = key.at(-1);
    if (isSeq(parent) && (typeof last !== "number" || last > parent.items.length)) throw new PlanError(`${path}: ${keyName(key)} is no item of a list of ${parent.items.length}`, "a number names an item; the one after the last is added");
    set(document, key, value);
  }
  return inPlace(text, parse(text, path), key, value, document.toJS()) ?? document.toString({ lineWidth: 0, indent: indentOf(text), indentSeq: !/^( *)[^\s#-][^\n]*:\n\1- /m.test(text) });
}

/** setIn, through keys whose value is empty as well. */
function set(document: Document, key: KeyPath, value: Plain): void {
  for (let i = key.length - 1; i > 0; i -= 1) {
    const node = document.getIn(key.slice(0, i), true);
    if (isScalar(node) && node.value === null) {
      document.setIn(key.slice(0, i), document.createNode(nested(key.slice(i), value)));
      return;
    }
  }
  document.setIn(key, document.createNode(value));
}

function indentOf(text: string): number {
  return Math.min(Math.max(/^( +)[^\s#-]/m.exec(text)?.[1]?.length ?? 2, 1), 8);
}

function parse(text: string, path: string): Document {
  const documents = parseAllDocuments(text);
  if (documents.length > 1) throw new PlanError(`${path} holds ${documents.length} YAML documents`, "only a file of one document is edited by key");
  const document = parseDocument(text);
  const error = document.errors[0];
  if (error) throw new PlanError(`${path} is no YAML: ${error.message.split("\n")[0]?.replace(/:$/, "") ?? ""}`, "repair it, or replace it as a whole by a file resource");
  return document;
}

/** The collection that holds the key's last part, if it is there. @throws PlanError when something else stands in the way. */
function walk(document: Document, key: KeyPath, path: string): unknown {
  let node: unknown = document.contents;
  for (const [i, part] of key.entries()) {
    if (node === undefined || node === null) return undefined;
    const where = i === 0 ? "the top" : keyName(key.slice(0, i));
    if (isAlias(node)) throw new PlanError(`${path}: ${where} is an alias of *${node.source}`, "edit the key where its anchor stands");
    if (!isCollection(node)) {
      if (isScalar(node) && node.value === null) return undefined;
      throw new PlanError(`${path}: ${where} is a single value, not a map or list`, "remove it first");
    }
    if (isMap(node) && typeof part === "number") throw new PlanError(`${path}: ${where} is a map, and [${part}] names an item of a list`, "write the key as text");
    if (isSeq(node) && typeof part === "string") throw new PlanError(`${path}: ${where} is a list, and "${part}" names a key of a map`, "name an item by its number");
    if (i === key.length - 1) return node;
    node = node.get(part, true);
  }
  return undefined;
}
