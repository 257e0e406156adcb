import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Report } from "./report.ts";

/** What ansible.cfg says. */
export interface Config {
  /** All plays become root. */
  readonly becomes: boolean;
  setting(name: string): string | undefined;
}

/** Settings that decide how hosts are reached, with the variable of an inventory that says the same. */
const IN_INVENTORY: ReadonlyMap<string, string> = new Map([["remote_user", "ansible_user"], ["private_key_file", "ansible_ssh_private_key_file"]]);

/** Reads ansible.cfg, if there is one, and reports what does not come along. */
export function readConfig(root: string, report: Report): Config {
  const file = path.join(root, "ansible.cfg");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  for (const [i, line] of text.split("\n").entries()) {
    const [, name = "", value = ""] = /^\s*(\w+)\s*[=:]\s*(\S.*?)(?:\s+;.*)?\s*$/.exec(line) ?? [];
    const instead = IN_INVENTORY.get(name);
    if (instead !== undefined) report.note({ file: "ansible.cfg", line: i + 1, column: 1 }, name, `it is not taken over: say it in the inventory, for all hosts (${instead}: ${value})`);
  }
  return {
    becomes: /^\s*become\s*[=:]\s*(?:true|yes|1)\s*$/im.test(text),
    setting: (name) => new RegExp(`^\\s*${name}\\s*[=:]\\s*(\\S.*?)\\s*$`, "m").exec(text)?.[1],
  };
}
