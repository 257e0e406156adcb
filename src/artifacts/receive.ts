import { open, stat } from "node:fs/promises";
import { Agent, ProxyAgent, request, type Dispatcher } from "undici";
import { HawserError } from "../errors/index.ts";
import { proxyFor } from "./proxy.ts";

/** Milliseconds until a connection must stand, until a server must begin to answer, and between two pieces of an answer. */
const TIMES = { connect: 30_000, headers: 60_000, body: 60_000 };
const MOST_REDIRECTS = 10;

/** What may be better the next time. */
export class Transient extends HawserError {
  override readonly name = "Transient";
}

export interface Receiving {
  /** Told how many bytes are there, and of how many where the server says it. */
  readonly onProgress?: ((received: number, total: number | undefined) => void) | undefined;
}

/** A client of HTTP, with the proxies of the environment. To be closed. */
export class Client {
  readonly #times = { connect: { timeout: TIMES.connect }, headersTimeout: TIMES.headers, bodyTimeout: TIMES.body };
  readonly #agents = new Map<string, Dispatcher>();

  async get(url: string, headers: Readonly<Record<string, string>>): Promise<Dispatcher.ResponseData> {
    const proxy = proxyFor(url) ?? "";
    const agent = this.#agents.get(proxy) ?? (proxy === "" ? new Agent(this.#times) : new ProxyAgent({ ...this.#times, uri: proxy }));
    this.#agents.set(proxy, agent);
    return await request(url, { dispatcher: agent, headers });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.close()));
  }
}

/**
 * Fetches what a file lacks of a URL: it goes on behind what is there, where the server can.
 * @returns how many bytes were there before
 * @throws Transient when a later try may go better
 */
export async function receive(client: Client, url: string, file: string, { onProgress }: Receiving): Promise<number> {
  const before = (await stat(file).catch(() => undefined))?.size ?? 0;
  const { statusCode, headers, body } = await answered(url, (to) => client.get(to, { "accept-encoding": "identity", "user-agent": "hawser", ...(before > 0 && { range: `bytes=${before}-` }) }));
  try {
    const begins = statusCode === 206 && /^bytes (\d+)-/.exec(String(headers["content-range"]))?.[1];
    // All of it is there, or more than all.
    if (statusCode === 416 && String(headers["content-range"]).endsWith(`/${before}`)) return before;
    if (statusCode !== 200 && statusCode !== 206 && statusCode !== 416) throw refusal(statusCode, url);
    const from = begins === String(before) ? before : 0;
    if (statusCode !== 200 && from === 0) {
      await (await open(file, "w")).close();
      throw new Transient(`${url} cannot be gone on with`);
    }
    const length = Number(headers["content-length"]);
    const total = Number.isSafeInteger(length) ? from + length : undefined;
    await write(file, from, body, (received) => onProgress?.(received, total));
    return from;
  } finally {
    // Nobody reads the rest of a refusal.
    body.destroy();
  }
}

type Answer = Dispatcher.ResponseData;

/** Follows redirects. @throws Transient when nobody answers */
async function answered(url: string, ask: (to: string) => Promise<Answer>): Promise<Answer> {
  let to = url;
  for (let i = 0; i <= MOST_REDIRECTS; i++) {
    const answer = await ask(to).catch((error: unknown) => {
      throw new Transient(`${to} does not answer: ${causeOf(error)}`, { cause: error });
    });
    // It may break before anybody reads it, and whoever reads is told all the same.
    answer.body.on("error", () => {});
    const { location } = answer.headers;
    if (answer.statusCode < 300 || answer.statusCode > 399 || location === undefined) return answer;
    answer.body.destroy();
    to = new URL(String(location), to).href;
    if (!/^https?:/.test(to)) throw new HawserError(`${url} leads to ${to}, which is neither http nor https`);
  }
  throw new HawserError(`${url} leads from one address to another more than ${MOST_REDIRECTS} times`);
}

function refusal(status: number, url: string): HawserError {
  const message = `${url} answers with HTTP ${status}`;
  if (status >= 500 || status === 408 || status === 429) return new Transient(message);
  const hint = status === 404 || status === 410 ? "is it the right version? Some makers remove old releases: give a mirror, or as file a copy of yours" : status === 407 ? "the proxy wants a password: https_proxy=http://user:password@proxy:3128" : undefined;
  return new HawserError(message, hint === undefined ? {} : { hint });
}

async function write(file: string, from: number, body: AsyncIterable<Buffer>, onBytes: (received: number) => void): Promise<void> {
  const handle = await open(file, from > 0 ? "r+" : "w", 0o600);
  try {
    await handle.truncate(from);
    let at = from;
    onBytes(at);
    for await (const chunk of arriving(body)) {
      for (let done = 0; done < chunk.length; ) done += (await handle.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
      at += chunk.length;
      onBytes(at);
    }
    await handle.sync();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") throw new HawserError(`no space is left for ${file}`, { cause: error, hint: "free some, or set XDG_CACHE_HOME to a folder on another disk" });
    throw error;
  } finally {
    await handle.close();
  }
}

/** @throws Transient when the connection breaks */
async function* arriving(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  try {
    yield* body;
  } catch (error) {
    throw new Transient(`the connection broke: ${causeOf(error)}`, { cause: error });
  }
}

function causeOf(error: unknown): string {
  const { message, cause, code } = error as { message?: string; cause?: unknown; code?: string };
  if (cause instanceof Error) return causeOf(cause);
  return message === undefined || message === "" ? (code ?? String(error)) : message;
}
