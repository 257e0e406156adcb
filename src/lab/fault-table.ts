import { existsSync } from "node:fs";
import { LabError } from "./error.ts";
import { faultRules, parseFault } from "./faults.ts";
import { labNamespace } from "./names.ts";
import { namespaceFile } from "./network.ts";
import { run, tryRun } from "./run.ts";
import type { LabFault, LabHost } from "./types.ts";

interface NftList {
  readonly nftables: readonly { readonly rule?: { readonly comment?: string } }[];
}

const nft = (lab: string, ...args: string[]): string[] => ["nsenter", `--net=${namespaceFile(labNamespace(lab))}`, "nft", ...args];

/** The faults that a lab's rules make now. */
export async function readFaults(lab: string): Promise<LabFault[]> {
  if (!existsSync(namespaceFile(labNamespace(lab)))) return [];
  const { code, stdout, stderr } = await tryRun(nft(lab, "-j", "list", "table", "bridge", "hawser-faults"));
  if (code !== 0 && stderr.includes("No such file")) return [];
  if (code !== 0) throw new LabError(`cannot list the faults of lab "${lab}"`, { evidence: stderr });
  const { nftables } = JSON.parse(stdout) as NftList;
  const texts = new Set(nftables.flatMap(({ rule }) => (rule?.comment === undefined ? [] : [rule.comment])));
  return [...texts].map((text) => parseFault(text));
}

/** Makes them the faults of a lab, all at once. @returns when, in milliseconds since the epoch: never later than it was */
export async function writeFaults(lab: string, faults: readonly LabFault[], hosts: readonly LabHost[]): Promise<number> {
  // By whoever calls nft, since a busy machine may take a second to start it.
  const said = await run(["sh", "-c", 'date +%s%3N; exec "$@"', "sh", ...nft(lab, "-f", "-")], { input: faultRules(faults, hosts) });
  return Number(said);
}
