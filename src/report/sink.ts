import { HawserError } from "../errors/index.ts";

type Write = NodeJS.WritableStream["write"];

/**
 * Writing that cannot bring a run down. A reader that went away (`| head`) raises EPIPE, which Node would otherwise throw
 * as an uncaught error in the middle of an apply; from then on the output is dropped and the run goes on.
 */
export class Sink {
  readonly #stream: NodeJS.WritableStream;
  readonly #write: Write;
  #error: NodeJS.ErrnoException | undefined;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
    this.#write = stream.write.bind(stream);
    stream.on("error", (error: NodeJS.ErrnoException) => (this.#error ??= error));
  }

  write(text: string): void {
    if (this.#error === undefined) this.#write(text);
  }

  /** Hands what others write to the stream to `take` until the returned function is called. Our own writes pass. */
  capture(take: (text: string) => void): () => void {
    const taken = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
      take(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
      const callback = typeof encoding === "function" ? encoding : done;
      if (typeof callback === "function") queueMicrotask(() => void callback());
      return true;
    };
    this.#stream.write = taken;
    return () => {
      if (this.#stream.write === taken) this.#stream.write = this.#write;
    };
  }

  /** @throws HawserError when something could not be written; a closed pipe is no error. */
  async flush(): Promise<void> {
    if (this.#error === undefined) await new Promise<void>((resolve) => this.#write("", () => resolve()));
    if (this.#error !== undefined && this.#error.code !== "EPIPE")
      throw new HawserError(`the output is incomplete: ${this.#error.message}`, { cause: this.#error });
  }
}

const sinks = new WeakMap<NodeJS.WritableStream, Sink>();

/** One sink per stream: its error listener stays for as long as the stream lives, since late writes fail late. */
export function sinkOf(stream: NodeJS.WritableStream): Sink {
  const known = sinks.get(stream);
  if (known !== undefined) return known;
  const sink = new Sink(stream);
  sinks.set(stream, sink);
  return sink;
}
