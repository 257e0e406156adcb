import type { RunEvent } from "../../engine/events.ts";
import { colors, formatFailure, resourceLines } from "../../report/index.ts";
import { wantsColor } from "../color.ts";

/** The part of a run's events that somebody at a console wants to see. */
export class Fragments {
  readonly #say: (text: string) => void;
  readonly #check: boolean;

  constructor(say: (text: string) => void, check: boolean) {
    this.#say = say;
    this.#check = check;
  }

  on(event: RunEvent): void {
    const color = wantsColor(process.stdout);
    if (event.event === "resource") this.#say(resourceLines(event, { color: colors(color), cwd: process.cwd(), diff: true, hostWidth: 0, check: this.#check, width: Infinity }));
    else if (event.event === "failure") this.#say(formatFailure(event.failure, { color, cwd: process.cwd() }));
    else if (event.event === "output") this.#say(`  │ ${event.line}\n`);
  }
}
