import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path: string): string => fileURLToPath(import.meta.resolve(path));
export const PLAYBOOK = here("../../playbooks/network.ts");

/** The shipped inventory `lab` as another lab, in subnets of its own, so that it stands beside one that is up. */
export const NETWORK_LAB = "e2e-network";
const SUBNETS: Readonly<Record<string, string>> = { "198.18.1.": "198.18.231.", "198.18.2.": "198.18.232.", "198.18.3.": "198.18.233." };

/** Where the copy lies, until `drop`. */
export function networkInventory(): { readonly path: string; readonly drop: () => void } {
  const path = mkdtempSync(join(tmpdir(), "hawser-network-"));
  cpSync(here("../../inventory/lab"), path, { recursive: true });
  for (const file of ["hosts.yml", "group_vars/all.yml"]) {
    let text = readFileSync(join(path, file), "utf8").replaceAll(/\bregions\b(?=\/|\n|$)/g, NETWORK_LAB);
    for (const [own, other] of Object.entries(SUBNETS)) text = text.replaceAll(own, other);
    writeFileSync(join(path, file), text);
  }
  return { path, drop: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** hawser as an operator calls it. */
export function hawser(inventory: string, ...words: readonly string[]): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [here("../../bin/hawser.mjs"), ...words, "-i", inventory], { stdio: ["ignore", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    child.stdout.on("data", (data: Buffer) => (out += data.toString()));
    child.stderr.on("data", (data: Buffer) => (err += data.toString()));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
}

/** As `hawser verify --output json` says it. */
export interface Asserted {
  readonly host: string;
  readonly role: string;
  readonly name: string;
  readonly value: number | string | boolean | null;
  readonly ok: boolean;
  readonly cause?: string;
}

/** What `hawser verify` measures of the shipped playbook, or of some of its roles. */
export async function verified(inventory: string, ...words: readonly string[]): Promise<{ readonly code: number | null; readonly assertions: readonly Asserted[] }> {
  const { code, out, err } = await hawser(inventory, "verify", PLAYBOOK, "--output", "json", ...words);
  assert.ok(code === 0 || code === 2, err || out);
  const events = out.trim().split("\n").map((line) => JSON.parse(line) as { readonly event: string });
  return { code, assertions: events.filter(({ event }) => event === "assertion") as unknown as Asserted[] };
}
