import type { Secret } from "../shell/index.ts";
import type { HostKeyChecking } from "./target.ts";

export interface KeyFile {
  readonly path: string;
  /** Who names it. The inventory's must exist and be usable; the default ones are tried when nobody names any. */
  readonly from: "inventory" | "config" | "default";
}

/** One ssh connection to make, with every setting resolved. */
export interface Hop {
  /** The host that this is done for, or the jump host's own name; for messages. */
  readonly label: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** The name that its key is recorded under: HostKeyAlias, else the address. */
  readonly keyName: string;
  /** HostKeyAlias names carry no port. */
  readonly keyPort: number;
  readonly keys: readonly KeyFile[];
  /** Named by the ssh configuration, and not supported; for messages. */
  readonly certificates: readonly string[];
  /** Offer only those agent keys that a key file names. */
  readonly identitiesOnly: boolean;
  /** The agent's socket. */
  readonly agent: string | undefined;
  /** What messages call it. */
  readonly agentName: string | undefined;
  readonly passphrase: Secret | undefined;
  readonly password: Secret | undefined;
  readonly knownHosts: readonly string[];
  /** The one of them that new keys are recorded in. */
  readonly newHosts: string | undefined;
  readonly hostKeyChecking: HostKeyChecking;
  /** Seconds. */
  readonly connectTimeout: number;
  /** Seconds; 0 for none. */
  readonly keepalive: number;
  /** For a hop that is reached from here: only IPv4 or only IPv6, and the local address. */
  readonly family: 4 | 6 | undefined;
  readonly bindAddress: string | undefined;
}

export function placeOf(hop: Pick<Hop, "user" | "address" | "port">): string {
  return `${hop.user}@${hop.address.includes(":") ? `[${hop.address}]` : hop.address}:${hop.port}`;
}
