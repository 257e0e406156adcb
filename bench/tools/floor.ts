import { execFileSync } from "node:child_process";
import type { BenchLab } from "../lab.ts";
import { type Measured, timed } from "../process.ts";
import { BIG_FILE, scriptOf } from "../workloads.ts";
import type { Tool } from "./tool.ts";

/** One hand-written script over one cold ssh connection to each host; for W4 the file through `ssh cat`. */
export const floor: Tool = {
  version: execFileSync("sh", ["-c", "ssh -V 2>&1"]).toString().trim(),
  async run(lab, workload, mode) {
    if (workload === "W4") return mode === "apply" ? await onOne(lab, ["mkdir -p /srv/w4 && cat >/srv/w4/big50.bin"], { inputFile: BIG_FILE }) : undefined;
    if (mode !== "noop" || lab.addresses.length > 1) return undefined;
    return await onOne(lab, ["sh"], { input: scriptOf(workload, "floor") });
  },
};

async function onOne({ key, knownHosts, addresses, folder }: BenchLab, command: readonly string[], input: { readonly input?: string; readonly inputFile?: string }): Promise<Measured> {
  const options = ["-F", "none", "-i", key, "-o", `UserKnownHostsFile=${knownHosts}`, "-o", "ControlMaster=no", "-o", "BatchMode=yes"];
  const { stdout: _, ...measured } = await timed(["ssh", ...options, `root@${addresses[0]}`, ...command], { folder, ...input });
  return measured;
}
