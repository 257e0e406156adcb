import { once, type EventEmitter } from "node:events";
import type { REPLEval } from "node:repl";
import { inspect } from "node:util";
import { ProcessOutput } from "zx/core";
import { fragment } from "../../engine/fragment.ts";
import { Redactor } from "../../engine/redactor.ts";
import { Remote } from "../../engine/remote.ts";
import { Sh } from "../../shell/index.ts";
import { Declaration } from "./declaration.ts";
import { runDeclarations, type ConsoleHost } from "./host.ts";

/** What a line came to, once it is over: a command was waited for, an sh was run, a declaration was planned. */
export async function settled(value: unknown, at: ConsoleHost, say: (text: string) => void): Promise<unknown> {
  const result = await (value as Promise<unknown>);
  if (result instanceof Declaration) {
    await runDeclarations([result], at, true, say);
    return undefined;
  }
  if (!(result instanceof Sh)) return result;
  const redactor = new Redactor();
  const [look] = await new Remote(at.session, { probeTimeout: 24 * 60 * 60, onConnection: () => {} }).look([fragment(result, undefined, redactor.add)]);
  const { out = "", err = "", code = 1 } = look?.seen ?? {};
  say(redactor.text(out + err));
  if (code !== 0) say(`exit code ${code}\n`);
  return undefined;
}

/** A command's output as it is, everything else as Node shows it. */
export function shown(value: unknown, color: boolean): string {
  if (value instanceof ProcessOutput) return `${value.stdout}${value.stderr}`.trimEnd();
  return inspect(value, { colors: color, depth: 4 });
}

/** Emitted on the domain beside `error`, for which `once` would reject. */
export const THROWN = "thrown";
const FAILED = Symbol("failed");

/**
 * Evaluates one line after the other, whatever each waits for.
 * @param failures The domain of the REPL: Node gives it what a line throws, instead of calling back.
 */
export function oneByOne(evaluate: REPLEval, settle: (value: unknown) => Promise<unknown>, failures: EventEmitter): REPLEval {
  let last: Promise<unknown> = Promise.resolve();
  return function (code, context, file, done) {
    const value = (): Promise<unknown> => new Promise((resolve, reject) => evaluate.call(this, code, context, file, (error: Error | null, result: unknown) => (error ? reject(error) : resolve(result))));
    const thrown = new AbortController();
    const one = async (): Promise<void> => {
      // What was thrown is shown by the REPL; the next line may come.
      const domain = once(failures, THROWN, { signal: thrown.signal }).then(() => FAILED);
      domain.catch(() => {});
      try {
        const found = await Promise.race([value(), domain]);
        if (found !== FAILED) done(null, await settle(found));
      } catch (error) {
        done(error as Error, undefined);
      } finally {
        thrown.abort();
      }
    };
    last = last.then(one);
  };
}
