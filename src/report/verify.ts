import type { AssertionEvent, Verified, VerifyEvent } from "../engine/events.ts";
import { failureLines, type LineStyle, warningLine } from "./lines.ts";
import { sinkOf } from "./sink.ts";
import { colors, type Paint } from "./style.ts";
import { cells, clean, count, duration, oneLine, padEnd, padStart, place } from "./text.ts";

export interface VerifyReporter {
  on(event: VerifyEvent): void;
  /** Writes what is left. */
  end(verified: Verified): Promise<void>;
}

export interface VerifyFormat {
  readonly color: boolean;
  /** File names are shown relative to it. Default: the working directory. */
  readonly cwd?: string;
}

/** A line for each assertion as it was measured: `{"event":"assertion","host":"","role":"","name":"","value":0,"unit":"","limit":"","ok":true}`. */
export function jsonVerifyReporter(stream: NodeJS.WritableStream): VerifyReporter {
  const sink = sinkOf(stream);
  return {
    on(event) {
      sink.write(`${JSON.stringify(event.event === "assertion" ? assertionLine(event) : event)}\n`);
    },
    async end() {
      await sink.flush();
    },
  };
}

/** The keys that are always there, in a fixed order, and what explains a broken limit. */
function assertionLine({ event, host, role, name, value, unit, limit, ok, cause, hint }: AssertionEvent): object {
  return { event, host, role, name, value, unit, limit, ok, ...(cause !== undefined && { cause }), ...(hint !== undefined && { hint }) };
}

/** A table of measured values beside their limits, broken ones first, and what to do next. */
export function humanVerifyReporter(stream: NodeJS.WritableStream, { color: enabled, cwd = process.cwd() }: VerifyFormat): VerifyReporter {
  const sink = sinkOf(stream);
  const color = colors(enabled);
  const style: LineStyle = { color, cwd, diff: false, hostWidth: 0, check: true, width: Infinity };
  const assertions: AssertionEvent[] = [];
  return {
    on(event) {
      if (event.event === "assertion") assertions.push(event);
      else sink.write(event.event === "warning" ? warningLine({ at: 0, ...event }, style) : failureLines(event.failure, style));
    },
    async end(verified) {
      sink.write(tableText(assertions, style));
      sink.write(`\n${lastLine(verified, assertions, style)}\n`);
      await sink.flush();
    },
  };
}

interface Row {
  readonly event: AssertionEvent;
  readonly cells: readonly string[];
}

const TITLES = ["host", "role", "assertion", "measured", "", "limit"];
/** Numbers stand in a column of their own, right-aligned, so that one sees which is bigger. */
const RIGHT = 3;

function tableText(assertions: readonly AssertionEvent[], style: LineStyle): string {
  const { color, cwd } = style;
  const rows = [...assertions.filter(({ ok }) => !ok), ...assertions.filter(({ ok }) => ok)].map((event): Row => ({ event, cells: [event.host === "*" ? "all" : event.host, event.role, event.name, shown(event), event.value === null ? "" : event.unit, event.limit].map(oneLine) }));
  if (rows.length === 0) return "";
  const widths = TITLES.map((title, i) => Math.max(cells(title), ...rows.map((row) => cells(row.cells[i] ?? ""))));
  const line = (values: readonly string[], paint: Paint): string => values.map((value, i) => (i === RIGHT ? paint(padStart(value, widths[i] ?? 0)) : i === TITLES.length - 1 ? value : padEnd(value, widths[i] ?? 0))).join("  ").trimEnd();
  const body = rows.map(({ event, cells: values }) => {
    const paint = event.ok ? color.green : color.red;
    const more = event.ok ? [] : [...(event.cause === undefined ? [] : [event.cause]), `asserted at ${place(event.source, cwd)}`, ...(event.hint === undefined ? [] : [`try: ${event.hint}`])];
    return [`  ${paint(event.ok ? "✔" : "✖")} ${line(values, paint)}`, ...more.map((text) => color.dim(`      ${oneLine(text)}`))].join("\n");
  });
  return `\n${color.dim(`    ${line(TITLES, String)}`)}\n${body.join("\n")}\n`;
}

function shown({ value }: AssertionEvent): string {
  if (value === null) return "nothing";
  if (typeof value !== "number") return clean(String(value));
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}

function lastLine({ asserted, broken, unreachable, failed, hosts, seconds }: Verified, assertions: readonly AssertionEvent[], { color }: LineStyle): string {
  const took = color.dim(` (${duration(seconds)})`);
  const away = [...unreachable, ...failed];
  const missing = away.length === 0 ? "" : `; ${away.join(", ")} could not be looked at`;
  if (broken > 0) {
    const where = [...new Set(assertions.filter(({ ok }) => !ok).map(({ host }) => (host === "*" ? "all hosts together" : host)))];
    return `${color.red(`${broken} of ${count(asserted, "limit")} broken on ${where.join(", ")}${missing}`)}: mend what is marked ✖ and verify again${took}`;
  }
  if (away.length > 0) return `${color.red(`${count(asserted, "limit")} kept${missing}`)}: check the connection and verify again${took}`;
  return `${color.green(`${count(asserted, "limit")} kept on ${count(hosts, "host")}: everything works as the roles assert`)}${took}`;
}

/** 0 all limits kept, 2 one broken or a host failed, 4 a host unreachable and nothing broken. */
export function verifyExitCode({ broken, failed, unreachable }: Verified): number {
  if (broken > 0 || failed.length > 0) return 2;
  return unreachable.length > 0 ? 4 : 0;
}
