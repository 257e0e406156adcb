import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ensureKey } from "./keys.ts";
import { hostPaths, labPaths } from "./paths.ts";
import type { LabHost } from "./types.ts";

/** A file that makes a host itself. */
export interface HostFile {
  /** Below the root, without a leading slash. */
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** A host's name, keys and the lab's names; the machine id comes last, so where it is there the rest is too. */
export async function hostFiles(lab: string, host: LabHost, all: readonly LabHost[]): Promise<HostFile[]> {
  const { hostKey } = hostPaths(lab, host.name);
  await ensureKey(hostKey, host.name);
  return [
    { path: "etc/hostname", text: `${host.name}\n`, mode: 0o644 },
    { path: "etc/hosts", text: hostsFile(host, all), mode: 0o644 },
    { path: "etc/ssh/ssh_host_ed25519_key", text: await readFile(hostKey, "utf8"), mode: 0o600 },
    { path: "etc/ssh/ssh_host_ed25519_key.pub", text: await readFile(`${hostKey}.pub`, "utf8"), mode: 0o644 },
    { path: "root/.ssh/authorized_keys", text: await readFile(`${labPaths(lab).key}.pub`, "utf8"), mode: 0o600 },
    { path: "etc/machine-id", text: `${randomUUID().replaceAll("-", "")}\n`, mode: 0o444 },
  ];
}

/** Hosts know each other by name from their first boot: within a region by the address that a host itself has. */
export function hostsFile(host: LabHost, all: readonly LabHost[]): string {
  const names = new Map(all.map((other) => [other.name, other.region === host.region ? ownAddress(other) : other.address]));
  return ["127.0.0.1 localhost", "::1 localhost ip6-localhost", ...[...names].map(([name, address]) => `${address} ${name}`), ""].join("\n");
}

/** The address that the host's network card has. */
export const ownAddress = ({ address, privateAddress }: LabHost): string => privateAddress ?? address;
