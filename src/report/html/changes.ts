import { duration } from "../text.ts";
import { diffHtml } from "./diff.ts";
import type { Group } from "./groups.ts";
import { html, type Html } from "./html.ts";
import { named, placed, word } from "./words.ts";

/** What was changed, would be, or is unknown; a line each, that opens on the rest. */
export function* changeDetails(groups: readonly Group[], cwd: string): Iterable<Html> {
  for (const { anchor, entry, hosts, seconds } of groups) {
    const { resource, outcome, summary, cause, diff, failure } = entry;
    const remarks = [summary, cause, outcome === "rescued" ? failure?.message : undefined].filter((remark) => remark !== undefined && remark !== "");
    yield html`<details class="change" id="${anchor}" data-find="${[resource.id, resource.kind, resource.role, resource.play, outcome, ...remarks, ...hosts].join(" ")}"><summary>${word(outcome)} <span class="id">${resource.id}</span> <span>${remarks.join("; ")}</span>${resource.handler ? html` <span class="dim">handler</span>` : ""} <span class="on">${named(hosts)}</span></summary><div class="more">
<p><span class="dim">play</span> ${resource.play}, <span class="dim">role</span> ${resource.role}, ${placed("declared at", resource.source, cwd)}${seconds === undefined ? "" : html`, <span class="dim">took</span> ${duration(seconds)}${hosts.length > 1 ? " on the slowest host" : ""}`}</p>${hosts.length > 3 ? html`<p class="dim">${hosts.join(", ")}</p>` : ""}${diff === undefined ? "" : diffHtml(diff)}</div></details>
`;
  }
}
