// Preloaded into the measured process: what it has used when it ends.
import { writeFileSync } from "node:fs";

process.once("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeFileSync(String(process.env["HAWSER_BENCH_USAGE"]), JSON.stringify({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, maxMiB: maxRSS / 1024 }));
});
