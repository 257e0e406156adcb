import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";
import { $ } from "zx";
import { ConnectionLost, ShellEnded, Unreachable, type RequestOptions, type Session, type UploadOptions } from "../../src/engine/session.ts";

const LOOP = `umask 077; cd /; hw_after=
while IFS= read -r n; do
  eval "$hw_after"; hw_after=
  s=$(head -c "$n"; echo .); s=\${s%.}
  [ "\${#s}" -eq "$n" ] || exit 70
  eval "$s"
done
eval "$hw_after"`;

const folders = new Set<string>();

// Also those that were kept for a later session, and of a test that failed.
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/**
 * A session on this machine for engine tests: the same shell protocol, with hawser's folders in a temporary place, and
 * switches to break the connection. Not the product's connection, which has tests of its own.
 */
export class LocalSession implements Session {
  readonly host: string;
  readonly user = "root";
  readonly $: Session["$"] = $({ quiet: true });
  requests = 0;
  readonly folder: string;
  /** Every script that was sent. */
  readonly scripts: string[] = [];
  /** Called after a script was sent; may cut the connection. */
  afterSend: ((script: string, session: LocalSession) => void) | undefined;
  reconnects = 0;
  /** The host does not answer any more. */
  gone = false;
  readonly #shell: string;
  readonly #keep: boolean;
  #child: ChildProcess | undefined;
  #busy: Promise<unknown> = Promise.resolve();

  /** @param options.keep Leaves the folder for a later session. */
  constructor(host: string, { shell = "sh", folder, keep = false }: { shell?: string; folder?: string; keep?: boolean } = {}) {
    this.host = host;
    this.#shell = shell;
    this.#keep = keep;
    this.folder = folder ?? mkdtempSync(path.join(tmpdir(), "hawser-session-"));
    folders.add(this.folder);
  }

  #open(): ChildProcess {
    if (this.#child) return this.#child;
    this.requests++;
    const env = { ...process.env, LC_ALL: "C", hw_run: `${this.folder}/run`, hw_state: `${this.folder}/state` };
    const [program = "sh", ...args] = this.#shell.split(" ");
    this.#child = spawn(program, [...args, "-c", LOOP], { env, stdio: "pipe", detached: true });
    this.#child.stdin?.on("error", () => {});
    return this.#child;
  }

  request(script: string, options: RequestOptions): Promise<void> {
    const turn = this.#busy.then(() => this.#send(script, options));
    this.#busy = turn.catch(() => {});
    return turn;
  }

  async #send(script: string, { end, onStdout, onStderr, signal }: RequestOptions): Promise<void> {
    const child = this.#open();
    this.requests++;
    this.scripts.push(script);
    const marker = Buffer.from(`\n${end}\n`);
    // oxlint-disable-next-line promise/avoid-new
    await new Promise<void>((resolve, reject) => {
      let open = 2;
      const watch = (stream: NodeJS.ReadableStream, deliver: (chunk: Buffer) => void): (() => void) => {
        let pending = Buffer.alloc(0);
        const onData = (chunk: Buffer): void => {
          pending = Buffer.concat([pending, chunk]);
          const at = pending.indexOf(marker);
          if (at >= 0) {
            deliver(pending.subarray(0, at));
            stream.off("data", onData);
            if (--open === 0) finish();
          } else {
            let kept = Math.min(pending.length, marker.length - 1);
            while (kept > 0 && !pending.subarray(pending.length - kept).equals(marker.subarray(0, kept))) kept--;
            deliver(pending.subarray(0, pending.length - kept));
            pending = pending.subarray(pending.length - kept);
          }
        };
        stream.on("data", onData);
        return () => stream.off("data", onData);
      };
      const unwatch = [watch(child.stdout as NodeJS.ReadableStream, onStdout), watch(child.stderr as NodeJS.ReadableStream, onStderr)];
      const finish = (error?: Error): void => {
        for (const stop of unwatch) stop();
        child.off("close", onClose);
        signal?.removeEventListener("abort", onAbort);
        if (error) reject(error);
        else resolve();
      };
      const onClose = (code: number | null, how: string | null): void => {
        this.#child = undefined;
        finish(how === "SIGKILL" ? new ConnectionLost("cut") : new ShellEnded(`exited ${code}`));
      };
      const onAbort = (): void => {
        this.#child = undefined;
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
        finish(signal?.reason as Error);
      };
      child.on("close", onClose);
      signal?.addEventListener("abort", onAbort, { once: true });
      const bytes = Buffer.from(script);
      child.stdin?.write(`${bytes.length}\n`);
      child.stdin?.write(bytes);
      this.afterSend?.(script, this);
    });
  }

  /** As a cable that is pulled: the shell on the host gets its end of input a little later, what it started goes on. */
  cut(): void {
    const child = this.#child;
    if (child?.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    this.#child = undefined;
  }

  /** Bytes that arrive before the next upload is cut; each cut once. */
  readonly cutUploadsAt: number[] = [];
  /** From where each upload went on. */
  readonly uploadsFrom: number[] = [];

  async upload(content: Buffer | { readonly localFile: string }, to: string, { from = 0 }: UploadOptions = {}): Promise<void> {
    this.requests++;
    this.uploadsFrom.push(from);
    const cut = this.cutUploadsAt.shift();
    const bytes = (Buffer.isBuffer(content) ? content : readFileSync(content.localFile)).subarray(from, cut);
    if (from === 0) writeFileSync(to, bytes, { mode: 0o600 });
    else appendFileSync(to, bytes);
    if (cut === undefined) return;
    this.cut();
    throw new ConnectionLost("cut in the middle");
  }

  async dial(): Promise<never> {
    throw new ConnectionLost("no test of the engine dials", { host: this.host });
  }

  async kill(group: number, signal: "TERM" | "KILL"): Promise<void> {
    this.requests++;
    process.kill(-group, `SIG${signal}`);
  }

  async reconnect(): Promise<void> {
    this.reconnects++;
    if (this.gone) throw new Unreachable("no answer", { host: this.host });
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child) {
      const ended = new Promise((resolve) => child.once("close", resolve));
      child.stdin?.end();
      await ended;
    }
    if (!this.#keep) rmSync(this.folder, { recursive: true, force: true });
  }
}
