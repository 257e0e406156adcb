import { execFileSync } from "node:child_process";

export interface XmlElement {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** Expat says what is no XML; another parser than the writer's own author would write. */
const READER = `import json, sys, xml.etree.ElementTree as tree
def told(e): return {"tag": e.tag, "attributes": e.attrib, "text": e.text or "", "children": [told(c) for c in e]}
print(json.dumps(told(tree.fromstring(sys.stdin.buffer.read()))))`;

/** Parses XML with Python's standard library. @throws when it is none */
export function readXml(text: string): XmlElement {
  return JSON.parse(execFileSync("python3", ["-c", READER], { input: text, encoding: "utf8", maxBuffer: 1 << 28 })) as XmlElement;
}

/** All elements of a name, at any depth. */
export function all(element: XmlElement, tag: string): XmlElement[] {
  return [...(element.tag === tag ? [element] : []), ...element.children.flatMap((child) => all(child, tag))];
}
