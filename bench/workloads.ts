import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { UNITS, unitText } from "./w2/role.ts";

export type Mode = "noop" | "apply" | "check";
export type WorkloadName = "W1" | "W2" | "W4";

export interface Workload {
  readonly name: WorkloadName;
  readonly modes: readonly Mode[];
  /** On how many hosts it is measured. */
  readonly hosts: readonly number[];
}

export const WORKLOADS: readonly Workload[] = [
  { name: "W1", modes: ["noop", "apply", "check"], hosts: [1, 10] },
  { name: "W2", modes: ["noop", "apply"], hosts: [1] },
  { name: "W4", modes: ["apply"], hosts: [1] },
];

/** W4's file in bytes. */
const BIG = 50 * 1024 * 1024;
const HERE = fileURLToPath(new URL(".", import.meta.url));

/** W4's file, where hawser's role looks for it. */
export const BIG_FILE = path.join(HERE, "w4/files/big50.bin");

/** Makes the file that is too big to be kept with the code. */
export function makeBigFile(): void {
  if (existsSync(BIG_FILE) && statSync(BIG_FILE).size === BIG) return;
  mkdirSync(path.dirname(BIG_FILE), { recursive: true });
  writeFileSync(BIG_FILE, randomBytes(BIG));
}

/** Makes W2's files for the tools that copy files. */
export function makeUnitFiles(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const unit of UNITS) writeFileSync(path.join(folder, `${unit}.conf`), unitText(unit));
}

/** Shell text of a workload: its floor, or what takes away all that it made. */
export function scriptOf(workload: WorkloadName, script: "floor" | "reset"): string {
  return readFileSync(path.join(HERE, workload.toLowerCase(), `${script}.sh`), "utf8");
}

/**
 * Names a set of folders on a host by everything that can be seen of them: names, kinds, modes, owners, contents. Without what the
 * host's cron has W1's health.sh write every five minutes: whether it is there yet says the clock, not the playbook.
 */
export const FINGERPRINT = `cd /; for d in srv/w1 srv/w2 srv/w4 etc/cron.d; do [ ! -e $d ] || find $d ! -path srv/w1/run/health -printf '%p %y %m %u %g %l\\n'; done | sort
find srv/w1 srv/w2 srv/w4 etc/cron.d -type f ! -path srv/w1/run/health -exec sha256sum {} + 2>/dev/null | sort -k 2
getent passwd w1app w1deploy; getent group w1app w1ops`;

export const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
