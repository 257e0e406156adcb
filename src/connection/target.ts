import { userInfo } from "node:os";
import type { Secret } from "../shell/index.ts";

/**
 * How a host is reached. The same shape as the inventory's ConnectionSettings, which this layer may not import; fields that
 * are optional here fall back to the ssh client configuration and then to ssh's defaults.
 */
export interface Connection {
  readonly kind: "ssh" | "local";
  readonly address: string;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly passphrase?: Secret | undefined;
  readonly password?: Secret | undefined;
  readonly agent: boolean;
  readonly jump?: readonly string[] | undefined;
  readonly knownHosts?: string | undefined;
  readonly hostKeyChecking?: HostKeyChecking | undefined;
  readonly config?: string | false | undefined;
  /** Seconds. Default 20. */
  readonly connectTimeout?: number | undefined;
  /** Seconds. Default 15; 0 turns keepalives off. */
  readonly keepalive?: number | undefined;
  /** Seconds that the connection stays open after its last use, for the next run. Default 0: it is closed with the session. */
  readonly keepOpen?: number | undefined;
}

export type HostKeyChecking = "strict" | "accept-new" | "off";

export interface Become {
  readonly method: "none" | "sudo" | "su" | "doas";
  readonly user: string;
  readonly password?: Secret | undefined;
}

/** One inventory host with everything that is needed to work on it. */
export interface Target {
  /** The inventory's name, used in errors. */
  readonly host: string;
  readonly connection: Connection;
  readonly become: Become;
}

/** The name of the user that hawser itself runs as. */
export function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A uid without a passwd entry, as in some containers.
    return process.env["USER"] ?? process.env["LOGNAME"] ?? "root";
  }
}
