import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { timed } from "../process.ts";
import { BIG_FILE } from "../workloads.ts";
import { ask, findProgram, type Tool } from "./tool.ts";

const DEPLOYS = fileURLToPath(new URL("../peers/pyinfra", import.meta.url));

export async function pyinfraTools(): Promise<readonly (readonly ["pyinfra", Tool])[]> {
  const program = findProgram("pyinfra");
  const version = program && (await ask(program, "--version"));
  if (program === undefined || version === undefined) return [];
  return [["pyinfra", {
    version: version.replace(": v", " "),
    async run(lab, workload, mode) {
      const { folder } = lab;
      const inventory = path.join(folder, "pyinfra_inventory.py");
      const data = JSON.stringify({ ssh_user: "root", ssh_key: lab.key, ssh_known_hosts_file: lab.knownHosts, ssh_strict_host_key_checking: "yes" });
      writeFileSync(inventory, `hosts = [${lab.addresses.map((address) => `(${JSON.stringify(address)}, ${data})`).join(", ")}]\n`);
      const env = { W2_FILES: path.join(folder, "w2"), W4_FILE: BIG_FILE };
      const { stdout: _, ...measured } = await timed([program, inventory, path.join(DEPLOYS, `${workload.toLowerCase()}.py`), mode === "check" ? "--dry" : "-y"], { folder, cwd: folder, env });
      return measured;
    },
  }]];
}
