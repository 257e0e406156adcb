import { closeSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { ReadStream, WriteStream } from "node:tty";
import { UsageError } from "../errors/index.ts";

/** Somebody pressed Ctrl-C at a question. */
export class Cancelled extends UsageError {
  override readonly name = "Cancelled";

  constructor() {
    super("cancelled: nothing was done");
  }
}

/** True when there is a terminal to ask on, wherever standard input and output go. */
export function canAsk(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r+"));
    return true;
  } catch {
    return false;
  }
}

/**
 * Asks on the terminal of this process, /dev/tty, so that standard input and output stay free.
 * @param secret True: what is typed is not shown.
 * @throws UsageError without a terminal, when the terminal goes away, and on Ctrl-C or Ctrl-D
 */
export async function ask(message: string, { secret = false }: { readonly secret?: boolean } = {}): Promise<string> {
  let fds: readonly [number, number];
  try {
    fds = [openSync("/dev/tty", "r"), openSync("/dev/tty", "w")];
  } catch (error) {
    throw new UsageError(`there is no terminal to ask on: ${message}`, { cause: error });
  }
  const [input, terminal] = [new ReadStream(fds[0]), new WriteStream(fds[1])];
  // Readline shows what is typed by writing it.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  // From here on the terminal itself shows nothing of what is typed, so the question comes after it.
  const lines = createInterface({ input, output: secret ? silent : terminal, terminal: true, historySize: 0 });
  if (secret) terminal.write(message);
  try {
    // oxlint-disable-next-line promise/avoid-new
    return await new Promise<string>((resolve, reject) => {
      lines.once("SIGINT", () => reject(new Cancelled()));
      lines.once("close", () => reject(new Cancelled()));
      lines.question(secret ? "" : message, resolve);
    });
  } finally {
    lines.close();
    if (secret) terminal.write("\n");
    input.destroy();
    terminal.destroy();
  }
}

/** Asks for a new secret twice. @throws UsageError when the two differ or are empty */
export async function askTwice(message: string): Promise<string> {
  const first = await ask(`${message}: `, { secret: true });
  if (first === "") throw new UsageError("nothing was typed: nothing was done");
  if ((await ask("once more: ", { secret: true })) !== first) throw new UsageError("the two differ: nothing was done");
  return first;
}
