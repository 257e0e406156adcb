import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Client, ClientChannel, ExecOptions } from "ssh2";
import { ConnectionLost } from "../engine/session.ts";
import { CHANNELS, Slots } from "./slots.ts";
import type { Channel, ChannelEvents, Exit, Transport } from "./transport.ts";

/** Milliseconds before a refused channel is asked for once more. */
const RETRY_AFTER = 100;
/** Milliseconds that a polite goodbye may take. */
const GOODBYE = 1000;

const TERMINAL: ExecOptions = { pty: { term: "dumb", cols: 200, rows: 24, modes: { ECHO: 0 } } };

/** What is known of a connection that stands. */
export interface Made {
  /** For messages. */
  readonly host: string;
  readonly place: string;
  readonly user: string;
  /** The key that the host has shown. */
  readonly hostKey: Buffer;
  /** What it goes through: a socket, or a stream of `via`. */
  readonly stream: Duplex;
  /** The connection to the last jump host. */
  readonly via: SshTransport | undefined;
}

/** A channel whose output can be held back, so that a slow reader slows the host down. */
export interface SshChannel extends Channel {
  pause(): void;
  resume(): void;
}

/** One authenticated ssh connection. */
export class SshTransport implements Transport {
  readonly place: string;
  readonly user: string;
  readonly slots = new Slots(CHANNELS);
  readonly hangsUp = true;
  readonly hostKey: Buffer;
  readonly via: SshTransport | undefined;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly gone: Promise<void>;
  readonly #host: string;
  readonly #client: Client;
  readonly #stream: Duplex;
  #heard = true;
  #forwards = 0;
  #lost: string | undefined;
  #reason: string | undefined;

  constructor(client: Client, { host, place, user, hostKey, stream, via }: Made) {
    this.#client = client;
    this.#stream = stream;
    this.#host = host;
    this.user = user;
    this.place = place;
    this.hostKey = hostKey;
    this.via = via;
    stream.on("data", () => (this.#heard = true));
    client.on("error", (error) => (this.#reason ??= error.message));
    this.gone = new Promise((resolve) => {
      client.once("close", () => {
        this.#lost ??= `the connection to ${place} was lost${this.#reason === undefined ? "" : ` (${this.#reason})`}`;
        resolve();
      });
    });
  }

  get lost(): string | undefined {
    return this.#lost;
  }

  /**
   * Whether the host has sent anything since `doubt` was called. While it has not, no channel that was asked for since is
   * open, and so no command was sent: one goes out only when the host has answered the request for its channel.
   */
  get heard(): boolean {
    return this.#heard;
  }

  doubt(): void {
    this.#heard = false;
  }

  /** How many connections go through this one. */
  get forwards(): number {
    return this.#forwards;
  }

  async open(command: string, events: ChannelEvents, options: { readonly tty?: boolean } = {}): Promise<SshChannel> {
    const how = options.tty ? TERMINAL : {};
    try {
      return await this.#exec(command, how, events);
    } catch (error) {
      if (this.#lost !== undefined || !isOpenFailure(error)) throw this.#failure(error);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER));
    try {
      return await this.#exec(command, how, events);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** A stream to another machine, as seen from this one. */
  forward(address: string, port: number): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      try {
        this.#client.forwardOut("127.0.0.1", 0, address, port, (error, stream) => {
          if (error) return reject(error);
          this.#forwards += 1;
          stream.once("close", () => (this.#forwards -= 1));
          resolve(stream);
        });
      } catch (error) {
        reject(this.#failure(error));
      }
    });
  }

  close(): Promise<void> {
    if (this.#lost === undefined) {
      this.#lost = `the connection to ${this.place} was closed`;
      this.#client.end();
      // Not the client's own `destroy`, which does nothing after its `end`: a host that is gone does not hang up.
      const timer = setTimeout(() => this.#stream.destroy(), GOODBYE).unref();
      void this.gone.then(() => clearTimeout(timer));
    }
    return this.gone;
  }

  leave(): void {
    void this.close();
    // Once what was written has left. ssh2's own timers, too, run until the socket is closed.
    if (this.#stream instanceof Socket) this.#stream.destroySoon();
  }

  #exec(command: string, options: ExecOptions, events: ChannelEvents): Promise<SshChannel> {
    return new Promise((resolve, reject) => {
      // Throws at once when the socket is not writable any more.
      this.#client.exec(command, options, (error, channel) => {
        if (error) return reject(error);
        // Listeners go on here and not after the promise: ssh2 can deliver the reply, the data and the exit of a short
        // command in one tick.
        resolve(this.#wrap(channel, events));
      });
    });
  }

  #wrap(channel: ClientChannel, events: ChannelEvents): SshChannel {
    channel.on("data", events.onStdout);
    channel.stderr.on("data", events.onStderr);
    // A write to a command that is gone; how it went is what `close` tells.
    channel.on("error", () => {});
    channel.stderr.on("error", () => {});
    // ssh2 reports the end when stdout has ended; what is left of stderr comes after it.
    const drained = new Promise<void>((resolve) => channel.stderr.once("close", () => resolve()));
    const closed = new Promise<Exit>((resolve) => {
      channel.once("close", (code: number | null | undefined, signal: string | undefined) => {
        const lost = this.#lost ?? `${this.place} closed the channel without an exit status`;
        void drained.then(() => resolve(code === undefined ? { lost } : { code, signal: signal ?? null }));
      });
    });
    const pause = (): void => {
      channel.pause();
      channel.stderr.pause();
    };
    const resume = (): void => {
      channel.resume();
      channel.stderr.resume();
    };
    return { stdin: channel, closed, destroy: () => void channel.destroy(), pause, resume };
  }

  #failure(error: unknown): ConnectionLost {
    const why = this.#lost ?? `${this.place} opens no channel: ${error instanceof Error ? error.message : String(error)}`;
    return new ConnectionLost(`${this.#host}: ${why}`, { host: this.#host, cause: error });
  }
}

/** ssh2 puts RFC 4254's reason code on the error of a refused channel. */
function isOpenFailure(error: unknown): boolean {
  return error instanceof Error && "reason" in error;
}
