import { sh, type Observed, type Verifier } from "hawser";
import type { Link } from "hawser/roles/gre/gateway";
import { sasOf, strengthOf, type Sa } from "./sas.ts";
import { strongFirst, type Vars } from "./vars.ts";
import { weakness } from "hawser/roles/gre/esp";

/** What 2048 bits of modp are worth; below that a group is weak. With legacy proposals, those of modp1024. */
const [STRONG, LEGACY] = [112, 80];

/** IKE and ESP of each tunnel as charon has them, that they carry something, and that nothing goes beside them. */
export function assertSas(v: Verifier, vars: Vars, links: readonly Link[]): void {
  for (const link of links) assertLink(v, vars, link);
}

function assertLink(v: Verifier, vars: Vars, { name, remote, peer }: Link): void {
  const to = `${name} to ${peer.host}`;
  // A packet for the peer brings the SA up where there is none yet.
  const list = sh`ping -c 1 -W 5 ${remote} >/dev/null 2>&1; swanctl --list-sas --raw 2>/dev/null`;
  const of = (value: (sas: readonly Sa[]) => number | string | undefined) => ({ out }: Observed) => value(sasOf(out, name));
  const children = (sas: readonly Sa[]) => sas.flatMap((sa) => sa.children).filter(({ state }) => state === "INSTALLED");
  v.assert(`${to}: IKE`, { probe: list, value: of((sas) => sas.find(({ state }) => state === "ESTABLISHED")?.state ?? sas[0]?.state ?? "absent"), limit: { equals: "ESTABLISHED" }, hint: "journalctl -u strongswan: no answer (UDP 500 and 4500 blocked?), another secret, or no proposal in common" });
  v.assert(`${to}: mode`, { probe: list, value: of((sas) => alike(children(sas).map(({ mode }) => mode))), limit: { equals: "TRANSPORT" }, hint: "NAT made the peer choose tunnel mode, or somebody else's connection is there: swanctl --list-conns" });
  v.assert(`${to}: ESP in UDP`, { probe: list, value: of((sas) => alike(children(sas).map(({ encap }) => encap))), limit: { equals: "yes" }, hint: "encap = yes is missing in what charon has loaded: swanctl --load-conns" });
  v.assert(`${to}: strength of the key exchange`, { probe: list, value: of((sas) => (sas.length === 0 ? undefined : Math.min(...sas.map(({ group }) => strengthOf(group))))), unit: "bits", limit: { min: vars.legacy_proposals ? LEGACY : STRONG }, hint: "swanctl --list-sas names the group; both ends need a strong proposal in common" });
  v.assert(`${to}: received while pinged`, {
    probe: sh`swanctl --list-sas --raw 2>/dev/null; echo ====; ping -q -c 3 -i 0.2 -W 2 ${remote} >/dev/null 2>&1; swanctl --list-sas --raw 2>/dev/null`,
    value: ({ out }) => grown(out, name),
    unit: "bytes",
    limit: { min: 1 },
    hint: "the SA is up and carries nothing: does the peer have gre1, and rules that let GRE in?",
  });
  v.assert(`${to}: GRE in the clear`, {
    // What says that it listened, so that a tcpdump that is missing is no proof.
    probe: sh`d=$(ip -o route get ${peer.public_address} | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')
{ timeout 4 tcpdump -lnq -i "$d" ${`ip proto 47 and host ${peer.public_address}`} 2>&1 & sleep 2; ping -q -c 5 -i 0.2 -W 1 ${remote} >/dev/null 2>&1; wait; }`,
    value: ({ out }) => (out.includes("listening on") ? out.split("\n").filter((line) => /\bgre/i.test(line) && line.includes(" > ")).length : undefined),
    unit: "packets",
    limit: { equals: 0 },
    hint: "stop what uses the tunnel; the rules gre-clear-out are gone: systemctl restart hawser-firewall",
  });
}

/** One word where all are alike, `absent` where there are none. */
const alike = (words: readonly string[]): string => [...new Set(words)].join(" and ") || "absent";

/** Bytes that came in between two listings, whichever SAs carried them. */
function grown(out: string, name: string): number | undefined {
  const [before = "", after = ""] = out.split("====\n");
  const bytes = (text: string): ReadonlyMap<string, number> => new Map(sasOf(text, name).flatMap((sa) => sa.children).map(({ spi, bytesIn }) => [spi, bytesIn]));
  const [earlier, later] = [bytes(before), bytes(after)];
  return later.size === 0 ? undefined : [...later].reduce((sum, [spi, count]) => sum + count - (earlier.get(spi) ?? 0), 0);
}

/** What an operator must know: proposals that are weak, and what is made of them. */
export function weaknesses(vars: Vars): readonly string[] {
  const order = (name: "ike_proposals" | "esp_proposals"): string => (strongFirst(vars[name]).some((text) => weakness(text) === undefined) ? "it is offered last, so that it is taken only with a peer that knows nothing else" : "there is no other: add aes256gcm16-prfsha384-ecp384 before it");
  const weak = (["ike_proposals", "esp_proposals"] as const).flatMap((name) => vars[name].flatMap((text) => {
    const why = weakness(text);
    return why === undefined ? [] : [`strongswan.${name}: ${text} is weak: ${why}; ${order(name)}`];
  }));
  const noGroup = vars.esp_proposals.filter((text) => !/-(?:modp|ecp|curve|x25519|x448)/.test(text)).map((text) => `strongswan.esp_proposals: ${text} names no Diffie-Hellman group, so that who learns the key of IKE can read what came before (no forward secrecy); add -ecp384 or -modp2048`);
  return [...weak, ...noGroup];
}
