import type { Socket } from "node:net";
import { Writable } from "node:stream";
import { HawserError } from "../../errors/index.ts";
import { ConnectionLost } from "../errors.ts";
import { settleable } from "../settleable.ts";
import { CHANNELS, Slots } from "../slots.ts";
import type { Channel, ChannelEvents, Exit, Transport } from "../transport.ts";
import { Line } from "./ask.ts";
import { Kind, send } from "./frames.ts";
import { errorFromWire, type Tell } from "./wire.ts";

/** Milliseconds that the keeper may take to hang up when a lease is given back. */
const GOODBYE = 1000;

/** A connection that the keeper holds. While `lease` stands, it is lent to this session. */
export class KeptTransport implements Transport {
  readonly place: string;
  readonly user: string;
  readonly slots = new Slots(CHANNELS);
  readonly hangsUp = false;
  readonly #host: string;
  readonly #path: string;
  readonly #lease: Line;
  readonly #id: string;
  readonly #ended: string;
  #lost: string | undefined;

  constructor(host: string, path: string, lease: Line, { lease: id, place, user }: Tell & { tell: "leased" }) {
    this.#host = host;
    this.#path = path;
    this.#lease = lease;
    this.#id = id;
    this.place = place;
    this.user = user;
    this.#ended = `the connection to ${place} was lost (the process that kept it open has ended)`;
    if (lease.socket.destroyed) this.lose(this.#ended);
    else lease.socket.once("close", () => this.lose(this.#ended));
  }

  get lost(): string | undefined {
    return this.#lost;
  }

  lose(why: string): void {
    this.#lost ??= why;
  }

  async open(command: string, events: ChannelEvents, options: { readonly tty?: boolean } = {}): Promise<Channel> {
    const opened = settleable<void>();
    const closed = settleable<Exit>();
    let isOver = false;
    const onTell = (tell: Tell): void => {
      isOver = tell.tell === "failed" || tell.tell === "exit";
      if (tell.tell === "opened") opened.resolve();
      else if (tell.tell === "failed") opened.reject(this.#own(errorFromWire(tell.error)));
      else if (tell.tell === "exit") closed.resolve(tell.exit);
    };
    const line =
      this.#lost === undefined ? await Line.to(this.#path, { ask: "open", lease: this.#id, command, tty: options.tty ?? false }, onTell, ({ kind, body }) => (kind === Kind.data ? events.onStdout(body) : events.onStderr(body))) : undefined;
    if (!line) throw this.#own(new Error("the process that kept the connection open does not answer"));
    const { socket } = line;
    const destroy = (): void => {
      // A write that finds the keeper gone ends up here as well.
      isOver ||= !socket.destroyed && socket.errored === null;
      socket.destroy();
    };
    const stdin = new ChannelInput(socket, destroy);
    socket.once("close", () => {
      // The keeper says how a channel has ended, as long as there is a keeper.
      if (!isOver) this.lose(this.#ended);
      const lost = this.#lost ?? `${this.place} closed the channel without an exit status`;
      opened.reject(this.#own(new Error(lost)));
      closed.resolve({ lost });
      stdin.destroy();
    });
    await opened.promise;
    return { stdin, closed: closed.promise, destroy };
  }

  async close(): Promise<void> {
    if (this.#lost !== undefined) return void this.#lease.socket.destroy();
    this.#lost = `the connection to ${this.place} was closed`;
    const gone = new Promise((resolve) => this.#lease.socket.once("close", resolve));
    this.#lease.socket.end();
    const timer = setTimeout(() => this.#lease.socket.destroy(), GOODBYE);
    await gone;
    clearTimeout(timer);
  }

  /** What the keeper says as this host's error. */
  #own(error: Error): Error {
    return error instanceof HawserError ? error : new ConnectionLost(`${this.#host}: ${this.#lost ?? error.message}`, { host: this.#host, cause: error });
  }
}

/** The input of a channel: what the keeper has not taken yet holds the writer back. */
class ChannelInput extends Writable {
  readonly #socket: Socket;
  readonly #letGo: () => void;

  constructor(socket: Socket, letGo: () => void) {
    super();
    this.#socket = socket;
    this.#letGo = letGo;
    // A write to a command that is gone; how it went is what `closed` tells.
    this.on("error", () => {});
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    send(this.#socket, Kind.data, chunk, done);
  }

  override _final(done: () => void): void {
    send(this.#socket, Kind.end, Buffer.alloc(0));
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // Given up in the middle: the command must not take what it has for all.
    if (!this.writableFinished) this.#letGo();
    done(error);
  }
}
