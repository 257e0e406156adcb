import { diffLinesOf, type DiffLine } from "../diff-lines.ts";
import { html, type Html } from "./html.ts";

/** A diff with a colour for each kind of line; signs stay, so that nobody needs the colours. */
export function diffHtml(diff: string): Html {
  return html`<pre class="diff">${diffLinesOf(diff).map(lineHtml)}</pre>`;
}

function lineHtml({ kind, text, parts }: DiffLine): Html {
  if (kind === "same") return html`${text}\n`;
  const body = parts === undefined ? html`${text}` : html`${text.slice(0, 1)}${parts.map((part) => (part.changed ? html`<mark>${part.text}</mark>` : html`${part.text}`))}`;
  return html`<span class="${kind}">${body}</span>\n`;
}
