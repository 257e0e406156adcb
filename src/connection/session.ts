import type { Duplex } from "node:stream";
import type { Shell } from "zx/core";
import { ConnectionLost, type RequestOptions, type Session, type UploadOptions } from "../engine/session.ts";
import { HawserError } from "../errors/index.ts";
import { KeptShell, LOOP, loopAfter } from "./kept-shell.ts";
import { killScript } from "./kill.ts";
import { effectiveBecome, openProgram, slotsFor, type TerminalMemory } from "./open-program.ts";
import type { Program } from "./program.ts";
import { reconnectWithin } from "./reconnect.ts";
import { remoteShell } from "./remote-zx.ts";
import type { Target } from "./target.ts";
import type { ChannelEvents, Exit, Transport } from "./transport.ts";
import { uploadTo, type UploadContent } from "./upload.ts";

/** Milliseconds that a shell may take to end by itself when its session is closed. */
const GOODBYE = 2000;
/** Bytes that a script may have in order to come along with the opening of its shell; encoded for every login shell it grows, at most fivefold. */
const LONGEST_COMPANION = 24_000;
/** Milliseconds that stopping a script may take before its request is given up anyway. */
const STOPPING = 5000;

/** A session over any transport; `connect` makes a new one after a loss. */
export class HostSession implements Session {
  readonly host: string;
  readonly $: Shell;
  readonly #target: Target;
  readonly #connect: () => Promise<Transport>;
  #transport: Transport;
  #memory: TerminalMemory = { needed: "unknown" };
  #shell: { readonly kept: KeptShell; readonly release: () => void } | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #requests = 0;
  #closing: Promise<void> | undefined;
  readonly #onClose: () => void;

  constructor(target: Target, transport: Transport, connect: () => Promise<Transport>, onClose: () => void) {
    this.host = target.host;
    this.#target = target;
    this.#transport = transport;
    this.#connect = connect;
    this.#onClose = onClose;
    this.$ = remoteShell({ host: target.host, run: (script, events) => this.runProgram(script, events), kill: (group, signal) => this.kill(group, signal) });
  }

  get user(): string {
    return this.#target.become.method === "none" ? this.#transport.user : this.#target.become.user;
  }

  get requests(): number {
    return this.#requests;
  }

  request(script: string, options: RequestOptions): Promise<void> {
    if (script.includes("\0")) return Promise.reject(new TypeError("a script cannot hold a NUL byte"));
    const turn = this.#last.then(() => this.#request(Buffer.from(script), options));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #request(script: Buffer, options: RequestOptions): Promise<void> {
    options.signal?.throwIfAborted();
    if (this.#mayComeAlong(script, options)) return await this.#openWith(script.toString(), options);
    const shell = await this.#openShell();
    try {
      await this.#send(shell, script, options);
    } catch (error) {
      // Sudo wanted a terminal, which is known now. Only a script that no shell has read may be sent again.
      if (!shell.neverBegan || this.#memory.needed !== "yes" || options.signal?.aborted) throw error;
      await this.#send(await this.#openShell(), script, options);
    }
  }

  /** Whether a script may stand in the command line that opens the shell, which saves a round trip. sudo would log it, in full. */
  #mayComeAlong(script: Buffer, { showable }: RequestOptions): boolean {
    const isPlain = effectiveBecome(this.#target.become, this.#transport.user).method === "none";
    return showable === true && isPlain && !this.#shell?.kept.usable && script.length <= LONGEST_COMPANION;
  }

  async #openWith(script: string, options: RequestOptions): Promise<void> {
    const kept = new KeptShell(this.host);
    const done = kept.expect(options);
    // Rejected while the shell is being opened, it would be nobody's.
    done.catch(() => {});
    try {
      await this.#open(kept, loopAfter(script));
      options.signal?.throwIfAborted();
      await done;
    } catch (error) {
      if (options.signal?.aborted) await this.#abandon(kept);
      throw error;
    }
  }

  async #send(shell: KeptShell, script: Buffer, options: RequestOptions): Promise<void> {
    options.signal?.throwIfAborted();
    this.#requests += 1;
    try {
      await shell.run(script, options);
    } catch (error) {
      if (options.signal?.aborted) await this.#abandon(shell);
      throw error;
    }
  }

  async #openShell(): Promise<KeptShell> {
    if (this.#shell?.kept.usable) return this.#shell.kept;
    const kept = new KeptShell(this.host);
    await this.#open(kept, LOOP);
    return kept;
  }

  async #open(kept: KeptShell, loop: string): Promise<void> {
    const release = await this.#slots();
    try {
      const program = await openProgram(this.#transport, this.#target, this.#ask(loop, kept), this.#memory, true);
      kept.attach(program);
      void program.closed.then(release);
    } catch (error) {
      release();
      throw error;
    }
    this.#shell = { kept, release };
  }

  /** Stops what the shell runs. The shell is not used again, whether or not that works. */
  async #abandon(shell: KeptShell): Promise<void> {
    const { program } = shell;
    if (this.#shell?.kept === shell) {
      this.#shell.release();
      this.#shell = undefined;
    }
    if (!program) return;
    const timer = setTimeout(() => program.destroy(), STOPPING);
    try {
      const group = await Promise.race([program.started, program.closed.then(() => undefined)]);
      if (group !== undefined) await Promise.race([this.#stop(group), program.closed]);
    } catch {
      // The connection is gone, and the script's terminal of output with it.
    } finally {
      clearTimeout(timer);
      program.destroy();
    }
  }

  /** Runs a script of its own channel, as the session's user. Its input may be written to when this resolves. */
  async runProgram(script: string, events: ChannelEvents, urgent = false): Promise<Program> {
    const release = urgent ? () => {} : await this.#slots();
    try {
      const program = await openProgram(this.#transport, this.#target, this.#ask(script, events), this.#memory, false);
      void program.closed.then(release);
      return program;
    } catch (error) {
      release();
      throw error;
    }
  }

  upload(content: UploadContent, path: string, options?: UploadOptions): Promise<void> {
    return uploadTo(this.host, (script, events) => this.runProgram(script, events), content, path, options);
  }

  async dial(address: string, port: number): Promise<Duplex> {
    const transport = this.#transport;
    if (!transport.forward) throw new ConnectionLost(`${this.host}: no connection can be made from it over one that is kept for later`, { host: this.host, hint: "ssh: { keep_open: 0 }" });
    try {
      return await transport.forward(address, port);
    } catch (cause) {
      throw new ConnectionLost(`${this.host}: no connection to ${address}:${port}: ${cause instanceof Error ? cause.message : String(cause)}`, { host: this.host, cause, hint: "does something listen there, and does sshd allow it (AllowTcpForwarding)?" });
    }
  }

  async kill(processGroup: number, signal: "TERM" | "KILL"): Promise<void> {
    await this.#run(killScript(processGroup, signal));
  }

  async #stop(group: number): Promise<void> {
    await this.#run(killScript(group, "TERM", true));
  }

  /** For killing: takes no slot, since what is to be killed may hold the last one. */
  async #run(script: string): Promise<Exit> {
    const said: Buffer[] = [];
    const program = await this.runProgram(script, { onStdout: () => {}, onStderr: (chunk) => said.push(chunk) }, true);
    program.stdin.end();
    const exit = await program.closed;
    if (exit.lost !== undefined) throw new ConnectionLost(`${this.host}: ${exit.lost}`, { host: this.host });
    if (exit.code !== 0) throw new HawserError(`${this.host}: no process was signalled`, { host: this.host, stderr: Buffer.concat(said).toString().trim() });
    return exit;
  }

  async reconnect(withinSeconds: number): Promise<void> {
    await this.#transport.close();
    this.#shell = undefined;
    this.#transport = await reconnectWithin(withinSeconds, this.#connect);
    this.#requests = 0;
  }

  /** Closes; whoever is about to exit need not wait for what the host says to that. */
  leave(): void {
    void this.close();
    if (this.#endsByItself) this.#transport.leave?.();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close().finally(this.#onClose);
    return this.#closing;
  }

  async #close(): Promise<void> {
    const kept = this.#shell?.kept;
    if (kept?.program && kept.usable) {
      kept.program.stdin.end();
      await Promise.race([kept.program.closed, new Promise((resolve) => setTimeout(resolve, GOODBYE).unref())]);
    }
    await this.#transport.close();
  }

  /** The end of its input ends an idle shell, after what it has to tidy up. On a terminal, or below sudo, a signal might come first. */
  get #endsByItself(): boolean {
    return (this.#shell?.kept.idle ?? true) && this.#transport.hangsUp && effectiveBecome(this.#target.become, this.#transport.user).method === "none";
  }

  #ask(script: string, events: ChannelEvents): { script: string; events: ChannelEvents; onExchange: () => void } {
    return { script, events, onExchange: () => void (this.#requests += 1) };
  }

  async #slots(): Promise<() => void> {
    const { lost, slots, user } = this.#transport;
    if (lost !== undefined) throw new ConnectionLost(`${this.host}: ${lost}`, { host: this.host, hint: "reconnect before the next request" });
    return await slots.take(slotsFor(this.#target, user, this.#memory));
  }
}

