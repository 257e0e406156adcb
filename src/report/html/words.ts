import type { HostCounts, Outcome } from "../../engine/events.ts";
import type { SourceLine } from "../../errors/index.ts";
import { colors, outcomeMark } from "../style.ts";
import { hostState, type HostState } from "../state.ts";
import { place } from "../text.ts";
import { html, type Html } from "./html.ts";

const plain = colors(false);

/** An outcome or a host's state with its sign, as on the terminal. */
export function wordOf(state: Outcome | HostState): string {
  if (state === "unreachable" || state === "unfinished") return `${outcomeMark("failed", plain).symbol} ${state}`;
  const { symbol, word } = outcomeMark(state, plain);
  return `${symbol} ${word}`;
}

export function word(state: Outcome | HostState): Html {
  return html`<span class="word ${state}">${wordOf(state)}</span>`;
}

/** The state of a host of which a run that broke off may have said nothing. */
export function stateOf(counts: HostCounts | undefined): HostState {
  return counts === undefined ? "unfinished" : hostState(counts);
}

/** Nothing for what was declared nowhere. */
export function placed(label: string, source: SourceLine | undefined, cwd: string): Html | undefined {
  return source === undefined || source.line < 1 ? undefined : html`<span class="dim">${label}</span> <code>${place(source, cwd)}</code>`;
}

/** A legend beneath a picture. */
export function key(entries: readonly (readonly [look: string, text: string])[]): Html {
  return html`<p class="key">${entries.map(([look, text]) => html`<span><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="${look}" width="10" height="10" rx="2"/></svg>${text}</span>`)}</p>`;
}

/** Up to three names, and how many more. */
export function named(hosts: readonly string[]): string {
  return hosts.length <= 3 ? hosts.join(", ") : `${hosts.length} hosts`;
}
