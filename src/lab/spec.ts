import { LabError } from "./error.ts";
import type { LabSpec } from "./types.ts";

const NAME = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** A lab's name ends up in a link's name (`hw-NAME`), and Linux allows those 15 characters. */
const LAB_NAME_MAX = 12;
/** A hostname label's limit, less the room nspawn needs for `LAB-` in the 64 characters of a machine name. */
const HOST_NAME_MAX = 50;
/** Links between the controller and its labs live here, so no region may. */
export const TRANSFER = "198.19.255";

/** Refuses a spec that cannot work, naming every fault at once. @throws LabError */
export function validateSpec(spec: LabSpec): void {
  const faults = [...labFaults(spec), ...spec.hosts.flatMap((host) => hostFaults(host)), ...clashes(spec)];
  if (faults.length > 0) throw new LabError(`the lab cannot be built: ${faults[0]}`, { evidence: faults.slice(1).join("\n") });
}

/** The first three octets of an address: the lab's regions are /24 networks. */
export function subnetOf(address: string): string {
  return address.split(".").slice(0, 3).join(".");
}

/** Refuses a name that could escape a path or a link's name. @throws LabError */
export function checkLabName(name: string): void {
  const fault = nameFault("lab", name, LAB_NAME_MAX);
  if (fault !== undefined) throw new LabError(fault);
}

function labFaults(spec: LabSpec): string[] {
  const rtt = spec.rttMs ?? 0;
  return [
    nameFault("lab", spec.name, LAB_NAME_MAX),
    spec.hosts.length === 0 ? "it has no hosts" : undefined,
    rtt >= 0 && rtt <= 2000 ? undefined : `rttMs is ${rtt}; it must be from 0 to 2000 ms`,
  ].filter((fault) => fault !== undefined);
}

function hostFaults({ name, address, region, image, privateAddress }: LabSpec["hosts"][number]): string[] {
  return [
    nameFault("host", name, HOST_NAME_MAX),
    nameFault("region", region, HOST_NAME_MAX),
    addressFault(name, address),
    privateAddress === undefined ? undefined : privateFault(name, privateAddress),
    image === "debian" || image === "el" ? undefined : `${name}: there is no image "${String(image)}", only debian and el`,
  ].filter((fault) => fault !== undefined);
}

function nameFault(what: string, name: string, max: number): string | undefined {
  if (!NAME.test(name)) return `${what} name "${name}" must be lower-case letters, digits and inner hyphens`;
  return name.length > max ? `${what} name "${name}" is longer than ${max} characters` : undefined;
}

/** The four numbers of an address, or undefined when it is none. */
function octetsOf(address: string): number[] | undefined {
  const octets = address.split(".").map((octet) => (/^(?:0|[1-9]\d{0,2})$/.test(octet) ? Number(octet) : Number.NaN));
  return octets.length === 4 && octets.every((octet) => octet <= 255) ? octets : undefined;
}

/** 198.18.0.0/15 is set aside for benchmarks by RFC 2544, so it collides with nobody's network. */
function addressFault(host: string, address: string): string | undefined {
  const octets = octetsOf(address);
  if (octets === undefined) return `${host}: "${address}" is not an IPv4 address`;
  const [a, b, , d] = octets;
  if (a !== 198 || (b !== 18 && b !== 19)) return `${host}: ${address} is outside 198.18.0.0/15`;
  if (subnetOf(address) === TRANSFER) return `${host}: ${TRANSFER}.0/24 is kept for the links to the controller`;
  if (d === 0 || d === 1 || d === 255) return `${host}: ${address} is the network, gateway or broadcast address of its region`;
  return undefined;
}

function privateFault(host: string, address: string): string | undefined {
  const octets = octetsOf(address);
  if (octets === undefined) return `${host}: "${address}" is not an IPv4 address`;
  const [a = 0, b = 0, , d] = octets;
  const isPrivate = a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168);
  if (!isPrivate) return `${host}: ${address} is not private; take one of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16`;
  if (d === 0 || d === 1 || d === 255) return `${host}: ${address} is the network, gateway or broadcast address of its region`;
  return undefined;
}

function clashes(spec: LabSpec): string[] {
  const publicly = spec.hosts.map(({ name, address, region }) => ({ name, address, region }));
  const privately = spec.hosts.flatMap(({ name, privateAddress, region }) => (privateAddress === undefined ? [] : [{ name, address: privateAddress, region }]));
  const names = spec.hosts.map(({ name }) => name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...[...twice].map((name) => `two hosts are named ${name}`), ...addressClashes(publicly), ...addressClashes(privately)];
}

/** An address belongs to one host, and a /24 to one region; a region has one /24. */
function addressClashes(hosts: readonly { readonly name: string; readonly address: string; readonly region: string }[]): string[] {
  const faults: string[] = [];
  const addresses = new Map<string, string>();
  const regionOf = new Map<string, string>();
  const subnets = new Map<string, string>();
  for (const { name, address, region } of hosts) {
    const subnet = subnetOf(address);
    const holder = addresses.get(address);
    if (holder !== undefined) faults.push(`${holder} and ${name} both have ${address}`);
    const other = regionOf.get(subnet) ?? region;
    if (other !== region) faults.push(`${subnet}.0/24 is used by the regions ${other} and ${region}`);
    const home = subnets.get(region) ?? subnet;
    if (home !== subnet) faults.push(`${name}: ${address} is not in ${home}.0/24, the subnet of region ${region}`);
    addresses.set(address, name);
    regionOf.set(subnet, other);
    subnets.set(region, home);
  }
  return faults;
}
