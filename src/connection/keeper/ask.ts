import { connect, type Socket } from "node:net";
import { FrameReader, Kind, sendMessage, type Frame } from "./frames.ts";
import type { Ask, Tell } from "./wire.ts";

/** Milliseconds after which a keeper that has not even taken note of a question is taken for dead. */
const SEEN_WITHIN = 3000;

/** One connection to the keeper. */
export class Line {
  readonly socket: Socket;
  readonly #frames = new FrameReader();
  readonly #onFrame: (frame: Frame) => void;
  readonly #seen: NodeJS.Timeout;
  #hangs = false;

  private constructor(socket: Socket, ask: Ask, onTell: (tell: Tell) => void, onFrame: (frame: Frame) => void) {
    this.socket = socket;
    this.#onFrame = onFrame;
    this.#seen = setTimeout(() => {
      this.#hangs = true;
      socket.destroy();
    }, SEEN_WITHIN);
    socket.once("close", () => clearTimeout(this.#seen));
    // That it is gone is told by `close`.
    socket.on("error", () => {});
    socket.on("data", (chunk) => this.#read(chunk, onTell));
    sendMessage(socket, ask);
  }

  /** Whether the keeper was given up because it did not take note of the question. */
  get hangs(): boolean {
    return this.#hangs;
  }

  /** Connects and asks; undefined where nobody listens. What comes back goes to the callbacks. */
  static async to(path: string, ask: Ask, onTell: (tell: Tell) => void, onFrame: (frame: Frame) => void = () => {}): Promise<Line | undefined> {
    const socket = await connected(path);
    return socket && new Line(socket, ask, onTell, onFrame);
  }

  #read(chunk: Buffer, onTell: (tell: Tell) => void): void {
    for (const frame of this.#frames.push(chunk)) {
      if (frame.kind !== Kind.message) this.#onFrame(frame);
      else {
        const tell = JSON.parse(frame.body.toString()) as Tell;
        if (tell.tell === "seen") clearTimeout(this.#seen);
        else onTell(tell);
      }
    }
  }
}

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(undefined));
  });
}
