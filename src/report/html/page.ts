import { createHash } from "node:crypto";
import { html, raw, type Html } from "./html.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

const digest = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Only our own style and script run, and nothing is loaded: what a host printed stays text even if it got past the escaping. */
const POLICY = `default-src 'none'; style-src ${digest(STYLE)}; script-src ${digest(SCRIPT)}; img-src data:; base-uri 'none'; form-action 'none'`;

/** A part of the page that the bar on top leads to. */
export interface Section {
  readonly id: string;
  readonly title: string;
  /** Stands behind the title in the bar. */
  readonly count?: number;
  readonly pieces: Iterable<Html>;
}

export interface PageInput {
  readonly title: string;
  readonly header: Html;
  readonly sections: readonly Section[];
}

/** One file that needs nothing else, in pieces. */
export function* page({ title, header, sections }: PageInput): Iterable<string> {
  yield html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${raw(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${raw(STYLE)}</style>
</head>
<body>
<header>${header}</header>
<nav class="bar" aria-label="Parts of the report">${sections.map(({ id, title: name, count }) => html`<a href="#${id}">${name}${count === undefined ? "" : ` ${count}`}</a>`)}<label>Filter <input id="filter" type="search" placeholder="host, resource, role, outcome" aria-keyshortcuts="/" autocomplete="off" spellcheck="false"></label></nav>
<main>
`.text;
  for (const section of sections) {
    for (const piece of section.pieces) yield piece.text;
    yield "\n";
  }
  yield `</main>\n<script>${SCRIPT}</script>\n</body>\n</html>\n`;
}
