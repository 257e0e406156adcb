import { createHash } from "node:crypto";
import { HostKeyRefused } from "./errors.ts";
import { placeOf, type Hop } from "./hop.ts";
import { appendKnownHost } from "./known-hosts-append.ts";
import { readKnownHosts, recordedName, type KnownHost } from "./known-hosts.ts";
import { tilde } from "./paths.ts";

/** ssh2's own order of preference; the three rsa names are signatures with one kind of key (RFC 8332). */
const ALGORITHMS = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] as const;
export type HostKeyAlgorithm = (typeof ALGORITHMS)[number];

/** What is recorded of one host. */
export interface Recorded {
  readonly name: string;
  readonly keys: readonly KnownHost[];
  readonly revoked: readonly KnownHost[];
  readonly authorities: readonly KnownHost[];
  /** Recorded for the same name at port 22; ssh accepts such a key at another port as well. */
  readonly portless: readonly KnownHost[];
}

export async function recordedFor(hop: Hop): Promise<Recorded> {
  const known = await readKnownHosts(hop.knownHosts);
  const name = recordedName(hop.keyName, hop.keyPort);
  const bare = recordedName(hop.keyName, 22);
  const own = known.of(name);
  const portless = name === bare ? [] : known.of(bare);
  const marked = (entries: readonly KnownHost[], marker: KnownHost["marker"]): KnownHost[] => entries.filter((entry) => entry.marker === marker);
  const both = (marker: KnownHost["marker"]): KnownHost[] => [...marked(own, marker), ...marked(portless, marker)];
  return { name, keys: marked(own, "none"), revoked: both("revoked"), authorities: both("cert-authority"), portless: marked(portless, "none") };
}

/** Asks for the kinds of key that are recorded first, or a host known by rsa would show its unknown ed25519 key. */
export function preferred(recorded: Recorded): HostKeyAlgorithm[] {
  const types = new Set((recorded.keys.length > 0 ? recorded.keys : recorded.portless).map((entry) => entry.type));
  const known = ALGORITHMS.filter((name) => types.has(name.startsWith("rsa-sha2-") ? "ssh-rsa" : name));
  return [...known, ...ALGORITHMS.filter((name) => !known.includes(name))];
}

export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** The key's type, the first string of its blob (RFC 4253, 6.6). */
export function keyType(blob: Buffer): string {
  return blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("latin1");
}

/**
 * Decides on the key that a host shows, and records a new one where that is wanted.
 * @throws HostKeyRefused, UsageError when it cannot be recorded
 */
export async function checkHostKey(hop: Hop, recorded: Recorded, blob: Buffer): Promise<void> {
  if (hop.hostKeyChecking === "off") return;
  const same = (entry: KnownHost): boolean => entry.blob.equals(blob);
  const revoked = recorded.revoked.find(same);
  if (revoked) throw refuse(hop, blob, `shows a key that ${at(revoked)} marks as @revoked`, "do not connect: whoever holds that key may be somebody else");
  if (recorded.keys.some(same) || (recorded.keys.length === 0 && recorded.portless.some(same))) return;
  const old = recorded.keys.find((entry) => entry.type === keyType(blob)) ?? recorded.keys[0];
  if (old) {
    const remove = `ssh-keygen -f ${tilde(old.file)} -R '${recorded.name}'`;
    throw refuse(hop, blob, `shows another host key than the one recorded at ${at(old)} (${old.type} ${fingerprint(old.blob)})`, `either the host was reinstalled or somebody is in between; if you know that it is new: ${remove}`);
  }
  const authority = recorded.authorities[0];
  if (authority) {
    throw refuse(hop, blob, `is known only by the @cert-authority line at ${at(authority)}, and host certificates are not supported`, "add the host's plain key to known_hosts");
  }
  if (hop.hostKeyChecking === "accept-new") return await record(hop, recorded, blob);
  const file = hop.newHosts;
  const scan = `ssh-keyscan -t ${keyType(blob).replace("ssh-", "")} ${hop.port === 22 ? "" : `-p ${hop.port} `}${hop.address}`;
  throw refuse(hop, blob, `is not in ${hop.knownHosts.map(tilde).join(", ") || "any known_hosts file"}`, `compare the fingerprint with the host's own, then \`${scan} >> ${file === undefined ? "~/.ssh/known_hosts" : tilde(file)}\`, or set \`ssh: { host_key_checking: accept-new }\``);
}

async function record(hop: Hop, recorded: Recorded, blob: Buffer): Promise<void> {
  const file = hop.newHosts;
  if (file === undefined) throw refuse(hop, blob, "is new, and there is no known_hosts file to record it in", "set `ssh: { known_hosts }`");
  let now = recorded;
  await appendKnownHost(file, `${recorded.name} ${keyType(blob)} ${blob.toString("base64")}`, async () => {
    now = await recordedFor(hop);
    return now.keys.length > 0;
  });
  // Somebody recorded a key while we waited for the lock: it decides.
  if (now.keys.length > 0) await checkHostKey({ ...hop, hostKeyChecking: "strict" }, now, blob);
}

function at(entry: KnownHost): string {
  return `${tilde(entry.file)}:${entry.line}`;
}

function refuse(hop: Hop, blob: Buffer, what: string, hint: string): HostKeyRefused {
  return new HostKeyRefused(`${hop.label}: ${placeOf(hop)} ${what}; it shows ${keyType(blob)} ${fingerprint(blob)}`, { host: hop.label, hint });
}
