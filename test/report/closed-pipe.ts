/** Reports on and on to a reader that goes away, then exits as a run with a failed host does. */
import { setTimeout as sleep } from "node:timers/promises";
import { jsonReporter } from "../../src/report/index.ts";

const reporter = jsonReporter(process.stdout);
for (let turn = 0; turn < 50; turn++) {
  reporter.on({ at: turn, event: "warning", message: "x".repeat(10_000) });
  await sleep(5);
}
await reporter.end();
process.exitCode = 2;
