import type { Duplex } from "node:stream";
import type { Shell } from "zx/core";
import { HawserError } from "../errors/index.ts";

/** The host cannot be reached, its key is refused, or nobody may log in. Nothing was changed by this attempt. */
export class Unreachable extends HawserError {
  override readonly name = "Unreachable";
}

/** The connection broke while a command ran. Whether the command finished is not known until the host is asked again. */
export class ConnectionLost extends HawserError {
  override readonly name = "ConnectionLost";
}

/** Becoming another user failed: a wrong password, a missing one, or no permission. */
export class BecomeFailed extends HawserError {
  override readonly name = "BecomeFailed";
}

/** The host's shell ended before the script did: a script that closes its shell, or one that was cut and therefore never ran. */
export class ShellEnded extends HawserError {
  override readonly name = "ShellEnded";
}

export interface RequestOptions {
  /** The line that the script prints last, on both streams. The request is over when both have shown it. */
  readonly end: string;
  readonly onStdout: (chunk: Buffer) => void;
  readonly onStderr: (chunk: Buffer) => void;
  /** It holds no secret, so that it may stand in the command line that opens the shell, where the host's process list shows it. */
  readonly showable?: boolean;
  /** The host has gzip, so a long script may travel compressed. Default false. */
  readonly gzip?: boolean;
  /** Somebody looks on: a last line is handed out at once, and a newline before `end` may be handed out with it. Default false. */
  readonly live?: boolean;
  /** Gives up waiting: the promise rejects with the signal's reason and the session's shell is abandoned (the next request opens a new one). */
  readonly signal?: AbortSignal;
}

export interface UploadOptions {
  /** Bytes that are there from an upload of the same content that was cut. Default 0: a new file. */
  readonly from?: number;
  /** The host has gzip, so what shrinks may travel compressed. Default false. */
  readonly gzip?: boolean;
}

/**
 * One host, worked on as one user, through a shell that is kept open.
 *
 * The shell is POSIX sh with LC_ALL=C, umask 077, cwd `/` and sbin in PATH. It receives a script whole, compares its length,
 * and only then evaluates it; a script cut in the middle never runs. Before each script, and when the connection ends, it
 * evaluates the variable `hw_after` and empties it.
 */
export interface Session {
  readonly host: string;
  /** The user that scripts run as, after become. */
  readonly user: string;
  /**
   * Exchanges waited for since the connection stood: channel opens, scripts, uploads and become prompts. A script that came
   * along with the opening of its channel is no exchange of its own.
   */
  readonly requests: number;
  /** Sends one script and streams what it prints. Scripts of one session run one after the other. */
  request(script: string, options: RequestOptions): Promise<void>;
  /** Streams a local file or bytes to `path` on the host, mode 0600, over a channel of its own, binary safe. The parent folder must exist. */
  upload(content: Buffer | { readonly localFile: string }, path: string, options?: UploadOptions): Promise<void>;
  /** zx's `$`, bound to this host and user. */
  readonly $: Shell;
  /** A TCP connection that the host makes to `address`, as its own clients do. @throws ConnectionLost when it cannot */
  dial(address: string, port: number): Promise<Duplex>;
  /** Ends a process group on the host, for a command that outlived its time-out. */
  kill(processGroup: number, signal: "TERM" | "KILL"): Promise<void>;
  /** Connects anew after a loss or a reboot, trying until `withinSeconds` have passed. @throws Unreachable */
  reconnect(withinSeconds: number): Promise<void>;
  /** Resolves when the connection is gone. Never rejects. */
  close(): Promise<void>;
}

/** Opens sessions; the connection layer has one for ssh and one for the local machine. */
export interface Connector<Target> {
  open(target: Target): Promise<Session>;
  /** Closes what is left open, jump hosts included, and waits for what is being closed. */
  close(): Promise<void>;
  /** The same for a process that is about to end: what is not waited for may take one more round trip. */
  leave(): void;
}
