import type { Failure } from "../../engine/events.ts";
import { lines } from "../text.ts";
import { diffHtml } from "./diff.ts";
import type { Group } from "./groups.ts";
import { html, type Html } from "./html.ts";
import { named, placed, word } from "./words.ts";

/** A failure that belongs to no resource. */
export interface OwnFailure {
  readonly failure: Failure;
  readonly host: string | undefined;
}

export function* failureArticles(own: readonly OwnFailure[], groups: readonly Group[], cwd: string): Iterable<Html> {
  for (const { failure, host } of own) yield article({ failure, hosts: [host ?? "the run"], what: failure.resource, state: failure.unreachable === true ? "unreachable" : "failed", cwd });
  for (const { anchor, entry, hosts } of groups) {
    const { resource, summary, diff } = entry;
    const failure: Failure = { message: summary ?? "failed", role: resource.role, ...entry.failure, source: entry.failure?.source ?? resource.source };
    yield article({ anchor, failure, hosts, what: resource.id, state: "failed", ...(diff !== undefined && { diff }), cwd });
  }
}

interface ArticleInput {
  readonly anchor?: string;
  readonly failure: Failure;
  readonly hosts: readonly string[];
  readonly what: string | undefined;
  readonly state: "failed" | "unreachable";
  readonly diff?: string;
  readonly cwd: string;
}

function article({ anchor, failure, hosts, what, state, diff, cwd }: ArticleInput): Html {
  const { message, exitCode, role, source, at, stderr, stdout, hint } = failure;
  const exit = exitCode === undefined || message.startsWith(`exited ${exitCode}`) ? "" : ` (exit code ${exitCode})`;
  const places = [placed("at", at, cwd), role === undefined ? undefined : html`<span class="dim">role</span> ${role}`, placed("declared at", source, cwd)].filter((part) => part !== undefined);
  // What went wrong is usually on stderr; the other stream speaks when that one is silent.
  const printed = output("standard error", stderr) ?? output("standard output", stdout);
  return html`<article class="failure"${anchor === undefined ? "" : html` id="${anchor}"`} data-find="${[...hosts, what ?? "", role ?? "", state, message].join(" ")}">
<h3>${word(state)} ${named(hosts)}${what === undefined ? "" : html` <span class="id">${what}</span>`}</h3>
<p class="message">${message}${exit}</p>
<p>${places.map((part, i) => (i === 0 ? part : html`, ${part}`))}</p>
${hosts.length > 3 ? html`<p class="dim">${hosts.join(", ")}</p>` : ""}${printed}${diff === undefined ? "" : diffHtml(diff)}${hint === undefined ? "" : html`<p class="try"><strong>Try:</strong> ${hint}</p>`}
</article>
`;
}

function output(stream: string, text: string | undefined): Html | undefined {
  const all = lines(text ?? "");
  return all.length === 0 ? undefined : html`<p class="dim">${stream}</p><pre tabindex="0" aria-label="${stream}">${all.join("\n")}</pre>`;
}
