import { type ChildProcess, spawn } from "node:child_process";

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

/** Asks the real host. */
type Ask = () => Promise<readonly Said[]>;

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

  close(): void {
    this.#child.stdin?.end();
  }
}

/**
 * Answers scripts as one real host did. A script that comes for the first time is run there; the same text, apart from its
 * random words, is answered from memory from then on, cut into the same pieces.
 */
export class Recorder {
  readonly #host: RealHost;
  readonly #answers = new Map<string, Promise<readonly Chunk[]>>();
  #recorded = 0;

  constructor(host: RealHost) {
    this.#host = host;
  }

  /** Scripts that were run on the real host. */
  get recorded(): number {
    return this.#recorded;
  }

  /** One simulated host's shell. */
  shell(): SimulatedShell {
    return new SimulatedShell((scripts, ask) => this.#answer(scripts, ask), this.#host);
  }

  async #answer(scripts: readonly string[], ask: Ask): Promise<Output[]> {
    const words = wordsOf(scripts);
    const key = JSON.stringify(scripts.map((script) => numbered(script, words)));
    const known = this.#answers.get(key) ?? this.#record(words, ask);
    this.#answers.set(key, known);
    return (await known).map(({ stream, parts }) => ({ stream, data: Buffer.from(parts.map((part) => (typeof part === "number" ? words[part] : part)).join(""), "latin1") }));
  }

  async #record(words: readonly string[], ask: Ask): Promise<readonly Chunk[]> {
    this.#recorded += 1;
    return (await ask()).map(({ stream, text }) => ({ stream, parts: numbered(text, words) }));
  }
}

/** A shell that remembers what it was told, so that it can catch up on the real host when something new is asked. */
class SimulatedShell {
  readonly #scripts: string[] = [];
  readonly #answer: (scripts: readonly string[], ask: Ask) => Promise<Output[]>;
  readonly #host: RealHost;
  #real: RealShell | undefined;
  /** Scripts that the real shell has answered. */
  #answered = 0;

  constructor(answer: (scripts: readonly string[], ask: Ask) => Promise<Output[]>, host: RealHost) {
    this.#answer = answer;
    this.#host = host;
  }

  /** @param script The command line first, then what comes on standard input; latin1. */
  async run(script: string): Promise<Output[]> {
    this.#scripts.push(script);
    return await this.#answer([...this.#scripts], () => this.#catchUp());
  }

  /** What the real host says to the last script, after all before it. */
  async #catchUp(): Promise<readonly Said[]> {
    let said: readonly Said[] = [];
    for (; this.#answered < this.#scripts.length; this.#answered++) {
      const script = this.#scripts[this.#answered] ?? "";
      if (this.#real) this.#real.send(script);
      else this.#real = new RealShell(this.#host, script);
      // The last random word of a script is the line that it ends with.
      said = await this.#real.until(script.match(ALL_RANDOM)?.at(-1) ?? "");
    }
    return said;
  }

  close(): void {
    this.#real?.close();
  }
}
