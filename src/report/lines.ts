import type { Failure, RunEvent } from "../engine/events.ts";
import { diffLinesOf } from "./diff-lines.ts";
import type { ResourceEvent } from "./reporter.ts";
import { type Colors, colors, type Mark, outcomeMark } from "./style.ts";
import { bytes, clean, count, duration, lines, oneLine, padEnd, place } from "./text.ts";

/** How many of the last lines of a failed command are shown. */
const OUTPUT_TAIL = 20;
/** Of a batch with more hosts than this, only their number is said. */
const MOST_NAMED = 8;
/** A step below this many seconds does not say how long it took. */
const SLOW = 1;

export interface LineStyle {
  readonly color: Colors;
  readonly cwd: string;
  readonly diff: boolean;
  /** Width of the column of host names. */
  readonly hostWidth: number;
  readonly check: boolean;
  /** Says how long everything took, however short. Default false. */
  readonly timings?: boolean;
  /** The run has a journal to go on from. Default false. */
  readonly resumable?: boolean;
  /** Columns of the terminal; Infinity where lines may be as long as they are. */
  readonly width: number;
}

export function startLine(event: Extract<RunEvent, { event: "start" }>, { color }: LineStyle): string {
  const what = event.check ? `check of ${event.playbook}` : event.playbook;
  const promise = event.check ? color.dim(" (nothing will be changed)") : "";
  return `${color.bold(what)} on ${count(event.hosts.length, "host")}${promise}\n`;
}

export function playLine(event: Extract<RunEvent, { event: "play" }>, { color }: LineStyle): string {
  const roles = event.roles.length > 0 ? `: ${event.roles.join(", ")}` : "";
  return `\n${color.bold(`play ${event.play}`)}${color.dim(` on ${count(event.hosts.length, "host")}${roles}`)}\n`;
}

/** A step of `serial`: its hosts, where they are few. */
export function batchLine(event: Extract<RunEvent, { event: "batch" }>, { color }: LineStyle): string {
  const hosts = event.hosts.length > MOST_NAMED ? count(event.hosts.length, "host") : event.hosts.map(clean).join(", ");
  return `  ${color.dim(`batch ${event.batch} of ${event.of}: ${hosts}`)}\n`;
}

export function gateLine(event: Extract<RunEvent, { event: "gate" }>, { color }: LineStyle): string {
  const after = event.of > 1 ? ` after batch ${event.batch} of ${event.of}` : "";
  return `  ${color.green("✔ gate passed")}${after}: ${count(event.asserted, "assertion")} on ${count(event.hosts.length, "host")} ${event.asserted === 1 ? "holds" : "hold"}${color.dim(` (${duration(event.seconds)})`)}\n`;
}

/** What became of one resource: its line, the diff beneath it, and the failure with all that is known of it. */
export function resourceLines(event: ResourceEvent, style: LineStyle): string {
  const { color } = style;
  const remarks = [event.summary, event.cause].filter((remark) => remark !== undefined && remark !== "").map((remark) => oneLine(remark as string));
  const parts = [
    head(event.host, outcomeMark(event.outcome, color), style),
    clean(event.id) + (event.handler === true ? color.cyan(" (handler)") : ""),
    ...remarks.map((remark) => (event.outcome === "ok" || event.outcome === "skipped" ? color.dim(remark) : remark)),
    ...(style.timings === true ? exactly(event) : event.seconds !== undefined && event.seconds >= SLOW ? [duration(event.seconds)] : []).map((took) => color.dim(took)),
  ];
  const below = [
    ...(style.diff && event.diff !== undefined ? diffLines(event.diff, color) : []),
    ...(event.failure === undefined ? [] : failureBody({ role: event.role, source: event.source, ...event.failure }, style)),
  ];
  return `${parts.join("  ")}\n${indented(below)}`;
}

/** A failure of a host or of the whole run. */
export function failureLines(failure: Failure, style: LineStyle): string {
  const mark: Mark = { ...outcomeMark("failed", style.color), ...(failure.unreachable === true && { word: "unreachable" }) };
  const host = failure.host ?? "the run";
  const first = failure.resource === undefined ? begin(host, mark, style, 0) : `${head(host, mark, style)}  ${clean(failure.resource)}`;
  return `${first}\n${indented(failureBody(failure, style))}`;
}

export function warningLine(event: Extract<RunEvent, { event: "warning" }>, style: LineStyle): string {
  const where = event.source === undefined ? "" : style.color.dim(`  at ${place(event.source, style.cwd)}`);
  const mark: Mark = { symbol: "!", word: "warning", paint: style.color.yellow };
  return `${head(event.host ?? "", mark, style)}  ${oneLine(event.message)}${where}\n`;
}

/** What the script of an interrupted run has done to its end. */
export function recoveredLines(event: Extract<RunEvent, { event: "recovered" }>, style: LineStyle): string {
  const { color } = style;
  const first = begin(event.host, { symbol: "↻", word: "had gone on", paint: color.cyan }, style, 0);
  const words = { done: "done", failed: "failed", "not-run": "not run" } as const;
  const body = event.steps.map(({ ids, result, exitCode }) => `${ids.map(clean).join(", ")}  ${words[result]}${exitCode === undefined ? "" : ` (exit code ${exitCode})`}`);
  return `${first}  ${color.dim("what the interrupted run had sent")}\n${indented(body)}`;
}

/** A failure by itself, for those who look at it later. */
export function formatFailure(failure: Failure, { color, cwd }: { readonly color: boolean; readonly cwd: string }): string {
  return failureLines(failure, { color: colors(color), cwd, diff: false, hostWidth: 0, check: false, width: Infinity });
}

/** What an apply and, where that was measured, a look took. */
function exactly({ seconds, probeSeconds }: ResourceEvent): string[] {
  return [...(seconds === undefined ? [] : [`${seconds.toFixed(3)} s`]), ...(probeSeconds === undefined ? [] : [`look ${probeSeconds.toFixed(3)} s`])];
}

/** What is sent to be run. */
export function commandLines({ host, ids, user, text }: Extract<RunEvent, { event: "command" }>, { color, hostWidth }: LineStyle): string {
  const as = user === undefined ? "" : ` as ${clean(user)}`;
  const head = `  ${padEnd(host, hostWidth)}  $ ${ids.map(clean).join(", ")}${as}`;
  return [head, ...lines(text).map((line) => `      │ ${line}`)].map((line) => `${color.dim(line)}\n`).join("");
}

/** An exchange with a host. */
export function requestLine({ host, what, sent, received, seconds }: Extract<RunEvent, { event: "request" }>, { color, hostWidth }: LineStyle): string {
  return color.dim(`  ${padEnd(host, hostWidth)}  · ${what}: ${bytes(sent)} sent, ${bytes(received)} received, ${seconds.toFixed(3)} s`) + "\n";
}

/** A line that a running command printed. */
export function outputLine(event: Extract<RunEvent, { event: "output" }>, style: LineStyle): string {
  return style.color.dim(`  ${padEnd(event.host, style.hostWidth)}  │ ${oneLine(event.line)}`) + "\n";
}

/** The short form of the recap: where, what, and what to try. */
export function failureReminder(failure: Failure, style: LineStyle): string {
  const { color, cwd } = style;
  const subject = failure.resource ?? (failure.unreachable === true ? "unreachable" : "");
  const where = hasPlace(failure) ? color.cyan(place(failure.source, cwd)) : "";
  const first = [`  ${color.red("✖")} ${color.bold(padEnd(failure.host ?? "the run", style.hostWidth))}`, clean(subject), where].filter((part) => part !== "");
  const body = [oneLine(failure.message) + (failure.at === undefined ? "" : ` at ${color.cyan(place(failure.at, cwd))}`), ...(failure.hint === undefined ? [] : [`${color.bold("try:")} ${oneLine(failure.hint)}`])];
  return `${first.join("  ")}\n${indented(body)}`;
}

export function diffLines(diff: string, color: Colors): string[] {
  const paints = { head: color.bold, hunk: color.cyan, new: color.green, old: color.red, same: String, note: color.dim };
  return diffLinesOf(diff).map(({ kind, text, parts }) => {
    // The words that differ stand out of a line of which the rest stayed.
    const marked = parts === undefined ? text : text.slice(0, 1) + parts.map((part) => (part.changed && part.text.trim() !== "" ? color.inverse(part.text) : part.text)).join("");
    return paints[kind](marked);
  });
}

function head(host: string, mark: Mark, style: LineStyle): string {
  return begin(host, mark, style, style.check ? "would change".length : "unknown".length);
}

function begin(host: string, mark: Mark, style: LineStyle, wordWidth: number): string {
  return `  ${style.color.bold(padEnd(host, style.hostWidth))}  ${mark.paint(`${mark.symbol} ${padEnd(mark.word, wordWidth)}`)}`;
}

function failureBody(failure: Failure, { color, cwd }: LineStyle): string[] {
  const exit = failure.exitCode === undefined || failure.message.startsWith(`exited ${failure.exitCode}`) ? "" : ` (exit code ${failure.exitCode})`;
  const whereFrom = [
    ...(failure.role === undefined ? [] : [`role ${failure.role}`]),
    ...(hasPlace(failure) ? [`declared at ${color.cyan(place(failure.source, cwd))}`] : []),
  ];
  return [
    ...lines(failure.message).map((line, index) => color.red(line) + (index === 0 ? exit : "")),
    ...(failure.at === undefined ? [] : [`at ${color.cyan(place(failure.at, cwd))}`]),
    ...(whereFrom.length === 0 ? [] : [whereFrom.join(", ")]),
    ...printed("stderr", failure.stderr, color),
    // What went wrong is usually on stderr; the other stream speaks when that one is silent.
    ...(lines(failure.stderr ?? "").length === 0 ? printed("stdout", failure.stdout, color) : []),
    ...(failure.hint === undefined ? [] : [`${color.bold("try:")} ${oneLine(failure.hint)}`]),
  ];
}

/** The tail of what a command printed, behind a bar. */
export function printed(stream: string, text: string | undefined, color: Colors): string[] {
  const all = lines(text ?? "");
  if (all.length === 0) return [];
  const title = all.length > OUTPUT_TAIL ? `${stream}, the last ${OUTPUT_TAIL} of ${all.length} lines:` : `${stream}:`;
  return [color.dim(title), ...all.slice(-OUTPUT_TAIL).map((line) => `${color.dim("│")} ${line}`)];
}

export function hasPlace<T extends Pick<Failure, "source">>(failure: T): failure is T & Required<Pick<T, "source">> {
  return failure.source !== undefined && failure.source.line > 0;
}

function indented(body: readonly string[]): string {
  return body.map((line) => `      ${line}\n`).join("");
}
