import type { Failure, RunEvent } from "../engine/events.ts";
import { batchLine, commandLines, failureLines, gateLine, type LineStyle, outputLine, playLine, recoveredLines, requestLine, resourceLines, startLine, warningLine } from "./lines.ts";
import { hasEnded, type HostProgress, Progress } from "./progress.ts";
import { recapText } from "./recap.ts";
import type { RecapEvent, Reporter } from "./reporter.ts";
import { Rows } from "./rows.ts";
import { Screen } from "./screen.ts";
import { sinkOf } from "./sink.ts";
import { colors } from "./style.ts";
import { cells, clean, duration, oneLine, padEnd } from "./text.ts";

/** Without rows, a host that is busy with one thing says so this often. */
const HEARTBEAT_MS = 30_000;
const HEARTBEAT_CHECK_MS = 1000;
/** A longer host name does not push everybody's columns to the right. */
const HOST_WIDTH = 24;

export interface HumanOptions {
  readonly stream: NodeJS.WritableStream;
  /** Rows that are drawn over, for a terminal. Otherwise plain lines, fit for a log file. */
  readonly tty: boolean;
  /** NO_COLOR and FORCE_COLOR are the caller's to respect. */
  readonly color: boolean;
  /** Columns. Default: what the stream says, also after the window was resized; else 80. */
  readonly width?: number;
  /** Prints the diffs. Default false. */
  readonly diff?: boolean;
  /**
   * From 1, prints also what is ok or skipped, and every line that commands print; from 2 how long everything took. Commands and exchanges
   * are printed where there are events of them. Default 0.
   */
  readonly verbose?: number;
  /** The run has a journal to go on from, and the recap says so. Default false. */
  readonly resumable?: boolean;
  /** File names are shown relative to it. Default: the working directory. */
  readonly cwd?: string;
  /** Milliseconds on a clock that never jumps. Default: the process's own. */
  readonly now?: () => number;
}

/** What an operator reads: one line for each thing that is not as it was declared, and a recap of all hosts. */
export function humanReporter(options: HumanOptions): Reporter {
  return new HumanReporter(options);
}

class HumanReporter implements Reporter {
  readonly #options: HumanOptions;
  readonly #screen: Screen;
  readonly #now: () => number;
  readonly #progress: Progress;
  readonly #failures: Failure[] = [];
  readonly #beats = new Map<HostProgress, number>();
  #style: LineStyle;
  #rows: Rows | undefined;
  #closing: Promise<void> = Promise.resolve();
  #heart: NodeJS.Timeout | undefined;
  #recap: RecapEvent | undefined;

  constructor(options: HumanOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#progress = new Progress(this.#now);
    this.#screen = new Screen(options.stream, options.width);
    this.#style = { color: colors(options.color), cwd: options.cwd ?? process.cwd(), diff: options.diff === true, hostWidth: 0, check: false, width: Infinity, timings: (options.verbose ?? 0) > 1, resumable: options.resumable === true };
  }

  get #verbose(): number {
    return this.#options.verbose ?? 0;
  }

  on(event: RunEvent): void {
    this.#progress.on(event);
    const text = this.#textOf(event);
    if (text !== "") this.#screen.log(text);
    if (event.event === "recap") this.#recap = event;
    if (event.event === "start") this.#begin(event.hosts);
    if (event.event === "play" && this.#options.tty) this.#show(event.hosts);
  }

  async end(): Promise<void> {
    clearInterval(this.#heart);
    this.#hide();
    await this.#closing;
    this.#screen.close();
    if (this.#recap !== undefined) {
      const seconds = (host: string) => this.#progress.seconds(host);
      const style = { ...this.#style, width: this.#options.tty ? this.#screen.width : Infinity };
      this.#screen.log(recapText({ recap: this.#recap, failures: this.#failures, seconds }, style));
      this.#recap = undefined;
    }
    await sinkOf(this.#options.stream).flush();
  }

  #textOf(event: RunEvent): string {
    const style = this.#style;
    switch (event.event) {
      case "start":
        this.#style = { ...style, check: event.check, hostWidth: Math.min(HOST_WIDTH, Math.max(0, ...event.hosts.map(cells))) };
        return startLine(event, this.#style);
      case "play":
        return playLine(event, style);
      case "resource":
        if (event.outcome === "rescued") this.#forgive(event.host, event.id);
        if (event.outcome === "failed") this.#failures.push({ message: event.summary ?? "failed", ...event.failure, host: event.host, role: event.role, resource: event.id, source: event.source });
        return this.#verbose > 0 || (event.outcome !== "ok" && event.outcome !== "skipped") ? resourceLines(event, style) : "";
      case "batch":
        return batchLine(event, style);
      case "gate":
        return gateLine(event, style);
      case "failure":
        this.#failures.push(event.failure);
        return failureLines(event.failure, style);
      case "output":
        return this.#verbose > 0 ? outputLine(event, style) : "";
      case "recovered":
        return recoveredLines(event, style);
      case "command":
        return commandLines(event, style);
      case "request":
        return requestLine(event, style);
      case "warning":
        return warningLine(event, style);
      default:
        return "";
    }
  }

  /** What was made good is not repeated in the recap. */
  #forgive(host: string, id: string): void {
    const at = this.#failures.findIndex((failure) => failure.host === host && failure.resource === id);
    if (at >= 0) this.#failures.splice(at, 1);
  }

  #begin(hosts: readonly string[]): void {
    if (this.#options.tty) this.#show(hosts);
    else this.#heart = setInterval(() => this.#beat(), HEARTBEAT_CHECK_MS).unref();
  }

  #show(names: readonly string[]): void {
    this.#hide();
    const hosts = names.map((name) => this.#progress.host(name));
    if (hosts.length === 0) return;
    this.#screen.open();
    this.#rows = new Rows(hosts, { screen: this.#screen, color: this.#style.color, now: this.#now });
  }

  #hide(): void {
    const rows = this.#rows;
    this.#rows = undefined;
    if (rows !== undefined) this.#closing = Promise.all([this.#closing, rows.close()]).then(() => undefined);
  }

  #beat(): void {
    const now = this.#now();
    for (const host of this.#progress.all()) {
      if (hasEnded(host) || host.phase === "queued") continue;
      const spoken = Math.max(host.since, this.#beats.get(host) ?? 0);
      if (now - spoken < HEARTBEAT_MS) continue;
      this.#beats.set(host, now);
      const what = host.running === "" ? host.phase : `${host.phase}  ${clean(host.running)}`;
      const tail = host.tail === "" ? "" : `  │ ${oneLine(host.tail).trimStart()}`;
      this.#screen.log(`  ${padEnd(host.host, this.#style.hostWidth)}  … still ${what}  ${duration(Math.floor((now - host.since) / 1000))}${tail}\n`);
    }
  }
}
