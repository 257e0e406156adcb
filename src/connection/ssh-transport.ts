import type { Client, ClientChannel, ExecOptions } from "ssh2";
import { ConnectionLost } from "../engine/session.ts";
import { Slots } from "./slots.ts";
import type { Channel, ChannelEvents, Exit, Transport } from "./transport.ts";

/** sshd's MaxSessions is 10; at 8 an open still failed now and then, since a closed channel frees its slot late. */
const CHANNELS = 5;
/** Milliseconds before a refused channel is asked for once more. */
const RETRY_AFTER = 100;
/** Milliseconds that a polite goodbye may take. */
const GOODBYE = 1000;

const TERMINAL: ExecOptions = { pty: { term: "dumb", cols: 200, rows: 24, modes: { ECHO: 0 } } };

/** One authenticated ssh connection. */
export class SshTransport implements Transport {
  readonly place: string;
  readonly user: string;
  readonly slots = new Slots(CHANNELS);
  readonly #host: string;
  readonly #client: Client;
  readonly #gone: Promise<void>;
  #lost: string | undefined;
  #reason: string | undefined;

  constructor(client: Client, host: string, user: string, place: string) {
    this.#client = client;
    this.#host = host;
    this.user = user;
    this.place = place;
    client.on("error", (error) => (this.#reason ??= error.message));
    this.#gone = new Promise((resolve) => {
      client.once("close", () => {
        this.#lost ??= `the connection to ${place} was lost${this.#reason === undefined ? "" : ` (${this.#reason})`}`;
        resolve();
      });
    });
  }

  get lost(): string | undefined {
    return this.#lost;
  }

  async open(command: string, events: ChannelEvents, options: { readonly tty?: boolean } = {}): Promise<Channel> {
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
        this.#client.forwardOut("127.0.0.1", 0, address, port, (error, stream) => (error ? reject(error) : resolve(stream)));
      } catch (error) {
        reject(this.#failure(error));
      }
    });
  }

  async close(): Promise<void> {
    if (this.#lost !== undefined) return;
    this.#lost = `the connection to ${this.place} was closed`;
    this.#client.end();
    const timer = setTimeout(() => this.#client.destroy(), GOODBYE);
    await this.#gone;
    clearTimeout(timer);
  }

  #exec(command: string, options: ExecOptions, events: ChannelEvents): Promise<Channel> {
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

  #wrap(channel: ClientChannel, events: ChannelEvents): Channel {
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
    return { stdin: channel, closed, destroy: () => void channel.destroy() };
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
