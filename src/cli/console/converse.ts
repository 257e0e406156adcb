import { PassThrough } from "node:stream";
import { create as createDomain } from "node:domain";
import { once, type EventEmitter } from "node:events";
import { Recoverable, start, type REPLEval, type ReplOptions, type REPLServer } from "node:repl";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { ProcessOutput } from "zx/core";
import { hostView } from "../../engine/members.ts";
import { HawserError, UsageError } from "../../errors/index.ts";
import { formatError } from "../../report/index.ts";
import type { Facts } from "../../resources/facts.ts";
import { Secret, Sh, sh } from "../../shell/index.ts";
import { wantsColor } from "../color.ts";
import { Declaration, typedTasks } from "./declaration.ts";
import { oneByOne, settled, shown, THROWN } from "./evaluate.ts";
import { historyFile, privateLines } from "./history.ts";
import { runDeclarations, type ConsoleHost } from "./host.ts";

/** Talks to a host until the input ends. @returns the exit code */
export async function converse(at: ConsoleHost, facts: Facts): Promise<number> {
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const say = (part: string): void => void process.stdout.write(part);
  const color = wantsColor(process.stdout);
  const writer = (value: unknown): string => shown(value, color);
  // Without a terminal the lines are evaluated below, and the server's own streams are not used.
  const failures = createDomain();
  failures.on("error", () => void failures.emit(THROWN));
  const streams = isTerminal ? { input: process.stdin, output: process.stdout } : { input: new PassThrough(), output: new PassThrough(), terminal: false };
  // Objects of another realm would be no plain ones. Node's types do not know `domain`, by which errors of lines are told apart from those of hawser.
  const options: ReplOptions & { domain: EventEmitter } = { prompt: `${at.host.name}> `, ignoreUndefined: true, useGlobal: true, writer, useColors: color, domain: failures, ...streams };
  const server = start(options);
  Object.assign(server.context, dsl(at, facts, say));
  const evaluate = oneByOne(server.eval, (value) => settled(value, at, say), failures);
  if (!isTerminal) return await evaluateAll(server, evaluate, await text(process.stdin), failures, (value) => say(`${writer(value)}\n`));
  Object.assign(server, { eval: evaluate });
  keepHistory(server, at.host.vars);
  await once(server, "exit");
  return 0;
}

/** What stands at the prompt. */
function dsl(at: ConsoleHost, facts: Facts, say: (text: string) => void): Record<string, unknown> {
  const apply = async (...declarations: unknown[]): Promise<void> => {
    const wrong = declarations.find((each) => !(each instanceof Declaration));
    if (declarations.length === 0 || wrong !== undefined) throw new UsageError("apply takes what t declares", { hint: 'await apply(t.file("/etc/motd", { content: "" }))' });
    if (!(await runDeclarations(declarations as Declaration[], at, false, say))) throw new HawserError("not everything was applied");
  };
  return { $: at.session.$, sh, Sh, Secret, z, t: typedTasks(), apply, facts, vars: at.host.vars, host: hostView(at.host), inventory: at.inventory };
}

/** The lines of a pipe, a statement of several lines in one piece; the first that fails is the last. */
async function evaluateAll(server: REPLServer, evaluate: REPLEval, lines: string, failures: EventEmitter, show: (value: unknown) => void): Promise<number> {
  let statement = "";
  let fail: ((error: Error) => void) | undefined;
  failures.on("error", (error: Error) => fail?.(error));
  for (const line of lines.split("\n")) {
    statement += `${line}\n`;
    if (statement.trim() === "") continue;
    const { error, value } = await new Promise<{ error: Error | null; value?: unknown }>((resolve) => {
      fail = (thrown) => resolve({ error: thrown });
      evaluate.call(server, statement, server.context, "console", (failure: Error | null, result: unknown) => resolve({ error: failure, value: result }));
    });
    if (error instanceof Recoverable) continue;
    statement = "";
    if (error) {
      process.stderr.write(failureText(error));
      return 2;
    }
    if (value !== undefined) show(value);
  }
  if (statement.trim() === "") return 0;
  process.stderr.write(failureText(new UsageError("the last statement is not complete")));
  return 2;
}

/** A mistake of whoever typed it is no bug of hawser. */
function failureText(error: Error): string {
  if (error instanceof HawserError) return formatError(error, { color: wantsColor(process.stderr) });
  if (error instanceof ProcessOutput) return `error: the command exited ${error.exitCode ?? error.signal}\n${error.stderr}`;
  return `error: ${error.name}: ${error.message}\n`;
}

function keepHistory(server: REPLServer, vars: unknown): void {
  const isPrivate = privateLines(vars);
  server.on("history", (history: string[]) => {
    if (history[0] !== undefined && isPrivate(history[0])) history.shift();
  });
  server.setupHistory(historyFile(), (error) => {
    if (error) process.stderr.write(`the history cannot be kept: ${error.message}\n`);
  });
}
