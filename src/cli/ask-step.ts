import { closeSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import { ReadStream, WriteStream } from "node:tty";
import type { AskStep, StepAnswer, StepQuestion } from "../engine/step.ts";
import { UsageError } from "../errors/index.ts";
import { colors, diffLines } from "../report/index.ts";

/** How the questions of `--step` are asked. */
export interface StepAsker {
  readonly ask: AskStep;
  /** When the signal is aborted, by Ctrl-C for one, an open question is answered with quit. */
  follow(interrupt: AbortSignal): void;
  close(): void;
}

const PROMPT = "  apply it? [y]es, [n]o, [c]ontinue without asking, [d]iff, [q]uit: ";

/**
 * Asks on the terminal itself, so that standard input and output may be redirected.
 * @param color Whether the terminal shows colours.
 * @throws UsageError when there is no terminal
 */
export function askOnTerminal(color: boolean): StepAsker {
  const { input, output } = openTerminal();
  const lines = createInterface({ input, terminal: false });
  const waiting: ((line: string | undefined) => void)[] = [];
  const typed: string[] = [];
  let [over, asks] = [false, true];
  const answerAll = (): void => {
    over = true;
    for (const resolve of waiting.splice(0)) resolve(undefined);
  };
  lines.on("line", (line) => {
    const next = waiting.shift();
    if (next) next(line);
    else typed.push(line);
  });
  lines.on("close", answerAll);

  // oxlint-disable-next-line promise/avoid-new
  const nextLine = (): Promise<string | undefined> => new Promise((resolve) => {
    const early = typed.shift();
    if (early !== undefined || over) resolve(early);
    else waiting.push(resolve);
  });

  return {
    ask: async (question) => {
      if (!asks) return "apply";
      output.write(`${title(question, color)}\n`);
      for (;;) {
        output.write(PROMPT);
        const answer = verdict(await nextLine());
        if (answer === "continue") asks = false;
        if (answer === "diff") output.write(`${diffOf(question, color)}\n`);
        else if (answer !== undefined) return answer === "continue" ? "apply" : answer;
      }
    },
    follow: (interrupt) => interrupt.addEventListener("abort", answerAll, { once: true }),
    close: () => {
      lines.close();
      input.destroy();
      output.destroy();
    },
  };
}

function openTerminal(): { input: ReadStream; output: WriteStream } {
  let opened: number | undefined;
  try {
    opened = openSync("/dev/tty", "r+");
    // Each stream closes its own descriptor.
    return { input: new ReadStream(opened), output: new WriteStream(openSync("/dev/tty", "r+")) };
  } catch (error) {
    if (opened !== undefined) closeSync(opened);
    throw new UsageError("--step has no terminal to ask on", { cause: error, hint: "run it from a terminal, or without --step; --check --diff shows all changes at once" });
  }
}

function title({ host, id, summary, handler }: StepQuestion, color: boolean): string {
  const paint = colors(color);
  return `\n  ${paint.bold(host)}  ${id}${handler ? paint.cyan(" (handler)") : ""}  ${summary}`;
}

function diffOf({ diff }: StepQuestion, color: boolean): string {
  if (diff === undefined) return "      (its kind shows no diff)";
  return diffLines(diff, colors(color)).map((line) => `      ${line}`).join("\n");
}

/** Undefined for what is none of the answers. End of input quits. */
function verdict(line: string | undefined): StepAnswer | "continue" | "diff" | undefined {
  if (line === undefined) return "quit";
  const word = line.trim().toLowerCase();
  const found = (["yes", "no", "continue", "diff", "quit"] as const).find((each) => word !== "" && each.startsWith(word));
  return found === "yes" ? "apply" : found === "no" ? "skip" : found;
}
