import type { Duplex, Writable } from "node:stream";
import type { Slots } from "./slots.ts";

/** How a command ended. `lost` says why no exit status came; the command may or may not have finished. */
export type Exit = { readonly code: number | null; readonly signal: string | null; readonly lost?: undefined } | { readonly lost: string };

/** One running command. Its output goes to the callbacks given when it was opened. */
export interface Channel {
  readonly stdin: Writable;
  /** Resolves when the command has ended and all of its output was delivered. Never rejects. */
  readonly closed: Promise<Exit>;
  /** Lets go of the command without waiting for it. */
  destroy(): void;
}

export interface ChannelEvents {
  readonly onStdout: (chunk: Buffer) => void;
  readonly onStderr: (chunk: Buffer) => void;
}

/** A way to run commands on one machine as one login user: an ssh connection, or this machine itself. */
export interface Transport {
  /** For messages, such as `root@10.0.0.1:22`. */
  readonly place: string;
  /** The login user. */
  readonly user: string;
  readonly slots: Slots;
  /** Whether an idle shell ends by itself, and cleanly, when the transport is closed, without being waited for. */
  readonly hangsUp: boolean;
  /** Why the connection is gone, once it is. */
  readonly lost: string | undefined;
  /**
   * Runs a command line under the login shell, on a terminal when `tty` is set (stdout and stderr are then one stream).
   * @throws ConnectionLost
   */
  open(command: string, events: ChannelEvents, options?: { readonly tty?: boolean }): Promise<Channel>;
  /** A TCP connection made from the machine; rejects when it is refused. Missing where connections are another process's. */
  forward?(address: string, port: number): Promise<Duplex>;
  /** Resolves when the connection is gone. Never rejects. */
  close(): Promise<void>;
  /** Closes, and does not keep the process alive for the other side's last packet. Where it is missing, closing is waited for. */
  leave?(): void;
}
