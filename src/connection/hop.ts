import type { Secret } from "../shell/index.ts";
import type { HostKeyChecking } from "./target.ts";

export interface KeyFile {
  readonly path: string;
  /** Asked for by name in the inventory: then it must exist and be usable. */
  readonly required: boolean;
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
  /** Offer only those agent keys that a key file names. */
  readonly identitiesOnly: boolean;
  /** The agent's socket. */
  readonly agent: string | undefined;
  readonly passphrase: Secret | undefined;
  readonly password: Secret | undefined;
  readonly knownHosts: readonly string[];
  readonly hostKeyChecking: HostKeyChecking;
  /** Seconds. */
  readonly connectTimeout: number;
  /** Seconds; 0 for none. */
  readonly keepalive: number;
}

export function placeOf(hop: Pick<Hop, "user" | "address" | "port">): string {
  return `${hop.user}@${hop.address.includes(":") ? `[${hop.address}]` : hop.address}:${hop.port}`;
}
