import { readFileSync } from "node:fs";
import type { Row } from "./row.ts";

const PLAYBOOK = readFileSync(new URL("../../../playbooks/network.ts", import.meta.url), "utf8");

/** Lines of the inventory that are wrong in a row, in place of the right ones. */
interface Wrong {
  readonly keepalived?: string;
  readonly la?: string;
  readonly sg?: string;
  readonly laId?: string;
  readonly sgId?: string;
  readonly more?: string;
}

const gateway = (region: string, net: number, port: string, { vars = "", id }: { readonly vars?: string; readonly id: string }): string => `${region}:
  vars:
    region: ${region}
${vars}
  hosts:
    ${region}-1:
      ssh: { port: {${port}} }
      public_address: 203.0.113.${net}
      private_address: 10.${net}.0.11
      gateway: { id: ${id} }
`;

/** The shipped playbook of the network, as an operator copies it, with two gateways at addresses where the test listens. */
function network({ keepalived = "vip: 10.99.0.100", la = "    private_cidr: 10.10.0.0/24", sg = "    private_cidr: 10.20.0.0/24", laId = "1", sgId = "2", more = "" }: Wrong): Readonly<Record<string, string>> {
  return {
    "site.ts": PLAYBOOK,
    "inv/hosts.yml": `all:
  vars:
    ssh: { address: 127.0.0.1, config: false, agent: false }
    keepalived: { ${keepalived} }
  children:
    gateways:
      children: { la: , sg:  }
    quorum:
      children: { la: , sg:  }
${more}${gateway("la", 10, "PORT1", { vars: la, id: laId })}${gateway("sg", 20, "PORT2", { vars: sg, id: sgId })}`,
  };
}

export const networks: readonly Row[] = [
  { id: "network-cidrs-overlap", wrong: "regions whose networks overlap", files: network({ la: "    private_cidr: ⟪10.10.0.0/24", sg: "    private_cidr: 10.0.0.0/8" }), exit: 1, says: "error: 10.10.0.0/24 behind la-1 (la) overlaps with 10.0.0.0/8 behind sg-1 (sg)", hint: "regions that are joined need networks of their own" },
  { id: "network-mtu", wrong: "a tunnel's MTU that cannot fit", files: network({ la: "    private_cidr: 10.10.0.0/24\n    gre: { mtu: ⟪1450 }" }), exit: 1, says: "error: gre.mtu 1450 cannot fit: …" },
  { id: "network-psk-short", wrong: "a pre-shared key that is too short", files: network({ la: "    private_cidr: 10.10.0.0/24\n    strongswan: { psk: !secret ⟪hunter2 }", sg: "    private_cidr: 10.20.0.0/24\n    strongswan: { psk: !secret ⟪hunter2 }" }), exit: 1, says: "error: strongswan.psk: a PSK has at least 32 bytes: `openssl rand -base64 32`, with 0s before it (host la-1)", never: ["hunter2"] },
  { id: "network-router-ids", wrong: "two gateways with the same number", files: network({ laId: "⟪1", sgId: "1" }), exit: 1, says: "error: la-1 and sg-1 both have the gateway id 1", hint: "the router id, the AS number and the inner addresses follow from it: each gateway needs its own" },
  { id: "network-vip-in-swarm", wrong: "an address that moves inside Swarm's pool", files: network({ keepalived: "vip: ⟪10.0.0.100", more: "swarm:\n  children: { la: , sg:  }\n" }), exit: 1, says: "error: 10.0.0.100 is inside Docker Swarm's address pool 10.0.0.0/8: …" },
  { id: "network-no-peer", wrong: "a gateway without a peer", args: ["run", "site.ts", "-i", "inv"], files: { ...network({}), "inv/hosts.yml": network({})["inv/hosts.yml"]?.replace("children: { la: , sg:  }", "children: { la:  }") ?? "" }, exit: 1, says: "error: …" },
];
