import { driftedResources, driftState, type DriftState } from "./drift.ts";
import { diffLines, failureLines, type LineStyle } from "./lines.ts";
import type { RunRecord } from "./run-record.ts";
import { colors, outcomeMark } from "./style.ts";
import { clean, count, duration, oneLine, place } from "./text.ts";

export interface DriftFormat {
  readonly color: boolean;
  /** Prints the diffs. */
  readonly diff: boolean;
  readonly cwd: string;
}

/** Up to this many hosts are named; of more, their number and the first ones. */
const NAMED = 8;

/** What differs, resource by resource, since one cause usually shows on many hosts; then who failed, and what it comes to. */
export function driftText(record: RunRecord, { color: enabled, diff, cwd }: DriftFormat): string {
  const color = colors(enabled);
  const style: LineStyle = { color, cwd, diff, hostWidth: 0, check: true, width: Infinity };
  const resources = driftedResources(record).map(({ id, hosts, of, variants }) => {
    const lines = variants.flatMap(({ entry, hosts: own }) => {
      const mark = outcomeMark(entry.outcome, color);
      const what = [entry.summary, entry.cause].filter((part) => part !== undefined && part !== "").map((part) => oneLine(part as string));
      return [[mark.paint(`${mark.symbol} ${mark.word}`), ...what, color.dim(`on ${named(own)}`)].join("  "), ...(diff && entry.diff !== undefined ? diffLines(entry.diff, color).map((line) => `  ${line}`) : [])];
    });
    const source = variants[0]?.entry.resource.source;
    const where = source === undefined || source.line < 1 ? "" : color.dim(`  ${place(source, cwd)}`);
    return `  ${count(hosts, "host")} of ${of} ${hosts === 1 ? "differs" : "differ"} in ${color.bold(clean(id))}${where}\n${lines.map((line) => `      ${line}\n`).join("")}`;
  });
  const failures = [
    ...record.failures.map((failure) => failureLines(failure, style)),
    ...[...record.hosts.values()].flatMap(({ name, failures: own, entries }) => [
      ...own.map((failure) => failureLines({ host: name, ...failure }, style)),
      ...[...entries.values()].filter(({ outcome }) => outcome === "failed").map(({ resource, summary, failure }) => failureLines({ message: summary ?? "failed", ...failure, host: name, resource: resource.id, role: resource.role, source: failure?.source ?? resource.source }, style)),
    ]),
  ];
  const parts = [resources.join(""), failures.join(""), `${lastLine(record, color)}\n`].filter((part) => part !== "");
  return `${color.bold(`drift from ${clean(record.start?.playbook ?? "the playbook")}`)} on ${count(record.hosts.size, "host")}\n\n${parts.join("\n")}`;
}

function named(hosts: readonly string[]): string {
  return hosts.length <= NAMED ? hosts.join(", ") : `${hosts.slice(0, NAMED - 1).join(", ")} and ${hosts.length - NAMED + 1} more`;
}

function lastLine(record: RunRecord, color: LineStyle["color"]): string {
  const states = [...record.hosts.keys()].map((name) => [name, driftState(record.recap?.hosts[name])] as const);
  const having = (state: DriftState): string[] => states.filter(([, each]) => each === state).map(([name]) => name);
  const took = color.dim(` (${duration(record.seconds)})`);
  const drifted = having("drift").length;
  const resources = driftedResources(record).length;
  const bad = (["failed", "unreachable", "unfinished"] as const).flatMap((state) => (having(state).length === 0 ? [] : [`${state}: ${named(having(state))}`]));
  const found = resources === 0 ? "no drift" : `${count(resources, "resource")} ${resources === 1 ? "differs" : "differ"}`;
  const clear = `${having("ok").length} of ${count(states.length, "host")} as declared`;
  if (bad.length > 0 || record.recap?.interrupted === true) return `${color.red(`${record.recap?.interrupted === true ? "interrupted; " : ""}${[found, clear, ...bad].join("; ")}`)}${took}`;
  if (drifted === 0) return `${color.green(`no drift: ${count(states.length, "host")} ${states.length === 1 ? "is" : "are"} as declared`)}${took}`;
  return `${color.yellow(`${found}; ${clear}`)}: hawser run makes it so${took}`;
}
