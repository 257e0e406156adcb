import { randomBytes } from "node:crypto";
import { closeSync, fdatasync, fdatasyncSync, mkdirSync, openSync, writeSync } from "node:fs";
import { userInfo } from "node:os";
import path from "node:path";
import type { RunEvent } from "../engine/events.ts";
import { UsageError } from "../errors/index.ts";
import { thisProcess, type Writer } from "./folder.ts";

/** What was asked for. Values of extra vars are not kept: nobody can tell which of them are secret. */
export interface Asked {
  readonly verb: "run" | "apply";
  /** Absolute paths. */
  readonly playbook: string;
  readonly inventory: string;
  /** The saved plan that is applied. */
  readonly plan?: string;
  /** The command's options by their names, without extra vars. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** `@file` as given; of `name=value` the name. */
  readonly extraVars: readonly string[];
  /** The run that this one goes on with. */
  readonly resumes?: string;
}

/** A journal's first line. */
export interface Header extends Asked {
  readonly journal: 1;
  readonly id: string;
  /** ISO 8601. */
  readonly began: string;
  readonly user: string;
  readonly writer: Writer;
}

/** The events that a journal keeps: what is needed to go on, and to tell what was done. Diffs and what is ok are left out. */
export type Kept = Extract<RunEvent, { event: "start" | "play" | "sent" | "recovered" | "host" | "resource" | "failure" | "warning" | "recap" }>;

/** A new run's id: its time and a few random letters, so that names sort by time. */
export function newRunId(now = new Date()): string {
  const [day, time] = now.toISOString().replaceAll(/[-:]/g, "").split(/[T.]/);
  return `${day}-${time}-${randomBytes(2).toString("hex")}`;
}

/**
 * A run's journal: a JSON line for each thing that happened, appended before the next thing is done. What was written survives
 * the process; the disk is told to keep it, and that is waited for at the end.
 */
export class Journal {
  readonly id: string;
  readonly file: string;
  readonly #fd: number;
  readonly #complain: (message: string) => void;
  #syncing = false;
  #dirty = false;
  #open = true;

  /**
   * @param complain Told once when the journal cannot be written any more: the run goes on without.
   * @throws UsageError when it cannot be begun.
   */
  constructor(folder: string, asked: Asked, complain: (message: string) => void, id = newRunId()) {
    this.id = id;
    this.file = path.join(folder, `${this.id}.jsonl`);
    this.#complain = complain;
    const header: Header = { journal: 1, id: this.id, began: new Date().toISOString(), user: userInfo().username, writer: thisProcess(), ...asked };
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      this.#fd = openSync(this.file, "ax", 0o600);
      writeSync(this.#fd, `${JSON.stringify(header)}\n`);
    } catch (error) {
      throw new UsageError(`the run's journal cannot be written: ${(error as Error).message}`, { cause: error, hint: "HAWSER_RUNS names another place for it; --no-journal does without, and then the run cannot be resumed" });
    }
  }

  on(event: RunEvent): void {
    const kept = keptOf(event);
    if (kept) this.#write(kept);
  }

  /** Which plays a resumed run had finished before: what its own resumption needs. */
  carry(finished: readonly { readonly host: string; readonly index: number }[]): void {
    for (const { host, index } of finished) this.#write({ at: 0, event: "host", host, play: "", index, result: "done" });
  }

  /** @param error Why the run could not begin, or ended without a recap. */
  end(error?: unknown): void {
    if (error !== undefined) this.#write({ event: "error", message: error instanceof Error ? error.message : "an unknown error" });
    if (!this.#open) return;
    this.#open = false;
    try {
      fdatasyncSync(this.#fd);
    } finally {
      closeSync(this.#fd);
    }
  }

  #write(line: object): void {
    if (!this.#open) return;
    try {
      writeSync(this.#fd, `${JSON.stringify(line)}\n`);
    } catch (error) {
      this.#open = false;
      closeSync(this.#fd);
      this.#complain(`the journal cannot be written any more: ${(error as Error).message}; this run cannot be resumed from here on`);
      return;
    }
    this.#sync();
  }

  /** One at a time, and never waited for: what a crash of the machine could take is looked at anew by whoever goes on. */
  #sync(): void {
    this.#dirty = true;
    if (this.#syncing) return;
    this.#syncing = true;
    this.#dirty = false;
    fdatasync(this.#fd, () => {
      this.#syncing = false;
      if (this.#dirty && this.#open) this.#sync();
    });
  }
}

function keptOf(event: RunEvent): object | undefined {
  switch (event.event) {
    case "phase":
    case "output":
      return undefined;
    case "resource": {
      if (event.outcome === "ok" || event.outcome === "skipped") return undefined;
      const { diff: _, ...kept } = event;
      return kept;
    }
    default:
      return event;
  }
}
