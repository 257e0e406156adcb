import { readFileSync } from "node:fs";
import type { Row } from "./row.ts";

const PLAYBOOK = readFileSync(new URL("../../../playbooks/network.ts", import.meta.url), "utf8");

/** What a row says of the network; the rest is right. */
interface Network {
  readonly vip?: string;
  /** Children of the group gateways. */
  readonly gateways?: string;
  /** A further group. */
  readonly group?: string;
  readonly laRegion?: string;
  readonly laId?: string;
  readonly laCidr?: string;
  readonly sgCidr?: string;
  /** Further vars of a region, a line each. */
  readonly la?: readonly string[];
  readonly sg?: readonly string[];
}

interface Gateway {
  readonly name: string;
  readonly region: string;
  readonly id: string;
  readonly cidr: string;
  readonly port: string;
  readonly vars: readonly string[];
}

const gateway = ({ name, region, id, cidr, port, vars }: Gateway): string => `${name}:
  vars:
    region: ${region}
    private_cidr: ${cidr}
${vars.map((line) => `    ${line}\n`).join("")}  hosts:
    ${name}-1:
      ssh: { port: {${port}} }
      public_address: 203.0.113.${port.at(-1)}
      private_address: 10.${port.at(-1)}0.0.11
      gateway: { id: ${id} }
`;

/** The shipped playbook of the network, as an operator copies it, with two gateways at addresses where the test listens. */
const network = ({ vip = "10.99.0.100", gateways = "{ la: , sg:  }", group = "", laRegion = "la", laId = "1", laCidr = "10.10.0.0/24", sgCidr = "10.20.0.0/24", la = [], sg = [] }: Network): Readonly<Record<string, string>> => ({
  "site.ts": PLAYBOOK,
  "inv/hosts.yml": `all:
  vars:
    ssh: { address: 127.0.0.1, config: false, agent: false }
    keepalived: { vip: ${vip} }
  children:
    gateways: { children: ${gateways} }
    quorum: { children: { la: , sg:  } }
${group}${gateway({ name: "la", region: laRegion, id: laId, cidr: laCidr, port: "PORT1", vars: la })}${gateway({ name: "sg", region: "sg", id: "2", cidr: sgCidr, port: "PORT2", vars: sg })}`,
});

const SHORT_PSK = ["strongswan: { psk: !secret ⟪hunter2 }"];

export const networks: readonly Row[] = [
  { id: "network-cidrs-overlap", wrong: "regions whose networks overlap", files: network({ laCidr: "⟪10.10.0.0/24", sgCidr: "10.0.0.0/8" }), exit: 1, says: "error: 10.10.0.0/24 behind la-1 (la) overlaps with 10.0.0.0/8 behind sg-1 (sg)", hint: "regions that are joined need networks of their own" },
  { id: "network-mtu", wrong: "a tunnel's MTU that cannot fit", files: network({ la: ["gre: { mtu: ⟪1450 }"] }), exit: 1, says: "error: gre.mtu 1450 cannot fit: …" },
  { id: "network-psk-short", wrong: "a pre-shared key that is too short", files: network({ la: SHORT_PSK, sg: SHORT_PSK }), exit: 1, says: "error: strongswan.psk: a PSK has at least 32 bytes: `openssl rand -base64 32`, with 0s before it (host la-1)", never: ["hunter2"] },
  { id: "network-router-ids", wrong: "two gateways with the same number", files: network({ laId: "⟪2" }), exit: 1, says: "error: la-1 and sg-1 both have the gateway id 2", hint: "the router id, the AS number and the inner addresses follow from it: each gateway needs its own" },
  { id: "network-vip-in-swarm", wrong: "an address that moves inside Swarm's pool", files: network({ vip: "⟪10.0.0.100", group: "swarm: { vars: { swarm: { default_addr_pool: 10.0.0.0/8 } }, children: { la: , sg:  } }\n" }), exit: 1, says: "error: 10.0.0.100 is inside Docker Swarm's address pool 10.0.0.0/8: …" },
  { id: "network-no-peer", wrong: "a gateway without a peer", files: network({ gateways: "{ la:  }", laRegion: "⟪la" }), exit: 1, says: "error: la-1 has no gateway of another region to join", hint: "a tunnel has two ends: put the other region's gateway into the play's group" },
];
