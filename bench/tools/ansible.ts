import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { BenchLab } from "../lab.ts";
import { timed } from "../process.ts";
import { BIG_FILE } from "../workloads.ts";
import { ask, findProgram, type Tool } from "./tool.ts";

const PLAYBOOKS = fileURLToPath(new URL("../peers/ansible", import.meta.url));

/** Ansible as it comes, with pipelining, and with mitogen's strategy where that is installed. */
export async function ansibleTools(): Promise<readonly (readonly ["ansible" | "pipelining" | "mitogen", Tool])[]> {
  const program = findProgram("ansible-playbook");
  if (program === undefined) return [];
  const version = /\[core (?<version>[^\]]+)\]/.exec((await ask(program, "--version")) ?? "")?.groups?.["version"];
  if (version === undefined) return [];
  const ansible = `ansible-core ${version}`;
  const tools: (readonly ["ansible" | "pipelining" | "mitogen", Tool])[] = [
    ["ansible", tool(program, ansible, "[defaults]\n")],
    ["pipelining", tool(program, `${ansible}, pipelining`, "[ssh_connection]\npipelining = true\n")],
  ];
  const python = path.join(path.dirname(program), "python3");
  const mitogen = await ask(python, "-c", "import ansible_mitogen, mitogen, os; print(os.path.dirname(ansible_mitogen.__file__)); print('.'.join(map(str, mitogen.__version__)))");
  if (mitogen !== undefined) {
    const [folder = "", number = ""] = mitogen.split("\n");
    tools.push(["mitogen", tool(program, `${ansible}, mitogen ${number}`, `[defaults]\nstrategy_plugins = ${folder}/plugins/strategy\nstrategy = mitogen_linear\n`)]);
  }
  return tools;
}

/** Each run starts without a connection, and all hosts at once. */
function tool(program: string, version: string, config: string): Tool {
  return {
    version,
    async run(lab, workload, mode) {
      const { folder } = lab;
      const inventory = path.join(folder, "ansible.ini");
      writeFileSync(inventory, `${lab.addresses.join("\n")}\n[all:vars]\nansible_user=root\nansible_python_interpreter=/usr/bin/python3\nansible_ssh_private_key_file=${lab.key}\n`);
      writeFileSync(path.join(folder, "ansible.cfg"), config);
      mkdirSync(socketsOf(lab), { recursive: true });
      const env = {
        ANSIBLE_CONFIG: path.join(folder, "ansible.cfg"),
        ANSIBLE_SSH_CONTROL_PATH_DIR: socketsOf(lab),
        ANSIBLE_LOCAL_TEMP: path.join(folder, "ansible-tmp"),
        ANSIBLE_SSH_COMMON_ARGS: `-F none -o UserKnownHostsFile=${lab.knownHosts}`,
        ANSIBLE_NOCOLOR: "1",
        W2_FILES: path.join(folder, "w2"),
        W4_FILE: BIG_FILE,
      };
      const argv = [program, "-i", inventory, "-f", String(lab.addresses.length), path.join(PLAYBOOKS, `${workload.toLowerCase()}.yml`), ...(mode === "check" ? ["--check"] : [])];
      const { stdout, ...measured } = await timed(argv, { folder, env });
      return { ...measured, changed: [...stdout.matchAll(/ changed=(\d+) /g)].reduce((sum, [, count]) => sum + Number(count), 0) };
    },
    async cleanUp(lab) {
      for (const socket of readdirSync(socketsOf(lab))) await ask("ssh", "-F", "none", "-o", `ControlPath=${path.join(socketsOf(lab), socket)}`, "-O", "exit", "any");
    },
  };
}

const socketsOf = ({ folder }: BenchLab): string => path.join(folder, "cp");
