import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Ran {
  readonly code: number | null;
  /** Standard output and standard error. */
  readonly text: string;
}

const INVENTORY = "[web]\na\nb\nc\n[all:vars]\nansible_connection=local\nansible_python_interpreter=auto_silent\n";

/** ansible-core on this machine, in a folder of a test; undefined where it is not installed. */
export function ansibleIn(folder: string): { playbook(text: string, ...args: string[]): Ran; hosts(pattern: string): Ran; encrypt(name: string, value: string): string } | undefined {
  const env = { ...process.env, ANSIBLE_NOCOLOR: "1", ANSIBLE_HOME: join(folder, "ansible"), ANSIBLE_CONFIG: "/dev/null", ANSIBLE_RETRY_FILES_ENABLED: "0" };
  const run = (program: string, ...args: string[]): Ran => {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, env, encoding: "utf8" });
    return { code: status, text: `${stdout ?? ""}${stderr ?? ""}` };
  };
  if (run("ansible-playbook", "--version").code !== 0) return undefined;
  writeFileSync(join(folder, "inventory.ini"), INVENTORY);
  writeFileSync(join(folder, "password"), "secret\n", { mode: 0o600 });
  return {
    playbook(text, ...args) {
      writeFileSync(join(folder, "playbook.yml"), text);
      return run("ansible-playbook", "-i", "inventory.ini", "playbook.yml", "--vault-password-file", "password", ...args);
    },
    hosts: (pattern) => run("ansible", "-i", "inventory.ini", pattern, "--list-hosts"),
    encrypt: (name, value) => run("ansible-vault", "encrypt_string", "--vault-password-file", "password", "--name", name, value).text.replace(/^Encryption successful$/m, ""),
  };
}

/** The hosts in the recap, with their words. */
export function recapOf({ text }: Ran): Record<string, string> {
  const rows = [...text.matchAll(/^(\S+) +: (ok=.*)$/gm)];
  return Object.fromEntries(rows.map(([, host = "", words = ""]) => [host, words.replaceAll(/ +/g, " ").trim()]));
}
