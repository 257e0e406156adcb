import type { Socket } from "node:net";

/** What a frame holds: a JSON message; standard output, or input; standard error; the end of the input. */
export const Kind = { message: 0, data: 1, error: 2, end: 3 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export interface Frame {
  readonly kind: Kind;
  readonly body: Buffer;
}

/** One byte for the kind, four for the length. */
const HEADER = 5;
/** Bytes; the longest message holds a command line, which is a host's longest argument and its quoting. */
const LONGEST = 1_048_576;
/** Data is cut into frames of this many bytes, so that the reader never has to hold much. */
const PIECE = 65_536;

/** Cuts a stream into frames, wherever its chunks are cut. */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0);

  /** @throws Error for what is no frame; the stream cannot be read any further then */
  *push(chunk: Buffer): Generator<Frame> {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    while (this.#held.length >= HEADER) {
      const length = this.#held.readUInt32BE(1);
      const kind = this.#held[0] as Kind;
      if (length > LONGEST || kind > Kind.end) throw new Error("not a frame");
      if (this.#held.length < HEADER + length) return;
      const body = this.#held.subarray(HEADER, HEADER + length);
      this.#held = this.#held.subarray(HEADER + length);
      yield { kind, body };
    }
  }
}

/** @returns false when the other side should be given time to read; `written` is called when all of it has left */
export function send(socket: Socket, kind: Kind, body: Buffer, written?: (error?: Error | null) => void): boolean {
  socket.cork();
  let at = 0;
  do {
    const piece = kind === Kind.message ? body : body.subarray(at, at + PIECE);
    at += piece.length;
    const header = Buffer.alloc(HEADER);
    header.writeUInt8(kind);
    header.writeUInt32BE(piece.length, 1);
    socket.write(header);
    if (at >= body.length) socket.write(piece, written);
    else socket.write(piece);
  } while (at < body.length);
  socket.uncork();
  return !socket.writableNeedDrain;
}

export function sendMessage(socket: Socket, message: object): boolean {
  return send(socket, Kind.message, Buffer.from(JSON.stringify(message)));
}
