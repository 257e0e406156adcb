import { clean } from "./text.ts";

/** What XML 1.0 has no character for, beside the control characters that `clean` shows by their numbers. */
const NO_CHARACTER = /[\ufffe\uffff\ud800-\udfff]/gu;

/** An element that stands on lines of its own. */
export interface Element {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string | number>>;
  /** Text, or elements. */
  readonly content?: string | readonly Element[];
}

/** An element as text, two spaces deeper for each level. */
export function element({ name, attributes = {}, content = [] }: Element, indent = ""): string {
  const open = `${indent}<${name}${Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeAttribute(String(value))}"`).join("")}`;
  if (content.length === 0) return `${open}/>\n`;
  if (typeof content === "string") return `${open}>${escapeText(content)}</${name}>\n`;
  return `${open}>\n${content.map((each) => element(each, `${indent}  `)).join("")}${indent}</${name}>\n`;
}

function escapeText(text: string): string {
  return clean(text).replaceAll(NO_CHARACTER, "\ufffd").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A parser makes spaces of line ends and tabs in an attribute, unless they are written by their numbers. */
export function escapeAttribute(text: string): string {
  return escapeText(text).replaceAll('"', "&quot;").replaceAll("\n", "&#10;").replaceAll("\t", "&#9;");
}
