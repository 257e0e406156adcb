import { HawserError, UsageError, type ErrorDetails } from "../../errors/index.ts";
import { Secret } from "../../shell/index.ts";
import { ConnectionLost, HostKeyRefused, Unreachable } from "../errors.ts";
import type { Hop } from "../hop.ts";
import type { Exit } from "../transport.ts";

/** A hop as it travels, its secrets in the clear: the socket belongs to the user alone. */
export type WireHop = Omit<Hop, "password" | "passphrase"> & { readonly password?: string | undefined; readonly passphrase?: string | undefined };

/** The first message on every connection to the keeper. */
export type Ask =
  | { readonly ask: "lease"; readonly chain: readonly WireHop[]; readonly keepOpen: number; readonly again: boolean }
  | { readonly ask: "open"; readonly lease: string; readonly command: string; readonly tty: boolean }
  | { readonly ask: "list" }
  | { readonly ask: "close"; readonly hosts: readonly string[] };

/** What the keeper says. `seen` comes first and at once, so that one that hangs is told from one that works. */
export type Tell =
  | { readonly tell: "seen" }
  | { readonly tell: "leased"; readonly lease: string; readonly place: string; readonly user: string }
  | { readonly tell: "opened" }
  | { readonly tell: "failed"; readonly error: WireError }
  | { readonly tell: "lost"; readonly why: string }
  | { readonly tell: "exit"; readonly exit: Exit }
  | { readonly tell: "list"; readonly connections: readonly KeptConnection[] };

/** One connection that is kept open, as `hawser connections list` shows it. */
export interface KeptConnection {
  /** The inventory's name. */
  readonly host: string;
  /** Address and port. */
  readonly address: string;
  readonly user: string;
  /** Seconds since its last use; undefined while a run uses it. */
  readonly idle?: number | undefined;
  /** Seconds until it is closed; undefined while a run uses it. */
  readonly closesIn?: number | undefined;
}

export interface WireError {
  readonly type: string;
  readonly message: string;
  readonly details: Omit<ErrorDetails, "cause">;
  readonly cause?: Record<string, unknown> | undefined;
}

export function toWire(chain: readonly Hop[]): WireHop[] {
  return chain.map((hop) => ({ ...hop, password: hop.password?.reveal(), passphrase: hop.passphrase?.reveal() }));
}

export function fromWire(chain: readonly WireHop[]): Hop[] {
  return chain.map(({ password, passphrase, ...hop }) => ({ ...hop, password: password === undefined ? undefined : new Secret(password), passphrase: passphrase === undefined ? undefined : new Secret(passphrase) }));
}

/** What connecting may throw, the narrowest first. */
const TYPES = { HostKeyRefused, Unreachable, ConnectionLost, UsageError, HawserError } as const;
const CAUSE_DETAILS = ["message", "code", "level", "reason"] as const;

export function errorToWire(error: unknown): WireError {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  const type = Object.entries(TYPES).find(([, type]) => error instanceof type)?.[0] ?? "Error";
  const { hint, source, host, resource, stderr } = error instanceof HawserError ? error : ({} as Partial<HawserError>);
  const details = { ...(hint !== undefined && { hint }), ...(source && { source }), ...(host !== undefined && { host }), ...(resource !== undefined && { resource }), ...(stderr !== undefined && { stderr }) };
  return { type, message, details, ...(cause instanceof Error && { cause: Object.fromEntries(CAUSE_DETAILS.map((key) => [key, (cause as unknown as Record<string, unknown>)[key]])) }) };
}

export function errorFromWire({ type, message, details, cause }: WireError): Error {
  const Type = TYPES[type as keyof typeof TYPES] as (typeof TYPES)[keyof typeof TYPES] | undefined;
  const original = cause && Object.assign(new Error(String(cause["message"])), cause);
  return Type ? new Type(message, { ...details, ...(original && { cause: original }) }) : new Error(message);
}
