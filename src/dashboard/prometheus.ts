import { request } from "node:http";
import { request as requestTls } from "node:https";
import type { Duplex } from "node:stream";
import { z } from "zod";
import { HawserError } from "../errors/index.ts";

/** Labels of a series, with its name as `__name__`. */
export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** A series over time; moments in seconds since 1970. */
export interface Line {
  readonly labels: Labels;
  readonly points: readonly (readonly [at: number, value: number])[];
}

export interface Alert {
  readonly labels: Labels;
  readonly summary: string;
  /** Seconds since 1970. */
  readonly since: number;
}

/** What the pages ask of Prometheus; where it is, and how it is reached, is somebody else's. */
export interface Source {
  /** What it is called in the page, such as `la-1` or a URL. */
  readonly name: string;
  query(expr: string): Promise<{ readonly at: number; readonly samples: readonly Sample[] }>;
  range(expr: string, from: number, to: number, step: number): Promise<readonly Line[]>;
  /** Those that fire. */
  alerts(): Promise<readonly Alert[]>;
}

const point = z.tuple([z.number(), z.string()]);
const labels = z.record(z.string(), z.string());
const envelope = <T extends z.ZodType>(data: T) => z.object({ status: z.literal("success"), data });
const vector = envelope(z.object({ result: z.array(z.object({ metric: labels, value: point })) }));
const matrix = envelope(z.object({ result: z.array(z.object({ metric: labels, values: z.array(point) })) }));
const alerts = envelope(z.object({ alerts: z.array(z.object({ labels, annotations: labels, state: z.string(), activeAt: z.string() })) }));

/** Milliseconds for an answer, and bytes of it. */
const PATIENCE = 10_000;
const MOST = 32 * 1024 * 1024;

export interface PrometheusOptions {
  /** Where it is, with a path if it has one. */
  readonly url: URL;
  readonly name: string;
  /** Makes the connection, for one that is not reached from here. Default: TCP. */
  readonly connect?: () => Promise<Duplex>;
}

/** A Prometheus, by its HTTP API. Its methods throw a HawserError that says what it answered instead. */
export class Prometheus implements Source {
  readonly name: string;
  readonly #options: PrometheusOptions;

  constructor(options: PrometheusOptions) {
    this.#options = options;
    this.name = options.name;
  }

  async query(expr: string): Promise<{ at: number; samples: Sample[] }> {
    const { data } = await this.#ask("query", { query: expr }, vector);
    const at = data.result[0]?.value[0] ?? Date.now() / 1000;
    return { at, samples: data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) })) };
  }

  async range(expr: string, from: number, to: number, step: number): Promise<Line[]> {
    const { data } = await this.#ask("query_range", { query: expr, start: String(from), end: String(to), step: String(step) }, matrix);
    return data.result.map(({ metric, values }) => ({ labels: metric, points: values.map(([at, value]) => [at, Number(value)] as const) }));
  }

  async alerts(): Promise<Alert[]> {
    const { data } = await this.#ask("alerts", {}, alerts);
    return data.alerts.filter(({ state }) => state === "firing").map((each) => ({ labels: each.labels, summary: each.annotations["summary"] ?? "", since: Date.parse(each.activeAt) / 1000 }));
  }

  async #ask<T extends z.ZodType>(what: string, parameters: Readonly<Record<string, string>>, schema: T): Promise<z.output<T>> {
    const text = await this.#get(what, parameters);
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch (error) {
      throw this.#wrong(`what answers is no Prometheus: ${text.slice(0, 80).replaceAll(/\s+/g, " ")}`, error);
    }
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    const said = z.object({ error: z.string() }).safeParse(answer).data?.error;
    throw this.#wrong(said ?? "what it answers is not as Prometheus 2 answers", parsed.error);
  }

  async #get(what: string, parameters: Readonly<Record<string, string>>): Promise<string> {
    const { url, connect } = this.#options;
    const socket = await connect?.().catch((error: unknown) => {
      // Why its host is not reached says itself; why its port is not, ssh says in words of its own.
      throw error instanceof HawserError ? error : this.#wrong(error instanceof Error ? error.message : String(error), error);
    });
    const place = new URL(`${url.pathname.replace(/\/$/, "")}/api/v1/${what}?${new URLSearchParams(parameters).toString()}`, url);
    return await new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(this.#wrong(error.message, error));
      const asked = (place.protocol === "https:" ? requestTls : request)(place, {
        timeout: PATIENCE,
        // A channel of an ssh connection is as good as a socket for a request that ends it.
        ...(socket !== undefined && { createConnection: () => socket }),
      }, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > MOST) asked.destroy(new Error("it answers more than 32 MiB"));
        });
        response.on("error", fail);
        response.on("end", () => resolve(Buffer.concat(chunks).toString()));
      });
      asked.on("timeout", () => asked.destroy(new Error(`no answer within ${PATIENCE / 1000} s`)));
      asked.on("error", fail);
      asked.end();
    });
  }

  #wrong(why: string, cause: unknown): HawserError {
    return new HawserError(`Prometheus (${this.name}): ${why}`, { cause, hint: "systemctl status prometheus on the monitor; --prometheus URL names another one" });
  }
}
