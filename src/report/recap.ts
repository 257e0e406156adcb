import type { Failure, HostCounts } from "../engine/events.ts";
import { failureReminder, type LineStyle } from "./lines.ts";
import type { RecapEvent } from "./reporter.ts";
import { hostState } from "./state.ts";
import { outcomeMark, type Colors, type Paint } from "./style.ts";
import { cells, clean, count, duration, padEnd, padStart } from "./text.ts";

/** Up to this many hosts are named in the command to run next. */
const NAMED_HOSTS = 8;
/** Up to this many hosts have a row each; of more, those that fared alike share one. */
const MOST_ROWS = 25;

export interface RecapInput {
  readonly recap: RecapEvent;
  readonly failures: readonly Failure[];
  /** Wall-clock seconds of one host. */
  readonly seconds: (host: string) => number;
}

/** The failures again in brief, the table of all hosts, the handlers that are owed, and what happened in words. */
export function recapText(input: RecapInput, style: LineStyle): string {
  const { color } = style;
  const failures = input.failures.map((failure) => failureReminder(failure, style)).join("");
  return [
    ...(failures === "" ? [] : [`\n${color.bold("failures")}\n${failures}`]),
    `\n${table(input, style)}`,
    pendingHandlers(input.recap, style),
    `\n${lastLine(input.recap, style)}\n`,
  ].join("");
}

/** A host, or several that fared alike. */
interface Row {
  readonly label: string;
  readonly hosts: readonly string[];
  readonly counts: HostCounts;
}

/** In the recap's order. Whoever did not come through has a row alone, however many they are. */
function rowsOf({ recap }: RecapInput): Row[] {
  const all = Object.entries(recap.hosts);
  if (all.length <= MOST_ROWS) return all.map(([host, counts]) => ({ label: host, hosts: [host], counts }));
  const alike = new Map<string, [string, HostCounts][]>();
  for (const [host, counts] of all) {
    const key = isBad(counts) ? host : JSON.stringify([counts, recap.pendingHandlers[host]]);
    alike.set(key, [...(alike.get(key) ?? []), [host, counts]]);
  }
  return [...alike.values()].map((group) => {
    const [host, counts] = group[0] as [string, HostCounts];
    return { label: group.length === 1 ? host : count(group.length, "host"), hosts: group.map(([name]) => name), counts };
  });
}

const isBad = (counts: HostCounts): boolean => counts.unreachable || counts.failed > 0 || counts.notReached > 0;

interface Column {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly paint?: Paint;
}

function number(title: string, key: Exclude<keyof HostCounts, "unreachable">, paint?: Paint): Column {
  return { title, value: ({ counts }) => String(counts[key]), ...(paint && { paint }) };
}

function columns({ recap, seconds }: RecapInput, check: boolean, color: Colors): Column[] {
  const has = (key: keyof HostCounts): boolean => Object.values(recap.hosts).some((counts) => Boolean(counts[key]));
  return [
    number("ok", "ok", color.green),
    // A run of one mode has no counts of the other; were there any, they would not be hidden.
    ...(!check || has("changed") ? [number("changed", "changed", color.yellow)] : []),
    ...(check || has("wouldChange") ? [number("would change", "wouldChange", color.yellow)] : []),
    ...(check || has("unknown") ? [number("unknown", "unknown", color.magenta)] : []),
    number("skipped", "skipped"),
    number("failed", "failed", color.red),
    ...(has("rescued") ? [number("rescued", "rescued", color.yellow)] : []),
    number("not reached", "notReached", color.red),
    number("handlers", "handlersPending", color.yellow),
    number("requests", "requests"),
    // Of several the slowest.
    { title: "seconds", value: ({ hosts }) => Math.max(...hosts.map(seconds)).toFixed(1) },
  ];
}

function table(input: RecapInput, { check, color, width }: LineStyle): string {
  const lines = rowsOf(input).map((row) => ({ row, state: stateMark(row.counts, color) }));
  const nameWidth = Math.max("host".length, ...lines.map(({ row }) => cells(row.label)));
  const stateWidth = Math.max(0, ...lines.map(({ state }) => cells(state.text)));
  const widthOf = (column: Column): number => Math.max(cells(column.title), ...lines.map(({ row }) => cells(column.value(row))));
  const whole = columns(input, check, color);
  const isTooWide = 4 + nameWidth + stateWidth + whole.reduce((sum, column) => sum + 2 + widthOf(column), 0) > width;
  // What a narrow terminal does without: the columns that would be all zeros.
  const all = isTooWide ? whole.filter((column) => lines.some(({ row }) => column.value(row) !== "0")) : whole;
  const widths = all.map(widthOf);
  const title = `  ${padEnd("host", nameWidth)}  ${" ".repeat(stateWidth)}  ${all.map((column, index) => padStart(column.title, widths[index] ?? 0)).join("  ")}`;
  const rows = lines.map(({ row, state }) => {
    const values = all.map((column, index) => {
      const value = column.value(row);
      const paint = value === "0" ? color.dim : (column.paint ?? String);
      return paint(padStart(value, widths[index] ?? 0));
    });
    return `  ${color.bold(padEnd(row.label, nameWidth))}  ${state.paint(padEnd(state.text, stateWidth))}  ${values.join("  ")}`;
  });
  return [color.dim(title), ...rows, ""].join("\n");
}

function stateMark(counts: HostCounts, color: Colors): { text: string; paint: Paint } {
  const state = hostState(counts);
  if (state === "unreachable" || state === "unfinished") {
    const { symbol, paint } = outcomeMark("failed", color);
    return { text: `${symbol} ${state}`, paint };
  }
  const { symbol, word, paint } = outcomeMark(state, color);
  return { text: `${symbol} ${word}`, paint };
}

function pendingHandlers(recap: RecapEvent, { color }: LineStyle): string {
  const owed = Object.entries(recap.pendingHandlers).filter(([, names]) => names.length > 0);
  if (owed.length === 0) return "";
  const width = Math.max(...owed.map(([host]) => cells(host)));
  const rows = owed.map(([host, names]) => `  ${color.bold(padEnd(host, width))}  ${color.yellow("handlers pending:")} ${names.map(clean).join(", ")}\n`);
  return `\n${rows.join("")}`;
}

/** What happened, and what to do next. */
function lastLine(recap: RecapEvent, { check, color, resumable = false }: LineStyle): string {
  const hosts = Object.entries(recap.hosts);
  const named = (test: (counts: HostCounts) => boolean): string[] => hosts.filter(([, counts]) => test(counts)).map(([host]) => host);
  const failed = named((counts) => counts.failed > 0 && !counts.unreachable);
  const unreachable = named((counts) => counts.unreachable);
  const unfinished = named((counts) => counts.notReached > 0 && counts.failed === 0 && !counts.unreachable);
  const bad = [...failed, ...unreachable, ...unfinished];
  const tally = [
    count(hosts.length - bad.length, "host") + " ok",
    ...(failed.length > 0 ? [`${failed.length} failed`] : []),
    ...(unreachable.length > 0 ? [`${unreachable.length} unreachable`] : []),
    ...(unfinished.length > 0 ? [`${unfinished.length} unfinished`] : []),
  ].join(", ");
  const took = color.dim(` (${duration(recap.seconds)})`);
  const again = resumable ? "go on with hawser resume" : `run again${bad.length > 0 && bad.length <= NAMED_HOSTS ? ` with --limit ${bad.join(",")}` : ""}`;

  if (recap.interrupted === true) return `${color.red("interrupted")}: ${tally}; ${again}${resumable ? "" : " to go on"}${took}`;
  if (failed.length > 0) return `${color.red(tally)}: fix the ${failed.length === 1 ? "cause" : "causes"} above and ${again}${took}`;
  if (unreachable.length > 0) return `${color.red(tally)}: check the connection to ${unreachable.length === 1 ? "it" : "them"} and ${again}${took}`;
  if (recap.result === "failed") return `${color.red(`the run failed; ${tally}`)}: fix the cause above and ${again}${took}`;
  return (check ? checkLine(recap, color) : applyLine(recap, color)) + took;
}

function checkLine(recap: RecapEvent, color: Colors): string {
  const would = sum(recap, "wouldChange");
  const unknown = sum(recap, "unknown");
  const owed = sum(recap, "handlersPending");
  if (would + unknown + owed === 0) return color.green(`no changes: ${converged(recap)}`);
  const parts = [
    ...(would > 0 ? [`${count(would, "change")} pending`] : []),
    ...(unknown > 0 ? [`${unknown} unknown until applied`] : []),
    ...(owed > 0 ? [`${count(owed, "handler")} owed`] : []),
  ];
  const where = count(Object.values(recap.hosts).filter((counts) => counts.wouldChange + counts.unknown + counts.handlersPending > 0).length, "host");
  return `${color.yellow(`${parts.join(", ")} on ${where}`)}: run without --check to apply`;
}

function applyLine(recap: RecapEvent, color: Colors): string {
  const changed = sum(recap, "changed");
  const owed = sum(recap, "handlersPending");
  const owedToo = owed > 0 ? `; ${count(owed, "handler")} still owed: run again to run ${owed === 1 ? "it" : "them"}` : "";
  if (changed === 0) return color.green(owed > 0 ? "no changes" : `no changes: ${converged(recap)}`) + owedToo;
  const where = count(Object.values(recap.hosts).filter((counts) => counts.changed > 0).length, "host");
  return `${color.green(`${count(changed, "change")} made on ${where}`)}${owedToo || `: ${converged(recap)}`}`;
}

/** What a partial run has left out it says nothing of. */
function converged(recap: RecapEvent): string {
  const skipped = sum(recap, "skipped");
  return skipped === 0 ? "everything is as declared" : `all but ${skipped} skipped ${skipped === 1 ? "resource is" : "resources are"} as declared`;
}

function sum(recap: RecapEvent, key: Exclude<keyof HostCounts, "unreachable">): number {
  return Object.values(recap.hosts).reduce((total, counts) => total + counts[key], 0);
}
