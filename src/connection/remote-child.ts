import { EventEmitter } from "node:events";
import { constants } from "node:os";
import { PassThrough } from "node:stream";
import type { Program } from "./program.ts";
import { ConnectionLost } from "./errors.ts";
import { settleable } from "./settleable.ts";
import type { ChannelEvents } from "./transport.ts";

/** Milliseconds that a signalled command may take to end before it is let go. */
const GRACE = 2000;

/** What a remote command needs of its session. */
export interface RemoteHost {
  readonly host: string;
  run(script: string, events: ChannelEvents): Promise<Program>;
  kill(processGroup: number, signal: "TERM" | "KILL"): Promise<void>;
}

/** The part of ChildProcess that zx uses, backed by one channel. */
export class RemoteChild extends EventEmitter {
  readonly pid: number;
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  /** Why there is no exit status: the connection was lost, or the command never began. */
  failure: Error | undefined;
  readonly #host: RemoteHost;
  readonly #program = settleable<Program>();
  #signal: NodeJS.Signals | undefined;
  #settled = false;

  constructor(pid: number, host: RemoteHost) {
    super();
    this.pid = pid;
    this.#host = host;
  }

  async start(script: string): Promise<void> {
    try {
      const program = await this.#host.run(script, { onStdout: (chunk) => void this.stdout.write(chunk), onStderr: (chunk) => void this.stderr.write(chunk) });
      this.#program.resolve(program);
      this.stdin.pipe(program.stdin);
      const exit = await program.closed;
      await program.started;
      // Behind sudo or su the signal shows as a shell's exit code.
      if (exit.lost === undefined && this.#signal && exit.code === 128 + constants.signals[this.#signal]) this.#settle(null, this.#signal);
      else if (exit.lost === undefined) this.#settle(exit.code, exit.signal);
      else if (this.#signal) this.#settle(null, this.#signal);
      else throw new ConnectionLost(`${this.#host.host}: ${exit.lost}`, { host: this.#host.host });
    } catch (error) {
      this.#program.reject(error);
      this.failure = error as Error;
      this.#settle(null, null, this.failure);
    }
  }

  /** Signals the whole process group; sshd takes no signals for root logins, so this goes over a channel of its own. */
  kill(signal: NodeJS.Signals | number = "SIGTERM"): boolean {
    const hard = signal === "SIGKILL" || signal === 9;
    this.#signal = hard ? "SIGKILL" : "SIGTERM";
    // One that never began has nothing to be killed; why it did not is told by `start`.
    this.#stop(hard ? "KILL" : "TERM").catch(() => {});
    return true;
  }

  async #stop(signal: "TERM" | "KILL"): Promise<void> {
    const program = await this.#program.promise;
    const timer = setTimeout(() => program.destroy(), GRACE);
    void program.closed.then(() => clearTimeout(timer));
    await this.#host.kill(await program.started, signal);
  }

  #settle(code: number | null, signal: string | null, error?: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    this.stdout.end();
    this.stderr.end();
    if (error) this.emit("error", error);
    this.emit("exit", code, signal);
    // zx settles on `close` only, and its readers must have seen the last of the output by then.
    void Promise.all([ended(this.stdout), ended(this.stderr)]).then(() => this.emit("close", code, signal));
  }
}

function ended(stream: PassThrough): Promise<void> {
  if (stream.readableEnded || stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once("end", resolve);
    stream.once("close", resolve);
  });
}
