import { DefaultRenderer, Listr, ListrDefaultRendererLogLevels, type ListrDefaultRendererOptions, type ListrDefaultRendererTask, type ListrEventManager, Spinner } from "listr2";
import type { HostPhase } from "../engine/events.ts";
import { type HostProgress, hasEnded, isActive } from "./progress.ts";
import type { Screen } from "./screen.ts";
import { type Colors, outcomeMark } from "./style.ts";
import { cells, clean, count, cutEnd, cutMiddle, duration, oneLine, padEnd, padStart } from "./text.ts";

/** 4 frames a second. listr2 draws ten, and one more for every event: 10 hosts with 200 steps then cost minutes of CPU. */
const FRAME_MS = 250;
/** After this long a running resource says for how long, and what it printed last. */
const TAIL_AFTER_MS = 2000;
/** More hosts than this are folded: only those at work have rows. */
const UNFOLDED_HOSTS = 20;
/** The empty line, the summary, and some of the log. */
const AROUND_ROWS = 4;
const PHASE_WIDTH = Math.max(...(["reconnecting", "unreachable"] satisfies HostPhase[]).map((phase) => phase.length));

export interface RowsInput {
  readonly screen: Screen;
  readonly color: Colors;
  readonly now: () => number;
}

/**
 * One row per host of a play, drawn by listr2: each host is one task that stays open until the play is over, and whose
 * title says what the host is doing.
 */
export class Rows {
  readonly #ended: Promise<unknown>;
  #finish: () => void = () => undefined;

  constructor(hosts: readonly HostProgress[], input: RowsInput) {
    const over = new Promise<void>((resolve) => (this.#finish = resolve));
    const tasks = hosts.map((host) => ({ title: host.host, task: () => over }));
    this.#ended = new Listr(tasks, { concurrent: true, renderer: rendererOf(hosts, input), registerSignalListeners: false }).run();
  }

  /** Draws no more. What is on the screen stays until the screen draws something else. */
  async close(): Promise<void> {
    this.#finish();
    await this.#ended;
  }
}

/** listr2's renderer with its clock, its place on the screen and its icons replaced. */
function rendererOf(hosts: readonly HostProgress[], { screen, color, now }: RowsInput) {
  const byName = new Map(hosts.map((host) => [host.host, host]));
  const spinner = new Spinner();
  return class HostRows extends DefaultRenderer {
    static override nonTTY = true;
    readonly #tasks: ListrDefaultRendererTask[];
    #clock: NodeJS.Timeout | undefined;

    constructor(tasks: ListrDefaultRendererTask[], options: ListrDefaultRendererOptions, events: ListrEventManager) {
      super(tasks, { ...options, spinner, color: { [ListrDefaultRendererLogLevels.PENDING]: color.cyan } }, events);
      this.#tasks = tasks;
    }

    override async render(): Promise<void> {
      this.#clock = setInterval(() => this.#draw(), FRAME_MS).unref();
    }

    override end(): void {
      clearInterval(this.#clock);
    }

    protected override style(task: ListrDefaultRendererTask): string {
      const host = byName.get(task.initialTitle ?? "");
      if (host === undefined || isActive(host)) return super.style(task);
      if (!hasEnded(host)) return color.dim("·");
      const mark = outcomeMark(host.phase === "done" ? "ok" : "failed", color);
      return mark.paint(mark.symbol);
    }

    protected override format(title: string, icon: string): string[] {
      if (title === "") return [];
      const [row = "", ...tail] = title.split("\n");
      return [`${icon} ${row}`, ...tail];
    }

    #draw(): void {
      spinner.spin();
      const width = screen.width - 1;
      const shown = visible(hosts, screen.height);
      const withTail = shown.size * 2 + AROUND_ROWS <= screen.height;
      const nameWidth = Math.max(...[...shown].map((host) => cells(host.host)));
      for (const task of this.#tasks) {
        const host = byName.get(task.initialTitle ?? "");
        task.title = host === undefined || !shown.has(host) ? "" : rowText(host, { width, nameWidth, withTail, color, now: now() });
      }
      const rows = this.create().split("\n").filter(Boolean);
      screen.draw(["", ...rows, ...(shown.size < hosts.length ? [color.dim(cutEnd(summaryText(hosts, shown), width))] : [])]);
    }
  };
}

/** The hosts that get a row: all of them, or those at work when there are too many for the reader or for the window. */
function visible(hosts: readonly HostProgress[], height: number): Set<HostProgress> {
  const room = Math.max(1, Math.min(UNFOLDED_HOSTS, height - AROUND_ROWS));
  return new Set(hosts.length <= room ? hosts : hosts.filter(isActive).slice(0, room));
}

interface RowStyle {
  readonly width: number;
  readonly nameWidth: number;
  readonly withTail: boolean;
  readonly color: Colors;
  readonly now: number;
}

function rowText(host: HostProgress, { width, nameWidth, withTail, color, now }: RowStyle): string {
  const name = padEnd(host.host, nameWidth);
  const phase = padEnd(host.phase, PHASE_WIDTH);
  const ofTotal = host.total === undefined ? "" : `${host.done}/${host.total}`;
  const progress = padStart(ofTotal, "100/100".length);
  const elapsed = now - host.since;
  const isSlow = !hasEnded(host) && host.phase !== "queued" && elapsed >= TAIL_AFTER_MS;
  const time = isSlow ? `  ${duration(Math.floor(elapsed / 1000))}` : "";
  // 2 for the icon, and 2 before each column.
  const room = width - 2 - cells(name) - cells(phase) - cells(progress) - cells(time) - 6;
  if (room < 0) return cutEnd(`${name}  ${host.phase}  ${ofTotal}`, width - 2);
  const what = hasEnded(host) ? cutEnd(tally(host), room) : cutMiddle(clean(host.running), room);
  const painted = host.phase === "queued" || host.phase === "waiting" ? color.dim : String;
  const row = `${color.bold(name)}  ${painted(phase)}  ${color.dim(progress)}  ${hasEnded(host) ? color.dim(what) : what}${color.dim(time)}`;
  const tail = oneLine(host.tail).trimStart();
  return withTail && isSlow && tail !== "" ? `${row}\n${color.dim(`    │ ${cutEnd(tail, width - 6)}`)}` : row;
}

/** `41 ok, 3 changed` of the play. */
function tally(host: HostProgress): string {
  return Object.entries(host.outcomes)
    .filter(([, number]) => number > 0)
    .map(([outcome, number]) => `${number} ${outcome === "would-change" ? "would change" : outcome}`)
    .join(", ");
}

/** `and 31 more: 20 done, 1 failed, 10 queued`. */
function summaryText(hosts: readonly HostProgress[], shown: ReadonlySet<HostProgress>): string {
  const folded = hosts.filter((host) => !shown.has(host));
  const phases = new Map<string, number>();
  for (const host of folded) {
    const phase = isActive(host) ? "at work" : host.phase;
    phases.set(phase, (phases.get(phase) ?? 0) + 1);
  }
  const counts = [...phases].map(([phase, number]) => `${number} ${phase}`).join(", ");
  return `  ${shown.size === 0 ? count(folded.length, "host") : `and ${count(folded.length, "more host")}`}: ${counts}`;
}
