import { gzipSync } from "node:zlib";
import { ConnectionLost, ShellEnded, type RequestOptions } from "../engine/session.ts";
import { quote } from "../shell/index.ts";
import { EndFinder } from "./end-finder.ts";
import type { Program } from "./program.ts";
import { settleable } from "./settleable.ts";
import type { Exit } from "./transport.ts";

/** The exit code of a loop that got less than was announced; free in sysexits(3) terms: EX_SOFTWARE. */
const CUT = 70;
/** Bytes of standard error that an error carries. */
const TAIL = 2048;

/** Bytes. A shorter script fills the same packets of a young connection either way, and needs no process to unpack it. */
const PACKED_FROM = 6 * 1024;

/**
 * Reads scripts from standard input: a line with the byte length, then that many bytes; or a line with the byte length and
 * that of the gzipped form, then that form. A script is evaluated only when all of it has come, so one that was cut never runs. Names begin with `hwl_`, since scripts share the shell's variables.
 *
 * - `read` takes single bytes from a pipe, so it leaves the script to head.
 * - The dot keeps trailing newlines, which $( ) would strip.
 * - A write to a connection that is gone ends the shell, but not before `hw_after` was evaluated.
 */
export const LOOP = `hw_after=
hwl_after() { hwl_s=$hw_after; hw_after=; eval "$hwl_s"; }
trap 'hwl_after; exit 141' PIPE
while IFS=' ' read -r hwl_n hwl_z; do
hwl_after
hwl_s=$(if [ -n "$hwl_z" ]; then head -c "$hwl_z" | gzip -dc; else head -c "$hwl_n"; fi; echo .)
hwl_s=\${hwl_s%.}
[ "\${#hwl_s}" -eq "$hwl_n" ] || exit ${CUT}
eval "$hwl_s" </dev/null
done
hwl_after
`;

/** A script as the loop reads it. */
export function framed(script: Buffer, gzip: boolean): Buffer {
  if (!gzip || script.length < PACKED_FROM) return Buffer.concat([Buffer.from(`${script.length}\n`), script]);
  const packed = gzipSync(script);
  return Buffer.concat([Buffer.from(`${script.length} ${packed.length}\n`), packed]);
}

/** The loop with a first script that came along with it. It must come whole as well: it stands in one command line. */
export function loopAfter(script: string): string {
  const at = LOOP.indexOf("while ");
  return `${LOOP.slice(0, at)}eval ${quote(script)} </dev/null\n${LOOP.slice(at)}`;
}

interface Running {
  readonly out: EndFinder;
  readonly err: EndFinder;
  readonly fail: (error: unknown) => void;
  tail: Buffer;
}

/** The one shell of a session, once it is open. */
export class KeptShell {
  readonly #host: string;
  #program: Program | undefined;
  #running: Running | undefined;
  #exit: Exit | undefined;
  #neverBegan = false;

  constructor(host: string) {
    this.#host = host;
  }

  readonly onStdout = (chunk: Buffer): void => this.#running?.out.push(chunk);

  readonly onStderr = (chunk: Buffer): void => {
    if (!this.#running) return;
    this.#running.tail = Buffer.concat([this.#running.tail, chunk.subarray(-TAIL)]).subarray(-TAIL);
    this.#running.err.push(chunk);
  };

  attach(program: Program): void {
    this.#program = program;
    void this.#watch(program);
  }

  async #watch(program: Program): Promise<void> {
    const exit = await program.closed;
    this.#exit = exit;
    const never = await program.started.then(() => undefined, (error: unknown) => error);
    this.#neverBegan = never !== undefined;
    this.#running?.fail(never ?? this.#ended(exit));
  }

  /** True once the shell has ended without having begun: it read nothing of what it was sent. */
  get neverBegan(): boolean {
    return this.#neverBegan;
  }

  /** False once the shell has ended or was given up. */
  get usable(): boolean {
    return this.#program !== undefined && this.#exit === undefined;
  }

  /** Whether no script runs. */
  get idle(): boolean {
    return this.#running === undefined;
  }

  get program(): Program | undefined {
    return this.#program;
  }

  /** Sends one script; the caller sees to it that only one runs. */
  async run(script: Buffer, options: RequestOptions): Promise<void> {
    const done = this.expect(options);
    this.#program?.stdin.write(framed(script, options.gzip ?? false));
    await done;
  }

  /** Waits for the end of a script that is on its way. */
  async expect(options: RequestOptions): Promise<void> {
    const done = settleable<void>();
    let left = 2;
    const end = (): void => {
      left -= 1;
      if (left === 0) done.resolve();
    };
    const onAbort = (): void => done.reject(options.signal?.reason);
    this.#running = {
      out: new EndFinder(options.end, options.onStdout, end, options.live),
      err: new EndFinder(options.end, options.onStderr, end, options.live),
      fail: done.reject,
      tail: Buffer.alloc(0),
    };
    options.signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await done.promise;
    } finally {
      options.signal?.removeEventListener("abort", onAbort);
      this.#running = undefined;
    }
  }

  #ended(exit: Exit): Error {
    const stderr = this.#running?.tail.toString().trim() ?? "";
    if (exit.lost !== undefined) return new ConnectionLost(`${this.#host}: ${exit.lost}`, { host: this.#host, stderr });
    const how = exit.code === null ? `killed by ${exit.signal}` : `exit code ${exit.code}`;
    const why = exit.code === CUT ? "the script arrived cut short and was not run" : "the shell ended before its script did";
    return new ShellEnded(`${this.#host}: ${why} (${how})`, { host: this.#host, stderr, hint: "a script must not close its shell: no `exit`, no syntax error, no `set -e` outside of parentheses" });
  }
}
