import type { RequestOptions, Session, UploadOptions } from "./session.ts";

/** One exchange with a host. Bytes are those of scripts, files and outputs, before any compression. */
export interface RequestTold {
  readonly what: string;
  readonly sent: number;
  readonly received: number;
  readonly seconds: number;
}

/** A session's requests, each told of when it is over, however that was. */
export class Exchange {
  readonly #session: Session;
  readonly #tell: ((request: RequestTold) => void) | undefined;

  constructor(session: Session, tell: ((request: RequestTold) => void) | undefined) {
    this.#session = session;
    this.#tell = tell;
  }

  /** @param what In words, for whoever is told. */
  async request(what: string, script: string, options: RequestOptions): Promise<void> {
    if (!this.#tell) return await this.#session.request(script, options);
    let received = 0;
    const counted = (take: (chunk: Buffer) => void) => (chunk: Buffer): void => {
      received += chunk.length;
      take(chunk);
    };
    await this.#told(what, Buffer.byteLength(script), () => this.#session.request(script, { ...options, onStdout: counted(options.onStdout), onStderr: counted(options.onStderr) }), () => received);
  }

  async upload(content: Buffer | { readonly localFile: string }, size: number, path: string, options: UploadOptions): Promise<void> {
    await this.#told("upload", size - (options.from ?? 0), () => this.#session.upload(content, path, options));
  }

  async #told(what: string, sent: number, run: () => Promise<void>, received = () => 0): Promise<void> {
    const began = performance.now();
    try {
      await run();
    } finally {
      this.#tell?.({ what, sent, received: received(), seconds: (performance.now() - began) / 1000 });
    }
  }
}
