import { subnetOf } from "./spec.ts";

/**
 * Names of kernel objects. All of them carry the lab's name or live in a namespace that does, so labs stand side by
 * side and taking one down finds exactly its own, even with no state file left.
 */

/** The lab's own network namespace: its router between the regions and to the controller. */
export const labNamespace = (lab: string): string => `hawser.${lab}`;
/** Lab and host names hold no dot, so this is unambiguous. */
export const hostNamespace = (lab: string, host: string): string => `hawser.${lab}.${host}`;
/** The controller's end of its link to the lab. The other end, in the lab's namespace, is `UPLINK`. */
export const CONTROLLER_LINK_PREFIX = "hw-";
export const controllerLink = (lab: string): string => `${CONTROLLER_LINK_PREFIX}${lab}`;
export const UPLINK = "up0";
/** In the lab's namespace: the region's bridge and the host's end of the wire, named by address (15 characters at most). */
export const bridgeOf = (address: string): string => `br-${subnetOf(address).split(".").slice(1).join("-")}`;
export const wireOf = (address: string): string => `v-${address.split(".").slice(1).join("-")}`;

/** The controller's address for all labs, on `lo`: the package cache listens there, and images can name it for good. */
export const CACHE_ADDRESS = "198.19.255.254";
/** Not 3142: there the apt-cacher-ng that Debian starts on installing the package may listen. */
export const CACHE_PORT = 3144;

/** A locally administered MAC that follows from the address, so a reboot brings the same one back. */
export function macOf(kind: "host" | "wire" | "bridge", address: string): string {
  const prefix = { host: "02", wire: "06", bridge: "0a" }[kind];
  return [prefix, "68", ...address.split(".").map((octet) => Number(octet).toString(16).padStart(2, "0"))].join(":");
}
