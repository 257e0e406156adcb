import type { Socket } from "node:net";
import type { SshChannel } from "../ssh-transport.ts";
import { FrameReader, Kind, send, sendMessage } from "./frames.ts";
import type { Lease } from "./lease.ts";
import type { Pool } from "./pool.ts";
import { errorToWire, fromWire, type Ask, type Tell } from "./wire.ts";

/** Answers one connection to the keeper: a lease, one channel of a lease, or a question about all connections. */
export function serve(socket: Socket, pool: Pool, leases: Map<string, Lease>): void {
  new Visitor(socket, pool, leases).listen();
}

class Visitor {
  readonly #socket: Socket;
  readonly #pool: Pool;
  readonly #leases: Map<string, Lease>;
  readonly #frames = new FrameReader();
  #asked = false;
  #channel: SshChannel | undefined;

  constructor(socket: Socket, pool: Pool, leases: Map<string, Lease>) {
    this.#socket = socket;
    this.#pool = pool;
    this.#leases = leases;
  }

  listen(): void {
    // Whoever goes away is told of by `close`.
    this.#socket.on("error", () => {});
    this.#socket.on("data", (chunk) => this.#read(chunk));
  }

  #read(chunk: Buffer): void {
    try {
      for (const { kind, body } of this.#frames.push(chunk)) {
        if (!this.#asked && kind === Kind.message) {
          this.#asked = true;
          this.#answer(JSON.parse(body.toString()) as Ask).catch((error: unknown) => this.#end({ tell: "failed", error: errorToWire(error) }));
        } else if (kind === Kind.data) this.#input(body);
        else if (kind === Kind.end) this.#channel?.stdin.end();
      }
    } catch {
      this.#socket.destroy();
    }
  }

  async #answer(ask: Ask): Promise<void> {
    this.#tell({ tell: "seen" });
    switch (ask.ask) {
      case "lease":
        return await this.#lease(ask);
      case "open":
        return await this.#open(ask);
      case "list":
        return this.#end({ tell: "list", connections: this.#pool.list() });
      case "close":
        await this.#pool.close(ask.hosts.length === 0 ? undefined : ask.hosts);
        return this.#end({ tell: "list", connections: this.#pool.list() });
    }
  }

  async #lease({ chain, keepOpen, again }: Ask & { ask: "lease" }): Promise<void> {
    const lease = await this.#pool.take(fromWire(chain), keepOpen, again);
    const release = (): void => {
      this.#leases.delete(lease.id);
      lease.release();
    };
    if (this.#socket.destroyed) return release();
    this.#leases.set(lease.id, lease);
    // At the first sign, so that whoever comes next finds the connection free.
    this.#socket.once("end", release);
    this.#socket.once("close", release);
    void lease.lost.then((why) => this.#tell({ tell: "lost", why }));
    this.#tell({ tell: "leased", lease: lease.id, place: lease.place, user: lease.shown.user });
  }

  async #open({ lease: id, command, tty }: Ask & { ask: "open" }): Promise<void> {
    const lease = this.#leases.get(id);
    if (!lease) throw new Error("no such lease");
    const socket = this.#socket;
    let isTold = false;
    const opened = (): void => {
      if (!isTold) this.#tell({ tell: "opened" });
      isTold = true;
    };
    // A short command may have said something before the promise below settles.
    const pass = (kind: Kind) => (chunk: Buffer): void => {
      opened();
      if (!send(socket, kind, chunk)) this.#channel?.pause();
    };
    const channel = await lease.open(command, { onStdout: pass(Kind.data), onStderr: pass(Kind.error) }, tty);
    opened();
    this.#channel = channel;
    const letGo = (): void => {
      channel.destroy();
      // What is held back stands before the channel's end.
      channel.resume();
    };
    socket.on("drain", () => channel.resume());
    socket.once("close", letGo);
    if (socket.destroyed) letGo();
    const exit = await channel.closed;
    this.#channel = undefined;
    this.#end({ tell: "exit", exit });
  }

  /** Reads on only when the host has taken what came; so a run cannot send faster than its host takes. */
  #input(body: Buffer): void {
    const stdin = this.#channel?.stdin;
    if (!stdin || stdin.write(body)) return;
    this.#socket.pause();
    stdin.once("drain", () => this.#socket.resume());
  }

  #tell(message: Tell): void {
    if (!this.#socket.destroyed) sendMessage(this.#socket, message);
  }

  #end(message: Tell): void {
    this.#tell(message);
    this.#socket.end();
    // A paused socket would never see the other side go.
    this.#socket.resume();
  }
}
