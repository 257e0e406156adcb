import { randomBytes } from "node:crypto";
import { settleable } from "../settleable.ts";
import type { SshChannel, SshTransport } from "../ssh-transport.ts";
import type { ChannelEvents } from "../transport.ts";
import type { KeptConnection } from "./wire.ts";

/** Milliseconds that a connection which has waited may take for its first answer; then it is taken for dead. */
const PATIENCE = 5000;

/** One connection, lent to one session. */
export class Lease {
  /** Nobody can guess it. */
  readonly id = randomBytes(16).toString("hex");
  readonly shown: KeptConnection;
  /** Resolves to the reason when the connection is lost. */
  readonly lost: Promise<string>;
  readonly #loss = settleable<string>();
  readonly #replace: () => Promise<SshTransport>;
  readonly #onReleased: (left: SshTransport | undefined) => void;
  readonly #open = new Set<SshChannel>();
  #transport: SshTransport;
  #replacing: Promise<SshTransport> | undefined;
  #patience: NodeJS.Timeout | undefined;
  /** False once something may be left on the host that only the end of the connection ends. */
  #clean = true;
  #released = false;

  /**
   * @param replace Makes the connection anew.
   * @param onReleased Gets the connection that may be used again, if any.
   */
  constructor(shown: KeptConnection, transport: SshTransport, replace: () => Promise<SshTransport>, onReleased: (left: SshTransport | undefined) => void) {
    this.shown = shown;
    this.lost = this.#loss.promise;
    this.#transport = transport;
    this.#replace = replace;
    this.#onReleased = onReleased;
    this.#watch(transport);
  }

  get place(): string {
    return this.#transport.place;
  }

  /** It is not kept when it is given back. */
  keepsNot(): void {
    this.#clean = false;
  }

  /**
   * A channel. When a connection that has waited turns out to be dead, a new one takes its place: the host has answered
   * nothing, so it was sent no command.
   * @throws ConnectionLost, and what connecting throws
   */
  async open(command: string, events: ChannelEvents, tty: boolean): Promise<SshChannel> {
    const transport = this.#transport;
    if (!transport.heard) this.#patience ??= setTimeout(() => void (transport.heard || transport.close()), PATIENCE);
    try {
      return this.#track(await transport.open(command, events, { tty }));
    } catch (error) {
      if (transport.heard || this.#released) throw error;
      this.#replacing ??= this.#anew(transport);
      return this.#track(await (await this.#replacing).open(command, events, { tty }));
    }
  }

  /** Ends the use. What still runs on the connection ends with it, as without keeping. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    clearTimeout(this.#patience);
    const transport = this.#transport;
    const isUsable = this.#clean && this.#open.size === 0 && transport.lost === undefined;
    if (!isUsable) void transport.close();
    this.#onReleased(isUsable ? transport : undefined);
  }

  async #anew(dead: SshTransport): Promise<SshTransport> {
    void dead.close();
    try {
      const transport = await this.#replace();
      if (this.#released) void transport.close();
      this.#transport = transport;
      this.#watch(transport);
      return transport;
    } catch (error) {
      this.#loss.resolve(dead.lost ?? "");
      throw error;
    }
  }

  #track(channel: SshChannel): SshChannel {
    this.#open.add(channel);
    const ended = async (): Promise<void> => {
      const { lost } = await channel.closed;
      this.#open.delete(channel);
      // Without an exit status the command may still run there, and would count towards MaxSessions.
      if (lost !== undefined) this.#clean = false;
    };
    void ended();
    return channel;
  }

  #watch(transport: SshTransport): void {
    // One that was never heard is not missed: the next channel gets a new one.
    void transport.gone.then(() => transport === this.#transport && transport.heard && this.#loss.resolve(transport.lost ?? ""));
  }
}
