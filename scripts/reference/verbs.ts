import { closing, docBefore, lineOf, parts, propertiesOf, resolveName, signatureEnd, sourceOf, type Source } from "./source.ts";

/** A method that roles call on `t`. */
export interface Verb {
  readonly name: string;
  readonly doc: string | undefined;
  readonly file: string;
  readonly line: number;
  /** As a reader needs it: `t.service(name: string, options?)`. */
  readonly signatures: readonly string[];
  /** The variable that holds its kind, and the file that it is seen from; undefined for verbs that declare no resource. */
  readonly kind: { readonly name: string; readonly from: Source } | undefined;
  /** Options that the verb adds to the kind's arguments: name, type and doc. */
  readonly extras: readonly { readonly name: string; readonly optional: boolean; readonly type: string; readonly doc: string | undefined }[];
}

interface Method {
  readonly name: string;
  readonly at: number;
  readonly params: { readonly from: number; readonly to: number };
  readonly end: number;
  readonly body: { readonly from: number; readonly to: number } | undefined;
}

/** Every public method of a class and the classes that it extends, the most derived class first. */
export function verbsOf(root: string, file: string, className: string): Verb[] {
  const found: Verb[] = [];
  let place = resolveName(root, sourceOf(root, file), className);
  while (place) {
    const { source, at } = place;
    const head = /class (\w+)(?:<[^{]*?>)?(?: extends (\w+))?[^{]*\{/.exec(source.mask.slice(at));
    if (!head) break;
    for (const methods of methodsOf(source, at + head[0].length - 1)) if (!found.some((verb) => verb.name === methods[0]?.name)) found.push(verbOf(source, methods));
    place = head[2] === undefined ? undefined : resolveName(root, source, head[2]);
  }
  return found;
}

/** The methods of a class body, overloads together. */
function methodsOf(source: Source, open: number): Method[][] {
  const end = closing(source, open);
  const byName = new Map<string, Method[]>();
  let at = open + 1;
  const pattern = /(?<=[\n{;}]\s*)((?:(?:private|protected|public|static|override|async|get|set|readonly)\s+)*)(#?[\w$]+)\s*(<|\()/g;
  pattern.lastIndex = at;
  for (let match = pattern.exec(source.mask); match && match.index < end; match = pattern.exec(source.mask)) {
    const [, modifiers = "", name = "", bracket] = match;
    const paren = bracket === "(" ? match.index + match[0].length - 1 : source.mask.indexOf(">(", match.index) + 1;
    const close = closing(source, paren);
    at = signatureEnd(source, close + 1);
    const body = source.mask[at] === "{" ? { from: at, to: closing(source, at) } : undefined;
    const hidden = name.startsWith("#") || name === "constructor" || /private|protected|get|static/.test(modifiers);
    const method = { name, at: match.index, params: { from: paren + 1, to: close }, end: at, body };
    if (!hidden) byName.set(name, [...(byName.get(name) ?? []), method]);
    at = body ? body.to + 1 : at + 1;
    pattern.lastIndex = at;
  }
  return [...byName.values()];
}

function verbOf(source: Source, methods: readonly Method[]): Verb {
  const [first] = methods as [Method];
  const last = methods.at(-1) as Method;
  const shown = methods.length > 1 ? methods.slice(0, -1) : methods;
  const body = last.body ? source.mask.slice(last.body.from, last.body.to) : "";
  const kind = /this\.(?:verb|declare|#verb)\(\s*([\w$]+)/.exec(body)?.[1];
  return {
    name: first.name,
    doc: methods.map((method) => docBefore(source, method.at)).find((doc) => doc !== undefined),
    file: source.file,
    line: lineOf(source, first.at),
    signatures: shown.map((method) => signature(source, method)),
    kind: kind === undefined || kind === "kind" || first.name === "restore" ? undefined : { name: kind, from: source },
    extras: methods.flatMap((method) => extrasOf(source, method)).filter(({ name }, i, all) => all.findIndex((other) => other.name === name) === i),
  };
}

function signature(source: Source, { name, params, end }: Method): string {
  const shown = parts(source, params.from, params.to, ",").map(({ from, to }) => {
    const text = squeeze(source.text.slice(from, to));
    // The options of a kind are in its table.
    const options = /^options(\?)?: (?:Options<|CommonOptions)/.exec(text);
    if (options) return / = [^=>]*$/.test(text) ? "options?" : "options";
    return text.replace(/^(\w+): (.*?) = ([^=>]*)$/, "$1?: $2").replaceAll("readonly string[]", "string[]");
  });
  const result = squeeze(source.text.slice(params.to + 1, end)).replace(/^: /, "");
  return `t.${name}(${shown.join(", ")})${result === "" || result === "void" ? "" : `: ${result}`}`;
}

function extrasOf(source: Source, { params }: Method): Verb["extras"] {
  return parts(source, params.from, params.to, ",")
    .filter(({ from }) => source.mask.slice(from).startsWith("options"))
    .flatMap(({ from, to }) => {
      const colon = source.mask.indexOf(":", from);
      const open = source.mask.indexOf("{", colon);
      if (open < 0 || open >= to) return [];
      return propertiesOf(source, open).map(({ name, value, doc, at }) => ({ name, optional: /\?\s*:\s*$/.test(source.mask.slice(0, at)), type: squeeze(value), doc }));
    });
}

export function squeeze(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
