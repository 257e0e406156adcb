import { type Cell, find, type Question } from "./cells.ts";
import type { ToolName } from "./tools/index.ts";

/** A ratio that must hold between two cells of one run. */
interface Target {
  readonly what: string;
  readonly of: Question;
  /** The most that hawser's seconds may be of the other's. */
  readonly atMost: number;
  /** The fastest of these that was measured counts. */
  readonly against: readonly ToolName[];
  /** Default: the same question. */
  readonly other?: Question;
}

const PEERS: readonly ToolName[] = ["ansible", "pipelining", "mitogen", "pyinfra"];
const one = (workload: Question["workload"], mode: Question["mode"], rttMs: number, hosts = 1): Question => ({ workload, mode, rttMs, hosts });

export const TARGETS: readonly Target[] = [
  { what: "W1 with nothing to do, against the floor", of: one("W1", "noop", 84), atMost: 1.4, against: ["floor"] },
  { what: "W1 with nothing to do, against the floor", of: one("W1", "noop", 180), atMost: 1.4, against: ["floor"] },
  { what: "W1 with nothing to do, against the fastest peer", of: one("W1", "noop", 0), atMost: 1 / 5, against: PEERS },
  { what: "W1 with nothing to do, against the fastest peer", of: one("W1", "noop", 84), atMost: 1 / 8, against: PEERS },
  { what: "W1 with nothing to do, against the fastest peer", of: one("W1", "noop", 180), atMost: 1 / 10, against: PEERS },
  { what: "W1 applied, against mitogen and pyinfra", of: one("W1", "apply", 84), atMost: 1 / 8, against: ["mitogen", "pyinfra"] },
  { what: "W1 checked, against a run with nothing to do", of: one("W1", "check", 84), atMost: 1.05, against: ["hawser"], other: one("W1", "noop", 84) },
  { what: "W2 with nothing to do, against mitogen", of: one("W2", "noop", 84), atMost: 1 / 18, against: ["mitogen"] },
  { what: "W4, against ssh cat", of: one("W4", "apply", 84), atMost: 1.2, against: ["floor"] },
  { what: "W1 on ten hosts, against one", of: one("W1", "noop", 84, 10), atMost: 2, against: ["hawser"], other: one("W1", "noop", 84) },
  { what: "W1 on ten hosts, against the fastest peer", of: one("W1", "noop", 84, 10), atMost: 1 / 8, against: PEERS },
];

/** A line for each target whose cells were measured, and how many of them were missed. */
export function judge(cells: readonly Cell[], targets: readonly Target[] = TARGETS): { readonly lines: readonly string[]; readonly missed: number } {
  const lines: string[] = [];
  let missed = 0;
  for (const { what, of, atMost, against, other } of targets) {
    const own = find(cells, of, "hawser");
    const others = against.flatMap((tool) => find(cells, other ?? of, tool) ?? []);
    const fastest = others.sort((a, b) => a.seconds - b.seconds)[0];
    if (!own || !fastest) continue;
    const ratio = own.seconds / fastest.seconds;
    const holds = ratio <= atMost;
    if (!holds) missed++;
    const said = atMost < 1 ? `${(1 / ratio).toFixed(1)} x faster than ${fastest.tool}, at least ${(1 / atMost).toFixed(0)}` : `${ratio.toFixed(2)} x ${fastest.tool}, at most ${atMost}`;
    lines.push(`${holds ? "holds " : "MISSED"}  ${of.rttMs} ms  ${what}: ${said}`);
  }
  return { lines, missed };
}
