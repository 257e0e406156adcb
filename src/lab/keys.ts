import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { hostPaths, labPaths } from "./paths.ts";
import { run } from "./run.ts";
import { sshEndpoint, type HostRecord } from "./state.ts";

/** Makes an ed25519 key pair unless it is there. @returns the public half, one line without its comment */
export async function ensureKey(path: string, comment: string): Promise<string> {
  if (!existsSync(path)) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path]);
  }
  return (await readFile(`${path}.pub`, "utf8")).trim().split(" ").slice(0, 2).join(" ");
}

/** One `known_hosts` line; a port other than 22 needs ssh's bracket form. */
export function knownHostsLine(name: string, ssh: { address: string; port: number }, publicKey: string): string {
  const where = ssh.port === 22 ? ssh.address : `[${ssh.address}]:${ssh.port}`;
  return `${name},${where} ${publicKey}\n`;
}

/** Writes the lab's known_hosts anew: hosts that are gone leave no key behind. */
export async function writeKnownHosts(lab: string, hosts: readonly HostRecord[]): Promise<void> {
  const lines = hosts.map(async (host) => {
    const publicKey = await ensureKey(hostPaths(lab, host.name).hostKey, host.name);
    return knownHostsLine(host.name, sshEndpoint(host), publicKey);
  });
  await writeFile(labPaths(lab).knownHosts, (await Promise.all(lines)).join(""), { mode: 0o600 });
}
