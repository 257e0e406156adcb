import { clean } from "../text.ts";

/** HTML that may stand in a page as it is. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a hole: markup as it is, everything else as text, and nothing of what is not there. */
export type Hole = Html | string | number | undefined | readonly (Html | string | number)[];

/**
 * A piece of a page. Holes are escaped, in text and in quoted attributes alike, unless they are Html themselves: nothing that a
 * host printed becomes markup because somebody forgot to.
 */
export function html(strings: TemplateStringsArray, ...holes: readonly Hole[]): Html {
  return new Html(strings.reduce((text, literal, i) => text + filled(holes[i - 1]) + literal));
}

/** The text of markup that is ours: a style, a script, a drawing that was put together from pieces. */
export const raw = (text: string): Html => new Html(text);

function filled(hole: Hole): string {
  if (hole === undefined) return "";
  if (hole instanceof Html) return hole.text;
  if (typeof hole === "object") return hole.map(filled).join("");
  return escape(typeof hole === "string" ? clean(hole) : String(hole));
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
