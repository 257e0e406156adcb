import { createHash } from "node:crypto";
import { html, raw, type Html } from "../report/html/html.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

/** How far back the charts go, in seconds, by the word in the address. */
export const RANGES: Readonly<Record<string, number>> = { "15m": 900, "1h": 3600, "6h": 21_600, "24h": 86_400 };
export const DEFAULT_RANGE = "1h";

export interface PageInput {
  readonly title: string;
  readonly range: string;
  /** Seconds between two looks. */
  readonly every: number;
  /** The sections, or why there are none yet. */
  readonly body: Html | string;
}

/** The whole page: one answer, which loads nothing else. */
export function page({ title, range, every, body }: PageInput): string {
  const failed = typeof body === "string";
  const ranges = Object.keys(RANGES).map((each) => html`<a href="?range=${each}"${each === range ? raw(' aria-current="true"') : ""}>${each}</a>`);
  return html`${raw("<!doctype html>")}
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title><link rel="icon" href="data:,"><style>${raw(STYLE)}</style></head>
<body data-every="${every}"${failed ? raw(' class="lost"') : ""}><header><h1>hawser <span>${title}</span></h1><nav aria-label="How far back"><span>last</span>${ranges}</nav></header>
<section id="lost" role="alert"${failed ? "" : raw(" hidden")}>${failed ? body : ""}</section><p id="told" class="away" role="status"></p>
<main>${failed ? "" : body}</main><script>${raw(SCRIPT)}</script></body></html>
`.text;
}

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Nothing but what is in the page itself may run or be loaded. */
export const POLICY = `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
