import { readdirSync, readFileSync } from "node:fs";

/** Every command line of this machine that was seen while it ran: those of lab hosts are among them. */
export class CommandLines {
  readonly seen = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** Looks ten times a second. */
  start(): void {
    this.#timer = setInterval(() => {
      for (const pid of readdirSync("/proc")) if (/^\d+$/.test(pid)) this.seen.add(lineOf(pid));
    }, 100);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function lineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}
