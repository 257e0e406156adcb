import pc from "picocolors";
import type { Outcome } from "../engine/events.ts";

export type Colors = ReturnType<typeof pc.createColors>;
export type Paint = (text: string) => string;

export function colors(enabled: boolean): Colors {
  return pc.createColors(enabled);
}

export interface Mark {
  readonly symbol: string;
  /** Always printed beside the symbol: nobody has to tell outcomes apart by colour. */
  readonly word: string;
  readonly paint: Paint;
}

/** How the outcomes look. The symbols are one column wide in every locale. */
const MARKS: Record<Outcome, readonly [symbol: string, word: string, paint: "green" | "yellow" | "magenta" | "dim" | "red"]> = {
  ok: ["✔", "ok", "green"],
  changed: ["+", "changed", "yellow"],
  "would-change": ["~", "would change", "yellow"],
  unknown: ["?", "unknown", "magenta"],
  skipped: ["-", "skipped", "dim"],
  failed: ["✖", "failed", "red"],
  rescued: ["=", "rescued", "yellow"],
};

export function outcomeMark(outcome: Outcome, color: Colors): Mark {
  const [symbol, word, paint] = MARKS[outcome];
  return { symbol, word, paint: color[paint] };
}
