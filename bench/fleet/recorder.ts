import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** The random words of hawser's scripts: the mark of their frames and their end, and the mark of a program's beginning. */
const RANDOM = /hw[0-9a-f]{18}|hawser-[0-9a-f]{24}/;
const ALL_RANDOM = new RegExp(RANDOM, "g");

export type StreamName = "stdout" | "stderr";

/** A piece of output as the host printed it; a number stands for the random word of that place in the scripts. */
interface Chunk {
  readonly stream: StreamName;
  readonly parts: readonly (string | number)[];
}

export interface Output {
  readonly stream: StreamName;
  readonly data: Buffer;
}

/** The program and its first arguments that run a command line, which is appended, on a real host. */
export type RealHost = readonly string[];

/** Numbers the random words of some scripts in the order in which they come first. */
function wordsOf(scripts: readonly string[]): string[] {
  return [...new Set(scripts.flatMap((script) => script.match(ALL_RANDOM) ?? []))];
}

function numbered(text: string, words: readonly string[]): (string | number)[] {
  const parts: (string | number)[] = [];
  let at = 0;
  for (const { 0: word, index } of text.matchAll(ALL_RANDOM)) {
    const place = words.indexOf(word);
    if (place < 0) continue;
    parts.push(text.slice(at, index), place);
    at = index + word.length;
  }
  return [...parts, text.slice(at)];
}

interface Said {
  readonly stream: StreamName;
  readonly text: string;
}

/** A shell on the real host. */
class RealShell {
  readonly #child: ChildProcess;
  #chunks: Said[] = [];
  #onChunk = (): void => {};

  constructor(host: RealHost, command: string) {
    const [program = "", ...argv] = host;
    this.#child = spawn(program, [...argv, command], { stdio: ["pipe", "pipe", "pipe"] });
    for (const stream of ["stdout", "stderr"] as const) {
      this.#child[stream]?.setEncoding("latin1").on("data", (text: string) => {
        this.#chunks.push({ stream, text });
        this.#onChunk();
      });
    }
    this.#child.once("close", () => this.#onChunk());
  }

  send(script: string): void {
    this.#child.stdin?.write(Buffer.from(`${script.length}\n${script}`, "latin1"));
  }

  /** What it prints until both streams have shown the line that begins with `end`. @throws Error when the shell ends before. */
  async until(end: string): Promise<Said[]> {
    const line = new RegExp(`\n${end}[^\n]*\n`);
    const seen = (stream: StreamName): boolean => line.test(this.#chunks.filter((chunk) => chunk.stream === stream).map(({ text }) => text).join(""));
    while (!seen("stdout") || !seen("stderr")) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw new Error(`the real host's shell ended: ${this.#chunks.map(({ text }) => text).join("").slice(-500)}`);
      // oxlint-disable-next-line promise/avoid-new
      await new Promise<void>((resolve) => {
        this.#onChunk = resolve;
      });
    }
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "close");
    this.#child.stdin?.end();
    await ended;
  }
}

/**
 * Answers scripts as one real host did. A script that comes for the first time is run there; the same text, apart from its
 * random words, is answered from memory from then on, cut into the same pieces. The real host has one shell at a time, which
 * holds its lock.
 */
export class Recorder {
  readonly #host: RealHost;
  readonly #answers = new Map<string, Promise<readonly Chunk[]>>();
  #recorded = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #real: RealShell | undefined;
  /** What the real shell was asked, as a key. */
  #asked = "";

  constructor(host: RealHost) {
    this.#host = host;
  }

  /** Scripts that were run on the real host. */
  get recorded(): number {
    return this.#recorded;
  }

  /** @param scripts All that a simulated host was asked: the command line first, then what came on standard input; latin1. */
  async answer(scripts: readonly string[]): Promise<Output[]> {
    const words = wordsOf(scripts);
    const keys = scripts.map((script) => numbered(script, words));
    const key = JSON.stringify(keys);
    let known = this.#answers.get(key);
    if (!known) {
      known = this.#turn.then(() => this.#record(scripts, { before: JSON.stringify(keys.slice(0, -1)), key, words }));
      this.#turn = known.catch(() => {});
      this.#answers.set(key, known);
    }
    return (await known).map(({ stream, parts }) => ({ stream, data: Buffer.from(parts.map((part) => (typeof part === "number" ? words[part] : part)).join(""), "latin1") }));
  }

  async #record(scripts: readonly string[], { before, key, words }: { readonly before: string; readonly key: string; readonly words: readonly string[] }): Promise<readonly Chunk[]> {
    this.#recorded += 1;
    const goesOn = this.#real !== undefined && this.#asked === before;
    if (!goesOn) await this.#real?.close();
    if (!goesOn) this.#real = undefined;
    let said: readonly Said[] = [];
    for (const script of goesOn ? scripts.slice(-1) : scripts) {
      if (this.#real) this.#real.send(script);
      else this.#real = new RealShell(this.#host, script);
      // The last random word of a script is the line that it ends with.
      said = await this.#real.until(script.match(ALL_RANDOM)?.at(-1) ?? "");
    }
    this.#asked = key;
    return said.map(({ stream, text }) => ({ stream, parts: numbered(text, words) }));
  }
}
