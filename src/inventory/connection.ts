import type { Secret } from "../shell/index.ts";

/** How a host's key is checked: `strict` refuses an unknown one, `accept-new` records it; a changed key is refused by both. */
export type HostKeyChecking = "strict" | "accept-new" | "off";

/** How a host is reached; the defaults are ssh's own. */
export interface ConnectionSettings {
  readonly kind: "ssh" | "local";
  /** Name or address to connect to. Default: the host's name. */
  readonly address: string;
  /** Default 22, or what ~/.ssh/config says. */
  readonly port?: number;
  /** Default: what ~/.ssh/config says, else the local user. */
  readonly user?: string;
  /** Private key files, tried in order after the agent. Default: what ~/.ssh/config says, else ~/.ssh/id_ed25519, id_ecdsa, id_rsa. */
  readonly keys?: readonly string[];
  /** For encrypted private keys. */
  readonly passphrase?: Secret;
  /** For password authentication. */
  readonly password?: Secret;
  /** Use the agent at SSH_AUTH_SOCK. Default true. */
  readonly agent: boolean;
  /** Jump hosts from the controller outwards: `user@host:port`, or the name of an inventory host. Default: ProxyJump of ~/.ssh/config. */
  readonly jump?: readonly string[];
  /** Default ~/.ssh/known_hosts. */
  readonly knownHosts?: string;
  /** Default `strict`. */
  readonly hostKeyChecking: HostKeyChecking;
  /** The ssh client configuration to read, or false for none. Default ~/.ssh/config. */
  readonly config?: string | false;
  /** Seconds until an unfinished connect fails. Default 20. */
  readonly connectTimeout: number;
  /** Seconds between keepalives; three unanswered end the connection. Default 15; 0 turns them off. */
  readonly keepalive: number;
  /** Seconds that the connection stays open after its last use, for the next run. Default 0: it is closed with the run. */
  readonly keepOpen?: number;
}

/** How a session becomes another user. */
export interface BecomeSettings {
  /** `none` works as the login user. Default `none` when the login user is root, else `sudo`. */
  readonly method: "none" | "sudo" | "su" | "doas";
  /** Default root. */
  readonly user: string;
  readonly password?: Secret;
  /** Present when the inventory names no method: a session that is root already (~/.ssh/config may name the login user) then needs none. */
  readonly assumed?: true;
}
