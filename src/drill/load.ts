import { Agent, request as httpRequest } from "node:http";
import type { Duplex } from "node:stream";
import type { Request } from "./types.ts";

/** Milliseconds between two looks at the schedule. */
const BEAT = 5;
/** Connections that wait for their next request. More than 200 requests a second ever need at once at 200 ms each. */
const IDLE = 256;

export interface LoadOptions {
  /** Requests a second. */
  readonly rate: number;
  /** Seconds after which a request without its whole answer is lost. */
  readonly patience: number;
  /** Seconds on the drill's clock. */
  readonly now: () => number;
  /** Where the service is, as the clients' host sees it. */
  readonly target: { readonly address: string; readonly port: number; readonly path: string };
  /** A connection from the clients' host. */
  readonly dial: (address: string, port: number) => Promise<Duplex>;
}

/** What a client got: the status and the body. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Clients that do not retry. Requests go out on schedule and are never held back by slow answers (an open loop), each on an idle
 * connection or on a new one, and all connections begin on the clients' host.
 */
export class Load {
  readonly requests: Request[] = [];
  readonly #options: LoadOptions;
  readonly #agent: Agent;
  readonly #flying = new Set<Promise<void>>();
  #expected: Answer | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxFreeSockets: IDLE, scheduling: "lifo" });
    const { dial, target } = options;
    // Node passes a callback that its types do not have.
    const create = (_options: unknown, made: (error: Error | null, stream?: Duplex) => void): undefined => void dial(target.address, target.port).then((stream) => made(null, asSocket(stream)), made);
    Object.assign(this.#agent, { createConnection: create });
  }

  /** One request. @throws when no whole answer comes in time */
  ask(): Promise<Answer> {
    const { target, patience } = this.#options;
    // oxlint-disable-next-line promise/avoid-new
    return new Promise((resolve, reject) => {
      const request = httpRequest({ agent: this.#agent, host: target.address, port: target.port, path: target.path, method: "GET" });
      const timer = setTimeout(() => request.destroy(new Error(`no answer in ${patience} s`)), patience * 1000);
      const fail = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
      };
      request.once("error", fail);
      request.once("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", fail);
        response.once("end", () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
        });
      });
      request.end();
    });
  }

  /** Learns what a right answer is: status 200 to 399, and the body where several requests in a row have the same one. */
  async learn(times: number): Promise<Answer> {
    const answers: Answer[] = [];
    for (let i = 0; i < times; i += 1) {
      // oxlint-disable-next-line no-await-in-loop
      answers.push(await this.ask());
    }
    const [first] = answers;
    const wrong = answers.find((answer) => !isFine(answer));
    if (!first || wrong) throw new Error(`the answer is HTTP ${wrong?.status ?? "none"}`);
    this.#expected = answers.every(({ body }) => body === first.body) ? first : undefined;
    return first;
  }

  /**
   * Begins slowly, so that the connections which this rate needs are made one by one, and then goes on at the full rate. What was sent
   * before that is not among the requests.
   * @param ramp Seconds to the full rate.
   */
  start(ramp: number): void {
    const { now, rate } = this.#options;
    const began = now();
    let sent = 0;
    this.#timer = setInterval(() => {
      const passed = now() - began;
      const due = passed < ramp ? (passed ** 2 / ramp / 2) * rate : (passed - ramp / 2) * rate;
      for (; sent < due; sent += 1) this.#send(passed >= ramp);
    }, BEAT);
  }

  /** Sends no more, and resolves when the last answer has come or was given up. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#flying);
    this.#agent.destroy();
  }

  #send(counts: boolean): void {
    const { now } = this.#options;
    const at = now();
    const note = (ok: boolean): void => void (counts && this.requests.push({ at, seconds: now() - at, ok }));
    const flight = this.ask().then((answer) => note(this.#isRight(answer)), () => note(false));
    this.#flying.add(flight);
    void flight.then(() => this.#flying.delete(flight));
  }

  #isRight(answer: Answer): boolean {
    return isFine(answer) && (this.#expected === undefined || answer.body === this.#expected.body);
  }
}

const isFine = ({ status }: Answer): boolean => status >= 200 && status < 400;

/** What Node's HTTP calls on a socket, for streams that have none of it. */
function asSocket(stream: Duplex): Duplex {
  for (const name of ["setTimeout", "setNoDelay", "setKeepAlive", "ref", "unref"]) if (!(name in stream)) Object.assign(stream, { [name]: () => stream });
  return stream;
}
