import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { frameOf, isOwnCode, withSource } from "../errors/frames.ts";
import { HawserError, type SourceLine } from "../errors/index.ts";
import { printed } from "./lines.ts";
import { type Colors, colors } from "./style.ts";
import { cells, clean, lines, oneLine, place } from "./text.ts";

export interface ErrorFormat {
  readonly color: boolean;
  /** Default: the working directory. */
  readonly cwd?: string;
}

interface Known {
  readonly message: string;
  readonly hint?: string | undefined;
  readonly source?: SourceLine | undefined;
  readonly host?: string | undefined;
  readonly resource?: string | undefined;
  readonly output?: string | undefined;
  /** The source line, where whoever raised the error has read it and masked its secrets. */
  readonly excerpt?: string | undefined;
}

/** More causes than this explain nothing. */
const CAUSES = 4;

/**
 * An error as the command line prints it: message, place with its source line, what was printed, causes, and what to try.
 * What was not raised on purpose comes with its stack: from hawser's own code it is a bug, otherwise the playbook threw it.
 */
export function formatError(error: unknown, { color: enabled, cwd = process.cwd() }: ErrorFormat): string {
  const color = colors(enabled);
  if (!(error instanceof Error)) return `${color.red("error:")} ${oneLine(messageOf(error))}\n`;
  const problems = problemsOf(error);
  if (problems !== undefined) return problems.map((problem) => section(problem, color, cwd)).join("\n") + (problems.length > 1 ? `\n${color.red(`${problems.length} problems`)}\n` : "");
  if (isDeliberate(error)) return section(knownOf(error), color, cwd, causes(error, color));
  return unexpected(error, color, cwd);
}

function isDeliberate(error: Error): boolean {
  return error instanceof HawserError || "hint" in error;
}

function knownOf(error: Error): Known {
  const { hint, source, host, resource, stderr, evidence } = error as Partial<HawserError> & { evidence?: unknown };
  // A message that is also read without its hint may end with it.
  const message = hint !== undefined && error.message.endsWith(`; ${hint}`) ? error.message.slice(0, -hint.length - 2) : error.message;
  return { message, hint, source, host, resource, output: stderr ?? (typeof evidence === "string" ? evidence : undefined) };
}

/** Errors that stand for several: a list of `problems`, or the `errors` of an AggregateError. */
function problemsOf(error: Error): Known[] | undefined {
  const { problems, errors } = error as { problems?: unknown; errors?: unknown };
  if (Array.isArray(problems) && problems.length > 0) return problems.map(problemOf);
  if (Array.isArray(errors) && errors.length > 0) return errors.map((each) => (each instanceof Error ? knownOf(each) : problemOf(each)));
  return undefined;
}

function problemOf(problem: unknown): Known {
  if (typeof problem !== "object" || problem === null || !("message" in problem)) return { message: String(problem) };
  const { message, hint, source, file, line, column, excerpt } = problem as Known & Partial<SourceLine>;
  const own = file === undefined || line === undefined ? undefined : { file, line, column: column ?? 1 };
  return { message, hint, source: source ?? own, excerpt };
}

function section(known: Known, color: Colors, cwd: string, why: readonly string[] = []): string {
  const { source } = known;
  const [first = "", ...more] = lines(known.message);
  const subject = [known.host, known.resource].filter((part) => part !== undefined).map(clean).join("  ");
  const body = [
    ...more,
    ...(subject === "" ? [] : [color.bold(subject)]),
    ...(source === undefined || source.line < 1 ? [] : [`at ${color.cyan(place(source, cwd))}`, ...excerpt(source, known.excerpt, color)]),
    ...printed("stderr", known.output, color),
    ...why,
    ...(known.hint === undefined ? [] : [`${color.bold("try:")} ${oneLine(known.hint)}`]),
  ];
  return `${color.bold(color.red("error:"))} ${first}\n${body.map((line) => `  ${line}\n`).join("")}`;
}

/** The line and, of a program, its neighbours; under it a caret. Nothing when the file cannot be read. */
function excerpt(source: SourceLine, masked: string | undefined, color: Colors): string[] {
  // Beside a line of YAML there may be anybody's password.
  const isCode = /\.[cm]?[jt]s$/.test(source.file);
  const around = isCode ? 1 : 0;
  const all = masked === undefined ? readLines(source.file) : undefined;
  const text = masked ?? all?.[source.line - 1];
  if (text === undefined) return [];
  const width = String(source.line + around).length;
  const numbered = (line: number, content: string) => `${color.dim(`${String(line).padStart(width)} │`)} ${maskSecrets(clean(content).replaceAll("\t", "  "), isCode)}`;
  const neighbour = (line: number) => (isCode && all?.[line - 1] !== undefined ? [numbered(line, all[line - 1] ?? "")] : []);
  const before = clean(text.slice(0, source.column - 1)).replaceAll("\t", "  ");
  const caret = `${" ".repeat(width)} ${color.dim("│")} ${" ".repeat(cells(before))}${color.red("^")}`;
  return [...neighbour(source.line - 1), numbered(source.line, text), caret, ...neighbour(source.line + 1)];
}

function readLines(file: string): string[] | undefined {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return undefined;
  }
}

const SECRET_NAME = String.raw`\b[\w-]*(?:password|passphrase|passwd|secret|token|psk|private_?key)[\w-]*["']?\s*[:=]`;
const SECRET_IN_DATA = new RegExp(String.raw`(!(?:secret|age|vault)\s+|${SECRET_NAME}\s*)\S.*`, "i");
const SECRET_IN_CODE = new RegExp(String.raw`(new Secret\(\s*|${SECRET_NAME}\s*)(["'\x60]).*?\2`, "gi");

function maskSecrets(line: string, isCode: boolean): string {
  return isCode ? line.replace(SECRET_IN_CODE, "$1$2[secret]$2") : line.replace(SECRET_IN_DATA, "$1[secret]");
}

/** What led to the error, nearest first, without what the message already says. */
function causes(error: Error, color: Colors): string[] {
  const found: string[] = [];
  let said = error.message;
  for (let cause = error.cause; cause !== undefined && cause !== null && found.length < CAUSES; cause = cause instanceof Error ? cause.cause : undefined) {
    const message = oneLine(messageOf(cause));
    if (!said.includes(message)) found.push(`${color.dim("caused by:")} ${message}`);
    said += message;
  }
  return found;
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return typeof thrown === "string" ? thrown : inspect(thrown, { depth: 1 });
}

function unexpected(error: Error, color: Colors, cwd: string): string {
  const stack = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const origin = stack.map(frameOf).find((frame) => frame !== undefined);
  const isOurs = origin === undefined || isOwnCode(origin.file) || origin.file.includes("/node_modules/");
  const what = section({ message: `${error.name}: ${error.message}`, source: isOurs ? undefined : origin }, color, cwd, causes(error, color));
  const advice = isOurs ? "this is a bug in hawser: please report it with the lines above" : "this was thrown by the playbook's or role's own code, not by hawser";
  return `${what}${stack.map((line) => `  ${color.dim(clean(withSource(line).trim()))}\n`).join("")}  ${color.bold(advice)}\n`;
}
