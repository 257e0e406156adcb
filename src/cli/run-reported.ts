import { writeFileSync } from "node:fs";
import type { RunEvent } from "../engine/events.ts";
import type { Recap } from "../engine/run.ts";
import { UsageError } from "../errors/index.ts";
import { colors, exitCode, humanReporter, jsonReporter, Timing, traceOf, type Reporter } from "../report/index.ts";
import { wantsColor } from "./color.ts";
import { interrupts } from "./interrupts.ts";
import type { RunReports } from "./report-files.ts";
import type { RunFlags } from "./run-file.ts";

/** Runs, shows what happens as the options say, and writes what they ask for at the end. @returns the exit code */
export async function reported(flags: RunFlags, reports: RunReports, run: (listen: (event: RunEvent) => void, signals: { interrupt: AbortSignal; abort: AbortSignal }) => Promise<Recap>): Promise<number> {
  const color = wantsColor(process.stdout);
  const reporter: Reporter =
    flags.output === "json" ? jsonReporter(process.stdout) : humanReporter({ stream: process.stdout, tty: process.stdout.isTTY && process.env["TERM"] !== "dumb" && !flags.step, color, diff: flags.diff ?? false, verbose: flags.verbose ?? 0, resumable: !flags.check && flags.journal !== false });
  const timing = new Timing();
  let code = 1;
  let broke: unknown;
  const startup = performance.now() / 1000;
  const signals = interrupts((message) => process.stderr.write(`\n${message}\n`));
  try {
    const recap = await run((event) => {
      // It keeps what a run of many hosts says in great numbers.
      if (flags.timing || flags.trace !== undefined) timing.on(event);
      reporter.on(event);
      reports.on(event);
    }, signals);
    code = exitCode(recap, { check: flags.check ?? false, detailedExitcode: flags.detailedExitcode ?? false });
  } catch (error) {
    broke = error;
    throw error;
  } finally {
    signals.dispose();
    try {
      await reporter.end();
      // JSON ends with the recap: there the table goes to standard error.
      if (flags.timing) (flags.output === "json" ? process.stderr : process.stdout).write(`\n${timing.text(startup, { color: colors(color) })}`);
    } finally {
      code = await reports.write(code, broke);
    }
    if (flags.trace !== undefined) writeTrace(flags.trace, timing);
  }
  return code;
}

/** @throws UsageError when the file cannot be written; the run itself is over by then. */
function writeTrace(file: string, timing: Timing): void {
  try {
    writeFileSync(file, traceOf(timing));
  } catch (error) {
    throw new UsageError(`the trace could not be written to ${file}: ${(error as Error).message}`, { cause: error });
  }
}
