import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What Ansible says of one pattern: hosts in order, and the names that it has only warned of. */
export type Answer = { readonly hosts: readonly string[]; readonly ignored: readonly string[] } | { readonly error: string };

/** Ansible without the user's configuration, with its warnings on standard error. */
const ENV = { ...process.env, ANSIBLE_CONFIG: join(import.meta.dirname, "ansible.cfg"), ANSIBLE_NOCOLOR: "1", ANSIBLE_LOCALHOST_WARNING: "False", ANSIBLE_INVENTORY_UNPARSED_WARNING: "False" };

const ansible = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "ansible-inventory")).find(isProgram);

/** Why the comparisons with Ansible are skipped; false where it is installed. */
export const NO_ANSIBLE: string | false = ansible === undefined ? "ansible-core is not installed" : false;

/** Puts patterns to ansible-core, all in one process, each a text or a list of terms. */
export function askPatterns(cases: readonly { readonly inventory: string; readonly patterns: readonly (string | readonly string[])[] }[]): Answer[][] {
  return JSON.parse(execFileSync(python(), [join(import.meta.dirname, "oracle.py")], { env: ENV, input: JSON.stringify(cases), encoding: "utf8", maxBuffer: 1 << 28 })) as Answer[][];
}

/** `ansible-inventory --list` of an inventory. */
export function askList(inventory: string, options: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {}): Record<string, unknown> {
  const { stdout, stderr, status } = spawnSync(ansible ?? "", ["-i", inventory, "--list", ...(options.args ?? [])], { env: { ...ENV, ...options.env }, encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`ansible-inventory: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** The Python that runs Ansible, from the first line of its program. */
function python(): string {
  const [, interpreter] = /^#!\s*(\S+)/.exec(readFileSync(ansible ?? "", "utf8")) ?? [];
  if (interpreter === undefined) throw new Error(`${ansible} names no interpreter`);
  return interpreter;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
