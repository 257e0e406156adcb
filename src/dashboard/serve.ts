import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HawserError, UsageError } from "../errors/index.ts";
import type { Html } from "../report/html/html.ts";
import { DEFAULT_RANGE, page, POLICY, RANGES } from "./page.ts";
import type { Source } from "./prometheus.ts";
import { sections } from "./sections.ts";
import { pastOf, viewOf, type Past } from "./view.ts";

export interface ServeOptions {
  readonly source: Source;
  /** On 127.0.0.1; 0 for any that is free. */
  readonly port: number;
  readonly title: string;
  /** Seconds between two looks of a page. */
  readonly every: number;
}

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the page on loopback until it is closed. @throws UsageError when the port is taken */
export async function serve({ source, port, title, every }: ServeOptions): Promise<Served> {
  const looks = new Looks(source, every);
  const server = createServer((request, response) => {
    answer(request, response, looks, { title, every }).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") throw new UsageError(`port ${port} is taken`, { cause: error, hint: "--port 0 takes one that is free" });
    throw error;
  }
  const own = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${own}/`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close").catch(() => undefined);
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, looks: Looks, { title, every }: Pick<ServeOptions, "title" | "every">): Promise<void> {
  const headers = { "cache-control": "no-store", "content-security-policy": POLICY, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" };
  const say = (code: number, text: string, type = "text/plain"): void => void response.writeHead(code, { ...headers, "content-type": `${type}; charset=utf-8` }).end(request.method === "HEAD" ? undefined : text);
  // A page of another site must not get at it by a name that it lets stand for this address.
  if (!/^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(request.headers.host ?? "")) return say(403, "asked by another name than 127.0.0.1 or localhost\n");
  if (request.method !== "GET" && request.method !== "HEAD") return say(405, "it only shows\n");
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  const range = searchParams.get("range") ?? DEFAULT_RANGE;
  if (!(range in RANGES)) return say(400, `range is one of ${Object.keys(RANGES).join(", ")}\n`);
  if (pathname !== "/" && pathname !== "/view") return say(404, "there is only /\n");
  try {
    const body = await looks.at(range);
    say(200, pathname === "/" ? page({ title, range, every, body }) : body.text, "text/html");
  } catch (error) {
    if (!(error instanceof HawserError)) throw error;
    // The page comes all the same: it asks again.
    if (pathname === "/") say(200, page({ title, range, every, body: `${error.message}.` }), "text/html");
    else say(502, `${error.message}.`);
  }
}

/** What was looked at last; several pages share a look, and the past is asked for more rarely. */
class Looks {
  readonly #source: Source;
  readonly #every: number;
  readonly #kept = new Map<string, { readonly at: number; readonly body: Promise<Html> }>();
  readonly #past = new Map<string, { readonly until: number; readonly past: Past }>();

  constructor(source: Source, every: number) {
    this.#source = source;
    this.#every = every;
  }

  async at(range: string): Promise<Html> {
    const now = performance.now();
    const kept = this.#kept.get(range);
    if (kept !== undefined && now - kept.at < this.#every * 500) return await kept.body;
    const body = this.#look(range);
    this.#kept.set(range, { at: now, body });
    // One that failed is not kept.
    body.catch(() => this.#kept.get(range)?.body === body && this.#kept.delete(range));
    return await body;
  }

  async #look(range: string): Promise<Html> {
    const view = await viewOf(this.#source);
    const known = this.#past.get(range);
    if (known !== undefined && view.at < known.until && view.at >= known.past.to) return sections(view, known.past);
    const past = await pastOf(this.#source, view.at, RANGES[range] ?? 3600);
    this.#past.set(range, { until: view.at + past.step, past });
    return sections(view, past);
  }
}
