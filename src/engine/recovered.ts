import type { RecoveredStep } from "./events.ts";
import { FrameReader } from "./frames.ts";

/** What an interrupted run had sent to a host last. */
export interface SentBatch {
  /** Its name on the host. */
  readonly script: string;
  /** Of each step the resources, or its handler, by their ids. */
  readonly steps: readonly (readonly string[])[];
}

/**
 * Which steps of a batch were done, from what it has printed to its end.
 * @param printed Its standard output: frames of a mark that only the controller knew which is gone. The first frame comes before any output of a step, and tells it.
 */
export function recoveredSteps(printed: Buffer, { steps }: SentBatch): RecoveredStep[] {
  const mark = /\n(hw[0-9a-f]+) W \d+;/.exec(printed.subarray(0, 4096).toString("latin1"))?.[1];
  if (mark === undefined) return [];
  const codes = new Map<number, number>();
  new FrameReader(mark, (label) => {
    const [type, step, code] = label.split(" ");
    if (type === "A") codes.set(Number(step), Number(code));
  }).push(printed);
  return steps.flatMap((ids, i) => (ids.length === 0 ? [] : [{ ids, ...outcome(codes.get(i)) }]));
}

function outcome(code: number | undefined): Pick<RecoveredStep, "result" | "exitCode"> {
  if (code === undefined) return { result: "not-run" };
  return code === 0 ? { result: "done" } : { result: "failed", exitCode: code };
}
