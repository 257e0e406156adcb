import type { DrillProbe } from "../dsl/drill-plan.ts";
import { quote } from "../shell/index.ts";
import type { Seen } from "./types.ts";

/** What a probe is called in a sample; the same on every host. */
export const idOf = ({ kind, name }: Pick<DrillProbe, "kind" | "name">): string => `${kind}:${name}`;

/**
 * Shell text that looks at a host once for each line that it reads, and prints a line: /proc/uptime, then a word for each
 * probe. It starts no process, since where the host is slow at that the looks would come late: the kernel's own tables are
 * read by the shell. bash reads them in blocks and dash letter by letter, so bash is taken where there is one.
 */
export function samplerScript(probes: readonly DrillProbe[]): string {
  const loop = `LC_ALL=C; export LC_ALL
while read -r _; do
read -r up _ </proc/uptime
${probes.some(({ kind }) => kind === "address") ? LOCAL_ADDRESSES : ""}${probes.some(({ kind }) => kind === "route") ? ROUTES : ""}line=$up
${probes.map(wordOf).join("")}echo "$line"
done`;
  return `s=${quote(loop)}; if command -v bash >/dev/null; then exec bash -c "$s"; else eval "$s"; fi`;
}

/** The kernel's trie of routes has a leaf for each address, and says which are the host's own. */
const LOCAL_ADDRESSES = `own=' '
while read -r a b c _; do case $a in '|--') leaf=$b ;; /32) case "$b $c" in 'host LOCAL') own="$own$leaf " ;; esac ;; esac; done </proc/net/fib_trie
`;

/** Destination, gateway and mask of the main table, as the kernel prints them. */
const ROUTES = `routes=' '
while read -r _ to via _ _ _ _ mask _; do routes="$routes$to/$mask/$via "; done </proc/net/route
`;

function wordOf(probe: DrillProbe): string {
  if (probe.kind === "address") return `case $own in *' ${probe.address} '*) line="$line 1" ;; *) line="$line 0" ;; esac\n`;
  if (probe.kind === "path") return `word=; read -r word _ 2>/dev/null <${quote(probe.file)}; line="$line \${word:--}"\n`;
  return `case $routes in ${probe.via.map((gateway) => `*' ${routeText(probe.network, gateway)} '*`).join(" | ")}) line="$line 1" ;; *) line="$line 0" ;; esac\n`;
}

/** As /proc/net/route prints it: in the machine's byte order, which is the little end first wherever this runs (x86-64, arm64). */
function routeText(network: string, gateway: string): string {
  const [address = "", prefix = "32"] = network.split("/");
  const mask = [0, 1, 2, 3].map((i) => 256 - 2 ** (8 - Math.min(8, Math.max(0, Number(prefix) - i * 8)))).join(".");
  return [address, mask, gateway].map(littleEndian).join("/");
}

const littleEndian = (address: string): string => address.split(".").toReversed().map((octet) => Number(octet).toString(16).padStart(2, "0").toUpperCase()).join("");

/** A line of the sampler: seconds since the host booted, and what it saw. Undefined for anything else. */
export function parseSample(line: string, probes: readonly DrillProbe[]): { readonly uptime: number; readonly seen: Seen } | undefined {
  const [uptime = "", ...words] = line.split(" ");
  if (!/^\d+\.\d+$/.test(uptime) || words.length !== probes.length) return undefined;
  return { uptime: Number(uptime), seen: Object.fromEntries(probes.map((probe, i) => [idOf(probe), words[i] ?? ""])) };
}
