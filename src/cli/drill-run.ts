import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { drill, drillLine, mediansOf, mediansText, reportHtml, tableText, type Declared, type Drilled, type DrillOptions, type Kind, type Wish } from "../drill/index.ts";
import type { Session } from "../engine/session.ts";
import { UsageError } from "../errors/index.ts";
import type { FaultOf } from "./drill-fault.ts";

export interface DrillFlags {
  readonly for: number;
  readonly rate: number;
  readonly returnAfter?: number;
  readonly within: number;
  readonly repeat: number;
  readonly report?: string;
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly output: "human" | "json";
}

export interface DrillsInput {
  readonly hosts: readonly Declared[];
  readonly wish: Wish;
  readonly flags: DrillFlags;
  readonly connect: (host: string) => Promise<Session>;
  readonly faultOf: FaultOf;
  readonly dial?: DrillOptions["dial"];
  /** Whether the hosts are real ones. */
  readonly real: boolean;
}

/** @returns the exit code: 0 every limit was kept, 2 one was not. @throws DrillError, DrillInterrupted */
export async function runDrills({ hosts, wish, flags, connect, faultOf, dial, real }: DrillsInput): Promise<number> {
  const json = flags.output === "json";
  const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  const file = flags.report ?? reportName(wish.kind, new Date());
  const drills: Drilled[] = [];
  let asked = !real || flags.yes === true;
  const confirm = async (): Promise<boolean> => (asked ||= await confirmed(stop.signal));
  try {
    for (let i = 0; i < flags.repeat; i += 1) {
      if (flags.repeat > 1) say(`drill ${i + 1} of ${flags.repeat}`);
      // oxlint-disable-next-line no-await-in-loop
      const one = await drill({
        wish, hosts, connect, faultOf, confirm, say,
        rate: flags.rate,
        duration: flags.for,
        within: flags.within,
        ...(flags.returnAfter !== undefined && { returnAfter: flags.returnAfter }),
        ...(dial && { dial }),
        force: flags.force ?? false,
        interrupt: stop.signal,
      });
      drills.push(one);
      // Also when a later one does not come about.
      writeFileSync(file, reportHtml(drills));
      say(tableText(one));
      if (json) process.stdout.write(`${drillLine(wish.kind, one.figures, one.ok, { ...(one.writes.length > 0 && { writes: one.writes }), ...(flags.repeat > 1 && { drill: i + 1 }) })}\n`);
    }
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
  const ok = drills.every((one) => one.ok);
  const all = drills.map(({ figures }) => figures);
  if (flags.repeat > 1) say(mediansText(all));
  say(`report: ${file}`);
  if (json && flags.repeat > 1) process.stdout.write(`${drillLine(wish.kind, mediansOf(all), ok, { medianOf: drills.length })}\n`);
  return ok ? 0 : 2;
}

/** Sorts by time, and has nothing that a shell or a file system takes amiss. */
export const reportName = (kind: Kind, at: Date): string => `hawser-drill-${kind}-${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-")}.html`;

/** What is about to be broken has been said. @throws UsageError when nobody can be asked */
async function confirmed(signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError("these are real hosts, and nobody is here to confirm", { hint: "--yes" });
  const line = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await line.question("Break this on real hosts? Type yes: ", { signal })).trim() === "yes";
  } catch {
    return false;
  } finally {
    line.close();
  }
}
