import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** The file of a command in PATH. */
export function commandFile(name: string): string | undefined {
  return (process.env["PATH"] ?? "").split(":").map((folder) => path.join(folder, name)).find((file) => existsSync(file));
}

let python: string | undefined | null = null;

/** The Python that Ansible runs on; undefined without one. */
export function ansiblePython(): string | undefined {
  if (python !== null) return python;
  const file = commandFile("ansible-playbook");
  const first = file === undefined ? undefined : /^#!\s*(\S+)\s*$/m.exec(readFileSync(file, "utf8"))?.[1];
  python = first !== undefined && spawnSync(first, ["-c", "import ansible.template"]).status === 0 ? first : undefined;
  return python;
}
