/**
 * Measures hawser, plain ssh and every peer that is installed, on lab hosts at a distance: `npm run bench -- --help`.
 * All tools take turns in every round, so that a busy machine slows all of them; medians are printed.
 */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Cell, cellOf, table } from "./cells.ts";
import { type BenchLab, benchLab } from "./lab.ts";
import type { Measured } from "./process.ts";
import { judge } from "./targets.ts";
import { installedTools, TOOL_NAMES, type ToolName } from "./tools/index.ts";
import type { Tool } from "./tools/tool.ts";
import { makeBigFile, makeUnitFiles, type Mode, scriptOf, WORKLOADS, type WorkloadName } from "./workloads.ts";

const MODES: readonly Mode[] = ["noop", "apply", "check"];
const HELP = `npm run bench -- [options]

  --only W1,W2,W4       workloads
  --mode noop,apply,check
  --rtt 0,84,180        round-trip times in milliseconds
  --hosts 1,10          W1 also on ten hosts
  --tools hawser,kept,floor,ansible,pipelining,mitogen,pyinfra
                        default: those that are installed (bench/peers/install.sh installs all) without
                        kept, which is hawser over a connection that the round before has left open
  --rounds 5            the first round of each is thrown away and not counted here
  --json                one document, {"cells":[...]}
  --assert              fails when a ratio that docs/performance.md promises does not hold
`;

function listOf<T extends string>(option: string, text: string, known: readonly T[]): T[] {
  return text.split(",").map((word) => {
    const found = known.find((each) => each.toLowerCase() === word.toLowerCase());
    if (found === undefined) throw new Error(`--${option} ${word}: there are ${known.join(", ")}`);
    return found;
  });
}

function whole(option: string, text: string, smallest: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < smallest) throw new Error(`--${option} ${text}: a whole number from ${smallest} is expected`);
  return number;
}

/** What the hosts need for the tools that are to be measured: Ansible's modules are Python. */
async function prepareHosts(lab: BenchLab, tools: ReadonlyMap<ToolName, Tool>): Promise<void> {
  makeUnitFiles(path.join(lab.folder, "w2"));
  if (["ansible", "pipelining", "mitogen"].some((name) => tools.has(name as ToolName))) await lab.onAll("apt-get -q update >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3 python3-apt cron >/dev/null");
}

/** Medians of all tools at one workload and mode. */
async function measure(lab: BenchLab, workload: WorkloadName, mode: Mode, tools: ReadonlyMap<ToolName, Tool>, rounds: number): Promise<Cell[]> {
  const question = { workload, mode, rttMs: lab.rttMs, hosts: lab.addresses.length };
  const samples = new Map<ToolName, Measured[]>();
  if (mode !== "apply") await tools.get("hawser")?.run(lab, workload, "apply");
  for (let round = 0; round <= rounds; round++) {
    for (const [name, tool] of tools) {
      if (mode === "apply") await lab.onAll(scriptOf(workload, "reset"));
      const measured = await tool.run(lab, workload, mode);
      await tool.cleanUp?.(lab);
      if (!measured) continue;
      process.stderr.write(`${workload} ${mode} ${lab.rttMs} ms, ${lab.addresses.length} hosts, round ${round}: ${name} ${measured.seconds.toFixed(2)} s\n`);
      // The first round warms what a machine keeps: compiled code, page cache.
      if (round === 0) continue;
      if (measured.changed !== undefined && (mode === "apply") !== measured.changed > 0) throw new Error(`${name} changed ${measured.changed} in a ${mode}`);
      samples.set(name, [...(samples.get(name) ?? []), measured]);
    }
  }
  return [...samples].map(([tool, measured]) => cellOf(question, tool, measured));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: WORKLOADS.map(({ name }) => name).join(",") },
      mode: { type: "string", default: MODES.join(",") },
      rtt: { type: "string", default: "0,84,180" },
      hosts: { type: "string", default: "1,10" },
      tools: { type: "string" },
      rounds: { type: "string", default: "5" },
      json: { type: "boolean", default: false },
      assert: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  if (spawnSync("/usr/bin/time", ["true"]).status !== 0) throw new Error("GNU time is missing: apt-get install -y time");
  const installed = await installedTools();
  const names = values.tools === undefined ? [...installed.keys()].filter((name) => name !== "kept") : listOf("tools", values.tools, TOOL_NAMES);
  const tools = new Map(names.map((name) => {
    const tool = installed.get(name);
    if (!tool) throw new Error(`--tools ${name}: not installed here; bench/peers/install.sh installs all peers`);
    return [name, tool] as const;
  }));
  const only = listOf("only", values.only, WORKLOADS.map(({ name }) => name));
  const modes = listOf("mode", values.mode, MODES);
  const counts = values.hosts.split(",").map((text) => whole("hosts", text, 1));
  const rounds = whole("rounds", values.rounds, 1);
  const workloads = WORKLOADS.filter(({ name }) => only.includes(name));
  for (const [name, { version }] of tools) process.stderr.write(`${name}: ${version}\n`);
  if (only.includes("W4")) makeBigFile();
  const cells: Cell[] = [];
  for (const rtt of values.rtt.split(",").map((text) => whole("rtt", text, 0))) {
    for (const count of counts) {
      const here = workloads.filter(({ hosts }) => hosts.includes(count) || workloads.length === 1);
      if (here.length === 0) continue;
      const lab = await benchLab(rtt, count);
      try {
        await prepareHosts(lab, tools);
        for (const workload of here) for (const mode of workload.modes.filter((each) => modes.includes(each))) cells.push(...(await measure(lab, workload.name, mode, tools, rounds)));
      } finally {
        await lab.down();
      }
    }
  }
  const { lines, missed } = judge(cells);
  process.stdout.write(values.json ? `${JSON.stringify({ cells })}\n` : `${[table(cells), "", ...lines].join("\n")}\n`);
  if (values.assert && missed > 0) process.exitCode = 1;
}

await main();
