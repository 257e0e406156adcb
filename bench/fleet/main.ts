/**
 * What a fleet costs its controller: `npm run bench:fleet -- [--hosts 1,10,100,300,1000] [--forks 10] [--output human] [--report html,json] [--json]`.
 *
 * SIMULATED: the hosts. Each is an ssh server with its own address, host key, key exchange and login, and it answers hawser's
 * scripts with what one real lab host answered to the same scripts in the same run. REAL: the controller, `hawser run bench/w1.ts`
 * with nothing to do. Both share this machine, so the controller's CPU time and memory are the figures; the time on the wall is not.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { hawser } from "./controller.ts";
import { Fleet } from "./fleet.ts";
import { type Model, modelHost } from "./model.ts";

interface Cell {
  readonly hosts: number;
  readonly cpuSeconds: number;
  /** Of one more host: the start-up, which a run with one host pays alone, is left out. */
  readonly cpuMsPerHost: number | undefined;
  readonly maxMiB: number;
  readonly wallSeconds: number;
  readonly mostConnections: number;
  readonly requestsPerHost: number;
}

async function converge(model: Model): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-model-"));
  try {
    writeFileSync(path.join(folder, "hosts.yml"), JSON.stringify({ all: { hosts: { model: { ssh: model.ssh } } } }));
    const { code, stdout } = await hawser(["run", "bench/w1.ts", "-i", folder]);
    if (code !== 0) throw new Error(`W1 could not be applied to the model host:\n${stdout}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @throws Error unless every host is ok and nothing was changed. */
function check(stdout: string, output: string, hosts: number): number {
  if (output !== "json") {
    if (!stdout.includes("no changes: everything is as declared")) throw new Error(`this was no run without changes:\n${stdout.slice(-4000)}`);
    return Number.NaN;
  }
  const recap = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { readonly hosts: Readonly<Record<string, { readonly ok: number; readonly changed: number; readonly requests: number }>> };
  const all = Object.values(recap.hosts);
  const [first] = all;
  if (all.length !== hosts || !first || all.some(({ ok, changed }) => changed > 0 || ok !== first.ok)) throw new Error("not all hosts were ok");
  return all.reduce((sum, { requests }) => sum + requests, 0) / hosts;
}

const { values } = parseArgs({
  options: {
    hosts: { type: "string", default: "1,10,100,300,1000" },
    forks: { type: "string" },
    output: { type: "string", default: "human" },
    /** Endings of reports that each run writes. */
    report: { type: "string", default: "" },
    json: { type: "boolean", default: false },
  },
});

const sizes = values.hosts.split(",").map(Number);
if (sizes.some((size) => !Number.isInteger(size) || size < 1 || size > 10_000)) throw new Error(`--hosts ${values.hosts}: whole numbers from 1 to 10000 are expected`);
const reports = mkdtempSync(path.join(tmpdir(), "hawser-reports-"));
const reportFlags = values.report.split(",").filter(Boolean).flatMap((ending) => ["--report", path.join(reports, `run.${ending}`)]);
const cells: Cell[] = [];
const model = await modelHost();
try {
  // Twice: the first compiles.
  await converge(model);
  await converge(model);
  for (const hosts of sizes) {
    const fleet = await Fleet.start({ hosts, real: model.real });
    try {
      const { wallSeconds, cpuSeconds, maxMiB, stdout } = await hawser(["run", "bench/w1.ts", "-i", fleet.inventory, "-o", values.output, ...reportFlags, ...(values.forks === undefined ? [] : ["--forks", values.forks])]);
      const counts = await fleet.counts();
      check(stdout, values.output, hosts);
      if (counts.opened !== hosts) throw new Error(`${counts.opened} connections were made to ${hosts} hosts`);
      const first = cells.find((cell) => cell.hosts === 1);
      const cpuMsPerHost = first === undefined || hosts === 1 ? undefined : ((cpuSeconds - first.cpuSeconds) * 1000) / (hosts - 1);
      cells.push({ hosts, cpuSeconds, cpuMsPerHost, maxMiB, wallSeconds, mostConnections: counts.mostOpen, requestsPerHost: counts.scripts / hosts });
      if (!values.json) console.log(`${hosts} hosts: ${cpuSeconds.toFixed(2)} s CPU${cpuMsPerHost === undefined ? "" : ` (${cpuMsPerHost.toFixed(1)} ms a host)`}, ${maxMiB.toFixed(0)} MiB, ${wallSeconds.toFixed(1)} s, ${counts.mostOpen} connections at once, ${(counts.scripts / hosts).toFixed(1)} requests a host, ${counts.recorded} recorded`);
    } finally {
      await fleet.stop();
    }
  }
} finally {
  await model.down();
  rmSync(reports, { recursive: true, force: true });
}
if (values.json) console.log(JSON.stringify({ cells }));
