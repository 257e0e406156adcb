import { existsSync } from "node:fs";
import { LabError } from "./error.ts";
import { withLock } from "./lock.ts";
import { bridgeOf, CACHE_ADDRESS, CONTROLLER_LINK_PREFIX, controllerLink, labNamespace, macOf, UPLINK } from "./names.ts";
import { nattedHosts, routerRules } from "./router.ts";
import { ipBatch, run } from "./run.ts";
import { subnetOf } from "./spec.ts";
import type { LabHost } from "./types.ts";

interface IpLink {
  readonly ifname: string;
  readonly addr_info?: readonly { readonly family: string; readonly local: string }[];
}
interface IpRoute {
  readonly dst: string;
  readonly dev?: string;
}

/** What `ip` says as JSON. Older versions print nothing at all for an empty list. */
export async function ipJson<T>(...args: string[]): Promise<T[]> {
  return JSON.parse((await run(["ip", "-j", ...args])) || "[]") as T[];
}

/** Held while anything that labs share on the controller is looked at and changed. */
export const NETWORK_LOCK = "network";
export const namespaceFile = (namespace: string): string => `/run/netns/${namespace}`;

/**
 * The lab's namespace is a router: a bridge for each region, and a link to the controller. It has no default route,
 * so nothing leaves the lab but to the controller itself.
 *
 * Idempotent; the remains of a half-made network are replaced.
 * @throws LabError when a region's subnet is routed elsewhere, as for another lab
 */
export async function ensureNetwork(lab: string, hosts: readonly LabHost[]): Promise<void> {
  const gateways = [...new Set(hosts.map(({ address }) => `${subnetOf(address)}.1`))];
  await withLock(NETWORK_LOCK, async () => {
    await refuseTakenSubnets(lab, gateways);
    const peer = (await uplinkPeer(lab)) ?? (await createNamespace(lab));
    const present = await ipJson<IpLink>("-n", labNamespace(lab), "link", "show");
    const missing = gateways.filter((gateway) => !present.some(({ ifname }) => ifname === bridgeOf(gateway)));
    await ipBatch(labNamespace(lab), missing.flatMap((gateway) => bridgeCommands(gateway)));
    await ipBatch(labNamespace(lab), natCommands(hosts));
    await run(["nsenter", `--net=${namespaceFile(labNamespace(lab))}`, "nft", "-f", "-"], { input: routerRules(hosts) });
    await ipBatch(undefined, gateways.map((gateway) => `route replace ${subnetOf(gateway)}.0/24 via ${peer} dev ${controllerLink(lab)}`));
  });
}

/** Deleting a namespace takes all links in it along, and the controller's end of the lab's link with its peer. */
export async function destroyNamespace(namespace: string): Promise<void> {
  if (existsSync(namespaceFile(namespace))) await run(["ip", "netns", "delete", namespace]);
}

/** Removes the lab's namespace and its link; the link first, since the kernel empties a namespace only later. */
export async function destroyNetwork(lab: string): Promise<void> {
  const links = await ipJson<IpLink>("link", "show");
  if (links.some(({ ifname }) => ifname === controllerLink(lab))) await run(["ip", "link", "delete", controllerLink(lab)]);
  await destroyNamespace(labNamespace(lab));
}

/** The labs of this machine that have a network, by name. */
export async function labsWithNetwork(): Promise<string[]> {
  const names = (await ipJson<IpLink>("link", "show")).map(({ ifname }) => ifname);
  return names.filter((name) => name.startsWith(CONTROLLER_LINK_PREFIX)).map((name) => name.slice(CONTROLLER_LINK_PREFIX.length));
}

/** The address at the lab's end of the link, or nothing unless the network was finished (the controller's address comes last). */
async function uplinkPeer(lab: string): Promise<string | undefined> {
  if (!existsSync(namespaceFile(labNamespace(lab)))) return undefined;
  const link = (await ipJson<IpLink>("addr", "show")).find(({ ifname }) => ifname === controllerLink(lab));
  const local = link?.addr_info?.find(({ family }) => family === "inet")?.local;
  return local === undefined ? undefined : otherEnd(local);
}

async function createNamespace(lab: string): Promise<string> {
  await destroyNetwork(lab);
  const namespace = labNamespace(lab);
  const here = await freeTransferAddress();
  await run(["ip", "netns", "add", namespace]);
  // Forwarding is the router's job; a strict reverse-path filter would drop what comes back through the delay line.
  // Between two hosts behind NAT in one region it forwards to where the packet came from, and must not tell them to do without it.
  const filters = ["rp_filter", "send_redirects"].flatMap((name) => ["all", "default"].map((which) => `net.ipv4.conf.${which}.${name}=0`));
  // What stays within a bridge is no business of the router's rules.
  const bridged = existsSync("/proc/sys/net/bridge") ? ["net.bridge.bridge-nf-call-iptables=0"] : [];
  const sysctls = ["net.ipv4.ip_forward=1", ...filters, ...bridged];
  await run(["nsenter", `--net=${namespaceFile(namespace)}`, "sysctl", "-qw", ...sysctls]);
  await ipBatch(undefined, [`link add ${controllerLink(lab)} type veth peer name ${UPLINK} netns ${namespace}`]);
  await ipBatch(namespace, [
    "link set lo up",
    `addr add ${otherEnd(here)}/31 dev ${UPLINK}`,
    `link set ${UPLINK} up`,
    `route add ${CACHE_ADDRESS}/32 via ${here} dev ${UPLINK}`,
  ]);
  await ipBatch(undefined, [`link set ${controllerLink(lab)} up`, `addr add ${here}/31 dev ${controllerLink(lab)}`]);
  return otherEnd(here);
}

function bridgeCommands(gateway: string): string[] {
  const bridge = bridgeOf(gateway);
  return [
    `link add ${bridge} address ${macOf("bridge", gateway)} type bridge`,
    `addr add ${gateway}/24 dev ${bridge}`,
    `link set ${bridge} up`,
  ];
}

/**
 * The private gateways, and for each public address that no card has: an answer to ARP, which the kernel gives only where the
 * address is routed to another link. No packet ever takes that route, as they are all rewritten before.
 */
function natCommands(hosts: readonly LabHost[]): string[] {
  const natted = nattedHosts(hosts);
  const gateways = new Set(natted.map(({ bridge, inside }) => `addr replace ${subnetOf(inside)}.1/24 dev ${bridge}`));
  return [...gateways, ...natted.flatMap(({ bridge, outside }) => [`route replace ${outside}/32 dev lo`, `neigh replace proxy ${outside} dev ${bridge}`])];
}

async function refuseTakenSubnets(lab: string, gateways: readonly string[]): Promise<void> {
  const routes = await ipJson<IpRoute>("route", "show");
  for (const gateway of gateways) {
    const taken = routes.find(({ dst, dev }) => dst === `${subnetOf(gateway)}.0/24` && dev !== controllerLink(lab));
    if (taken === undefined) continue;
    const owner = taken.dev?.startsWith(CONTROLLER_LINK_PREFIX) === true ? `lab "${taken.dev.slice(CONTROLLER_LINK_PREFIX.length)}"` : `link ${taken.dev ?? "unknown"}`;
    throw new LabError(`${taken.dst} is already in use by ${owner}`, { hint: "take that lab down, or give this one other subnets" });
  }
}

/** Links get a /31 each from 198.19.255.0/24; the last pair holds the cache's address. */
async function freeTransferAddress(): Promise<string> {
  const links = await ipJson<IpLink>("addr", "show");
  const used = new Set(links.flatMap(({ addr_info = [] }) => addr_info.map(({ local }) => local)));
  for (let last = 0; last < 254; last += 2) if (!used.has(`198.19.255.${last}`)) return `198.19.255.${last}`;
  throw new LabError("127 labs are up; there is no address left for another link");
}

function otherEnd(address: string): string {
  const last = Number(address.split(".")[3]);
  return `${subnetOf(address)}.${last ^ 1}`;
}
