import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installPrerequisites, obtainUmlKernel } from "../../src/lab/index.ts";
import { umlKernel } from "../../src/lab/uml-kernel.ts";
import { hawser as called, type Said } from "../cli/hawser.ts";

const here = (path: string): string => fileURLToPath(import.meta.resolve(path));
/** The subnets of the shipped lab, 198.18.N. */
const SHIPPED = [1, 2, 3];

export const playbookFile = (name: string): string => here(`../../playbooks/${name}.ts`);

/** An inventory of a test's own. */
export interface RegionsInventory {
  readonly path: string;
  readonly drop: () => void;
}

/**
 * A copy of the shipped inventory `lab` as another lab, so that it stands beside one that is up.
 * @param subnets 198.18.N for each region and the witness, which no other lab has.
 * @param returnAfter seconds of a tunnel that is up until traffic returns to it. Default 60, as the role has it
 */
export function regionsInventory(lab: string, subnets: readonly [la: number, sg: number, witness: number], returnAfter = 60): RegionsInventory {
  const folder = mkdtempSync(join(tmpdir(), "hawser-regions-"));
  const path = join(folder, "inventory");
  // What runs against the shipped one keep beside it, encrypted, is of their hosts.
  cpSync(here("../../inventory/lab"), path, { recursive: true, filter: (file) => basename(file) !== "kept" });
  // So that its inventory.ts finds the package also where no command line loads it.
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(fileURLToPath(new URL("../..", import.meta.url)), join(folder, "node_modules/hawser"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  for (const file of ["hosts.yml", "group_vars/all.yml"]) {
    let text = readFileSync(join(path, file), "utf8").replaceAll(/\bregions\b(?=\/|\n|$)/g, lab);
    // From the last, so that none is taken for one that was put in its place.
    for (const [i, own] of [...SHIPPED.entries()].reverse()) text = text.replaceAll(`198.18.${own}.`, `198.18.${subnets[i]}.`);
    writeFileSync(join(path, file), text.replaceAll(/^( *)backup-path:\n/gm, `$&$1  return_after: ${returnAfter}\n`));
  }
  return { path, drop: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * Installs what hosts with kernels of their own need, and builds the fast kernel for them, unless it is in the cache. Nothing but Envoy needs that
 * one; with that of the machine's package all takes five times as long.
 */
export async function kernelLab(): Promise<void> {
  await installPrerequisites("uml");
  if (umlKernel().start[0] !== "linux.uml") return;
  await installPrerequisites("kernel");
  const version = await obtainUmlKernel(() => {}).catch((error: unknown) => console.log(`hosts get the kernel of the machine's package, which is slower: ${String(error)}`));
  if (version !== undefined) console.log(`built Linux ${version} for the lab`);
}

/** hawser as an operator calls it. */
export const hawser = (inventory: string, ...words: readonly string[]): Promise<Said> => called(process.cwd(), [...words, "-i", inventory]);

/** As `hawser verify --output json` says it. */
export interface Asserted {
  readonly host: string;
  readonly role: string;
  readonly name: string;
  readonly value: number | string | boolean | null;
  readonly ok: boolean;
  readonly cause?: string;
}

/** What `hawser verify` measures of a playbook, or of some of its roles. */
export async function verified(inventory: string, playbook: string, ...words: readonly string[]): Promise<{ readonly code: number | null; readonly assertions: readonly Asserted[] }> {
  const { code, out, err } = await hawser(inventory, "verify", playbook, "--output", "json", ...words);
  assert.ok(code === 0 || code === 2, err || out);
  const events = out.trim().split("\n").map((line) => JSON.parse(line) as { readonly event: string });
  return { code, assertions: events.filter(({ event }) => event === "assertion") as unknown as Asserted[] };
}

/**
 * The same, until every limit is kept, four times at most: a machine that is busy with something else delays a packet now and then, and
 * what is wrong stays wrong.
 */
export async function verifiedAtLast(inventory: string, playbook: string): ReturnType<typeof verified> {
  let seen = await verified(inventory, playbook);
  for (let again = 0; again < 3 && seen.code !== 0; again++) seen = await verified(inventory, playbook);
  return seen;
}

/** What a run cost a host. */
export interface HostCost {
  readonly changed: number;
  readonly requests: number;
  /** Of the plays that it had a part in. */
  readonly plays: number;
}

/** What `hawser run --output json` says of each host. */
export function costsOf(out: string): ReadonlyMap<string, HostCost> {
  const events = out.trim().split("\n").map((line) => JSON.parse(line) as { readonly event: string; readonly hosts: unknown });
  const plays = events.filter(({ event }) => event === "play").map(({ hosts }) => hosts as readonly string[]);
  const recap = events.at(-1);
  assert.equal(recap?.event, "recap", out.slice(-2000));
  return new Map(Object.entries(recap.hosts as Readonly<Record<string, Omit<HostCost, "plays">>>).map(([host, { changed, requests }]) => [host, { changed, requests, plays: plays.filter((hosts) => hosts.includes(host)).length }]));
}
