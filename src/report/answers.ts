import type { AdHocEvent, Answer } from "../engine/events.ts";
import { formatFailure } from "./lines.ts";
import { sinkOf } from "./sink.ts";
import { colors, type Colors } from "./style.ts";
import { cells, count, duration, lines, padEnd } from "./text.ts";

/** Hears what hosts answer to an ad hoc command. */
export interface AnswerReporter {
  on(event: AdHocEvent): void;
  /** Writes what is left. */
  end(): Promise<void>;
}

export interface AnswerFormat {
  /** Every host that is asked. */
  readonly hosts: readonly string[];
  readonly color: boolean;
  /** Identical answers once, at the end, instead of every line as it comes. Default false. */
  readonly group?: boolean;
}

/** What a script reads, and what people read beside it. */
export interface AnswerStreams {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
}

/** A line for each host, as it has answered. */
export function jsonAnswers({ out }: Pick<AnswerStreams, "out">): AnswerReporter {
  const sink = sinkOf(out);
  return {
    on(event) {
      if (event.event === "answer") sink.write(`${JSON.stringify(event.answer)}\n`);
    },
    end: () => sink.flush(),
  };
}

/** Every line behind its host's name, or each answer once with who gave it; then, on standard error, who did not do well. */
export function humanAnswers({ out, err }: AnswerStreams, { hosts, color: enabled, group = false }: AnswerFormat): AnswerReporter {
  const [outSink, errSink] = [sinkOf(out), sinkOf(err)];
  const color = colors(enabled);
  const width = Math.max(...hosts.map(cells));
  const paints = [color.cyan, color.magenta, color.green, color.blue, color.yellow];
  const prefix = new Map(hosts.map((host, i) => [host, (paints[i % paints.length] ?? String)(padEnd(host, width))]));
  const answers: Answer[] = [];
  const began = performance.now();
  return {
    on(event) {
      if (event.event === "answer") {
        answers.push(event.answer);
        if (event.answer.trouble) errSink.write(troubleLines(event.answer, enabled));
      } else if (!group) {
        const bar = event.stream === "stdout" ? color.dim("│") : color.red("│");
        (event.stream === "stdout" ? outSink : errSink).write(eachLine(event.text).map((line) => `${prefix.get(event.host)} ${bar} ${line}\n`).join(""));
      }
    },
    async end() {
      answers.sort((a, b) => hosts.indexOf(a.host) - hosts.indexOf(b.host));
      if (group) outSink.write(groupText(answers, color));
      const last = lastLine(answers, color, (performance.now() - began) / 1000);
      if (last !== "") errSink.write(last);
      await outSink.flush();
      await errSink.flush();
    },
  };
}

/** Unlike `lines`, with the empty ones at the end. */
const eachLine = (text: string): string[] => lines(`${text.replace(/\n$/, "")}.`).map((line, i, all) => (i === all.length - 1 ? line.slice(0, -1) : line));

function troubleLines({ host, trouble, message = "", hint }: Answer, color: boolean): string {
  return formatFailure({ host, message, unreachable: trouble === "unreachable", ...(hint !== undefined && { hint }) }, { color, cwd: process.cwd() });
}

/** `3 hosts answered: a, b, c`, and below it what they said; the commonest answer first. */
function groupText(answers: readonly Answer[], color: Colors): string {
  const groups = new Map<string, Answer[]>();
  for (const answer of answers.filter(({ trouble }) => trouble === undefined)) {
    const key = JSON.stringify([answer.code, answer.stdout, answer.stderr]);
    groups.set(key, [...(groups.get(key) ?? []), answer]);
  }
  const parts = [...groups.values()].sort((a, b) => b.length - a.length).map((group) => {
    const { code, stdout, stderr } = group[0] as Answer;
    const how = code === 0 ? "answered" : `exited ${code}`;
    const title = `${count(group.length, "host")} ${how}: ${group.map(({ host }) => host).join(", ")}`;
    const body = [...(stdout === "" ? [] : eachLine(stdout)), ...(stderr === "" ? [] : eachLine(stderr).map((line) => `${color.red("│")} ${line}`))];
    return `${color.bold(code === 0 ? title : color.red(title))}\n${body.map((line) => `  ${line}\n`).join("")}`;
  });
  return parts.join("\n");
}

/** Nothing where one host did well: then there is only its output. */
function lastLine(answers: readonly Answer[], color: Colors, seconds: number): string {
  const ok = answers.filter(({ code }) => code === 0).length;
  const bad = new Map<string, string[]>();
  for (const { host, code, trouble } of answers) {
    if (code === 0) continue;
    const how = code === null ? (trouble === "lost" ? "lost" : (trouble ?? "failed")) : `exited ${code}`;
    bad.set(how, [...(bad.get(how) ?? []), host]);
  }
  if (bad.size === 0 && answers.length < 2) return "";
  const parts = [...bad].map(([how, hosts]) => `${hosts.length} ${how} (${hosts.join(", ")})`);
  const text = `${count(answers.length, "host")}: ${[`${ok} ok`, ...parts].join(", ")}`;
  return `${bad.size === 0 ? color.green(text) : color.red(text)}${color.dim(` (${duration(seconds)})`)}\n`;
}

/** 0 every host's command exited 0, 2 one did not, 4 a host was unreachable or lost and nothing failed, 130 interrupted before anything failed. */
export function answersExitCode(answers: readonly Answer[]): number {
  const has = (...troubles: readonly Answer["trouble"][]): boolean => answers.some(({ trouble }) => trouble !== undefined && troubles.includes(trouble));
  if (answers.some(({ code }) => code !== null && code !== 0) || has("timed-out", "failed")) return 2;
  if (has("interrupted")) return 130;
  return has("unreachable", "lost") ? 4 : 0;
}
