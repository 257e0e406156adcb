import { statSync } from "node:fs";
import { artifactsFolder, cachedFile } from "../../artifacts/cache.ts";
import { HawserError } from "../../errors/index.ts";
import { colors, type Colors } from "../../report/index.ts";
import { Screen } from "../../report/screen.ts";
import { bytes, clean, count, duration, padEnd } from "../../report/text.ts";
import { wantsColor } from "../color.ts";
import { fetchAll, type FetchEvent } from "./fetch-all.ts";
import { standingOf, type Wanted } from "./wanted.ts";

/** Milliseconds between two frames. */
const FRAME = 250;

interface Row {
  readonly name: string;
  readonly since: number;
  /** Bytes that were there already. */
  readonly from: number;
  received: number;
  total: number | undefined;
}

/** Brings a playbook's artifacts to the controller, and tells of it. */
export class Fetching {
  readonly #standings: readonly (Wanted & ReturnType<typeof standingOf>)[];
  readonly #json: boolean;
  readonly #stream: NodeJS.WriteStream;
  readonly #screen: Screen;
  readonly #color: Colors;
  readonly #rows = new Map<string, Row>();
  #drawn = 0;

  constructor(all: readonly Wanted[], output: "human" | "json", stream: NodeJS.WriteStream) {
    this.#standings = all.map((wanted) => ({ ...wanted, ...standingOf(wanted) }));
    this.#json = output === "json";
    this.#stream = stream;
    this.#screen = new Screen(stream);
    this.#color = colors(wantsColor(stream));
  }

  /** What is to be fetched: also what is cached with another sha256. */
  get #wanted(): readonly Wanted[] {
    return this.#standings.filter(({ state, file }) => file === undefined && state !== "cached");
  }

  /** Says what would be fetched. @returns the exit code */
  check(): number {
    const bad = this.#badFiles();
    for (const wanted of this.#wanted) this.#tell({ event: "would-fetch", wanted }, `${this.#color.yellow("~ would fetch")}  ${nameOf(wanted)}  ${wanted.urls[0] ?? ""}`);
    this.#end(`${this.#there}, ${this.#wanted.length} would be fetched${bad > 0 ? `, ${bad} bad` : ""}`);
    return bad > 0 ? 1 : 0;
  }

  /** @param atATime How many at a time. @returns the exit code */
  async fetch(atATime: number): Promise<number> {
    const bad = this.#badFiles();
    const wanted = this.#wanted;
    if (this.#stream.isTTY && !this.#json) this.#screen.open();
    try {
      const failed = await fetchAll(wanted, atATime, (event) => this.#on(event));
      this.#screen.close();
      this.#end(`${this.#there}, ${wanted.length - failed} fetched${failed + bad > 0 ? `, ${failed + bad} failed` : ""}${wanted.length > failed ? `, to ${artifactsFolder()}` : ""}`);
      return failed + bad > 0 ? 1 : 0;
    } finally {
      this.#screen.close();
    }
  }

  get #there(): string {
    return `${count(this.#standings.length, "artifact")}: ${this.#standings.filter(({ state }) => state === "cached" || state === "file").length} here`;
  }

  /** Files of the controller that are not what they should be: nothing can be fetched for them. */
  #badFiles(): number {
    const bad = this.#standings.filter(({ file, state }) => file !== undefined && state === "damaged");
    for (const { why = "", ...wanted } of bad) this.#failed(wanted, new HawserError(why));
    return bad.length;
  }

  #on(event: FetchEvent): void {
    const { wanted } = event;
    if (event.event === "progress") {
      const row = this.#rows.get(wanted.sha256) ?? { name: nameOf(wanted), since: performance.now(), from: event.received, received: 0, total: undefined };
      this.#rows.set(wanted.sha256, Object.assign(row, { received: event.received, total: event.total }));
      this.#draw();
      return;
    }
    this.#rows.delete(wanted.sha256);
    if (event.event === "failed") this.#failed(wanted, event.error);
    else {
      const size = statSync(cachedFile(wanted.sha256)).size;
      this.#tell({ event: "fetched", wanted, bytes: size, seconds: event.seconds }, `${this.#color.green("+ fetched")}  ${nameOf(wanted)}  ${bytes(size)} in ${duration(event.seconds)}`);
    }
    this.#draw();
  }

  #failed(wanted: Wanted, { message, hint }: HawserError): void {
    this.#tell({ event: "failed", wanted, message, hint }, `${this.#color.red("✖ failed")}  ${nameOf(wanted)}  ${clean(message)}${hint === undefined ? "" : `\n      ${this.#color.bold("try:")} ${hint}`}`);
  }

  #tell({ event, wanted, ...more }: { readonly event: string; readonly wanted: Wanted; readonly [key: string]: unknown }, line: string): void {
    const { vars, hosts, urls, file, sha256 } = wanted;
    this.#screen.log(this.#json ? `${JSON.stringify({ event, vars, hosts, urls, file, sha256, ...more })}\n` : `  ${line}\n`);
  }

  #end(text: string): void {
    if (!this.#json) this.#screen.log(`${text}\n`);
  }

  #draw(): void {
    if (!this.#stream.isTTY || this.#json || performance.now() - this.#drawn < FRAME) return;
    this.#drawn = performance.now();
    const width = Math.max(0, ...[...this.#rows.values()].map(({ name }) => name.length));
    this.#screen.draw([...this.#rows.values()].map((row) => `  ${padEnd(row.name, width)}  ${progressOf(row)}`));
  }
}

function progressOf({ received, total, since, from }: Row): string {
  const seconds = (performance.now() - since) / 1000;
  const speed = seconds > 1 ? `  ${bytes(Math.round((received - from) / seconds))}/s` : "";
  return `${bytes(received)}${total === undefined ? "" : ` of ${bytes(total)}  ${Math.floor((received / Math.max(1, total)) * 100)} %`}${speed}`;
}

const nameOf = ({ vars }: Wanted): string => vars.join(", ");
