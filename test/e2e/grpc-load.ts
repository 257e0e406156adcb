import { connect, type ClientHttp2Session } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";

/** What one call was answered. */
export interface Heard {
  readonly text: string;
  readonly host: string;
  readonly region: string;
}

const PATH = "/hawser.echo.v1.Echo/Echo";

/** A client of the service echo that behaves as gRPC's do: it leaves a connection that the server wants to close, and calls on a new one. */
export class EchoClient {
  readonly #to: string;
  #session: ClientHttp2Session | undefined;

  /** @param to ADDRESS:PORT */
  constructor(to: string) {
    this.#to = to;
  }

  /** @param delayMs How long the service thinks. @throws Error for anything but an answer with grpc-status 0 */
  async call(text: string, delayMs = 0): Promise<Heard> {
    const session = this.#connection();
    return await new Promise((resolve, reject) => {
      const stream = session.request({ ":method": "POST", ":path": PATH, "content-type": "application/grpc", te: "trailers" });
      const chunks: Buffer[] = [];
      let status: string | undefined;
      let message = "";
      const look = ({ "grpc-status": code, "grpc-message": said }: Readonly<Record<string, unknown>>): void => {
        if (typeof code !== "string") return;
        status = code;
        message = typeof said === "string" ? decodeURIComponent(said) : "";
      };
      stream.on("response", look);
      stream.on("trailers", look);
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", reject);
      stream.on("close", () => (status === "0" ? resolve(heard(Buffer.concat(chunks))) : reject(new Error(status === undefined ? `the stream ended with code ${stream.rstCode}` : `grpc-status ${status} ${message}`))));
      stream.setTimeout(30_000, () => stream.close());
      stream.end(frame(text, delayMs));
    });
  }

  close(): void {
    this.#session?.close();
  }

  #connection(): ClientHttp2Session {
    if (this.#session && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connect(`http://${this.#to}`);
    const leave = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    session.on("goaway", leave);
    session.on("close", leave);
    // Calls get the error too.
    session.on("error", leave);
    this.#session = session;
    return session;
  }
}

function frame(text: string, delayMs: number): Buffer {
  const body = Buffer.from(text);
  const message = Buffer.concat([Buffer.from([0x0a, body.length]), body, ...(delayMs > 0 ? [Buffer.from([0x10, ...varint(delayMs)])] : [])]);
  return Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
}

function varint(number: number): number[] {
  return number < 0x80 ? [number] : [(number & 0x7f) | 0x80, ...varint(number >>> 7)];
}

/** Texts shorter than 128 octets, as fields 1, 2 and 3 of a frame. */
function heard(answer: Buffer): Heard {
  const words: string[] = [];
  for (let at = 5; at < answer.length; ) {
    const length = answer[at + 1] ?? 0;
    words.push(answer.subarray(at + 2, at + 2 + length).toString());
    at += 2 + length;
  }
  const [text = "", host = "", region = ""] = words;
  return { text, host, region };
}

export interface Load {
  readonly calls: number;
  readonly failures: readonly string[];
  /** Calls by the region that answered. */
  readonly regions: Readonly<Record<string, number>>;
  /** Milliseconds of the slowest call. */
  readonly slowest: number;
}

/** Calls without a break from several clients while `during` goes on, and at least a call of each after it. */
export async function underLoad(to: string, during: () => Promise<unknown>, { clients = 8, everyMs = 5 } = {}): Promise<Load> {
  const failures: string[] = [];
  const regions: Record<string, number> = {};
  let [over, calls, slowest] = [false, 0, 0];
  const one = async (number: number): Promise<void> => {
    const client = new EchoClient(to);
    for (let last = false; !last; ) {
      last = over;
      const began = performance.now();
      try {
        const text = `${number}-${calls}`;
        const answer = await client.call(text);
        if (answer.text !== text) failures.push(`${answer.text} for ${text}`);
        regions[answer.region] = (regions[answer.region] ?? 0) + 1;
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
      }
      calls += 1;
      slowest = Math.max(slowest, performance.now() - began);
      await sleep(everyMs);
    }
    client.close();
  };
  const all = Promise.all(Array.from({ length: clients }, (_, i) => one(i)));
  try {
    await during();
  } finally {
    over = true;
    await all;
  }
  return { calls, failures, regions, slowest: Math.round(slowest) };
}
