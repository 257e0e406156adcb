import { BOOLEAN, listOf, NUMBER, TEXT, type Type } from "../expression/types.ts";
import type { CallStatement } from "../statement.ts";

/** What a task registered, as far as later tasks can ask for it. */
export type Result = StatResult | OutputResult | ChangesResult;

interface StatResult {
  readonly type: "stat";
  /** As code. */
  readonly path: string;
  readonly read: CallStatement;
}

interface OutputResult {
  readonly type: "output";
  readonly read: CallStatement;
}

/** Only whether one of these has changed something. */
interface ChangesResult {
  readonly type: "changes";
  readonly calls: readonly CallStatement[];
}

const fields = (types: Readonly<Record<string, Type>>): Type => ({ kind: "map", fields: new Map(Object.entries(types).map(([name, type]) => [name, { type, optional: false }])) });

/** What `ansible.stat` gives. */
export const STAT = fields({ stat: fields({ exists: BOOLEAN, isdir: BOOLEAN, isreg: BOOLEAN, islnk: BOOLEAN, mode: TEXT, size: NUMBER, pw_name: TEXT, gr_name: TEXT }) });

/** What `ansible.output` gives. */
export const OUTPUT = fields({ rc: NUMBER, stdout: { kind: "text", loose: true }, stdout_lines: listOf(TEXT) });
