import { Unreachable } from "./errors.ts";
import { placeOf, type Hop } from "./hop.ts";

interface Failure extends Error {
  readonly code?: string | number;
  readonly level?: string;
  readonly reason?: string | number;
}

/** RFC 4254, 5.1: what a jump host may answer to a request for a forwarded connection. */
const PROHIBITED = 1;
const CONNECT_FAILED = 2;

/** An error about a connection that did not come to stand, with its cause in words and something to try. */
export function connectFailure(hop: Hop, error: unknown, via: string | undefined, authTried: string): Unreachable {
  const failure = (Array.isArray((error as AggregateError | undefined)?.errors) ? ((error as AggregateError).errors[0] as unknown) : error) as Failure | undefined;
  const { what, hint } = explain(hop, failure, via, authTried);
  return new Unreachable(`${hop.label}: ${what}`, { host: hop.label, hint, cause: error });
}

function explain(hop: Hop, failure: Failure | undefined, via: string | undefined, authTried: string): { what: string; hint: string } {
  const place = placeOf(hop);
  const path = via === undefined ? place : `${place} through ${via}`;
  const message = failure?.message ?? "closed without a word";
  const fromHere = via === undefined ? "from here" : `from ${via}`;
  switch (failure?.code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_FAIL":
    case "ENODATA":
      return { what: `${place}: the name ${hop.address} is not known here (${failure.code})`, hint: "check `ssh: { address }` in the inventory, or the name server" };
    case "ECONNREFUSED":
      return { what: `${path} refuses the connection`, hint: "check the port, and that sshd runs there" };
    case "ETIMEDOUT":
      return timedOut(hop, path, fromHere);
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EADDRNOTAVAIL":
      return { what: `no route to ${path} (${failure.code})`, hint: "check the address, the network and the VPN" };
    default:
  }
  if (failure?.reason === PROHIBITED) return { what: `${via} does not allow a connection to ${hop.address}:${hop.port}`, hint: "AllowTcpForwarding and PermitOpen in the jump host's sshd_config decide on that" };
  if (failure?.reason === CONNECT_FAILED) return { what: `${via} cannot connect to ${hop.address}:${hop.port}: ${message.replace(/^.*failure: /, "")}`, hint: "check the address and the port as seen from the jump host" };
  if (failure?.level === "client-timeout") return timedOut(hop, path, fromHere);
  if (failure?.level === "client-authentication" || /too many authentication failures/i.test(message)) {
    const many = /too many/i.test(message) ? " (too many attempts)" : "";
    if (many && authTried.includes("agent (")) return { what: `${path} lets ${hop.user} not in${many}: ${authTried}`, hint: "name the right key as `ssh: { key }` in the inventory, so that it is offered before the agent's others" };
    if (/passphrase/.test(authTried)) return { what: `${path} lets ${hop.user} not in${many}: ${authTried}`, hint: "check `ssh: { passphrase }`, or add the key to an ssh agent" };
    return { what: `${path} lets ${hop.user} not in${many}: ${authTried}`, hint: `check \`ssh: { user, key, password }\`, or add the public key to ~${hop.user}/.ssh/authorized_keys on the host` };
  }
  if (/no matching/i.test(message)) return { what: `${path} and hawser share no algorithm: ${message}`, hint: "the host's sshd is too old or restricted too far: widen its KexAlgorithms, Ciphers, MACs or HostKeyAlgorithms" };
  if (/before handshake|ident|protocol version/i.test(message)) return { what: `${path} does not speak ssh, or hung up before it said a word`, hint: "check the port; an sshd under load refuses beyond MaxStartups" };
  return { what: `${path}: ${message}`, hint: "try `ssh -v` to the same address" };
}

function timedOut(hop: Hop, path: string, fromHere: string): { what: string; hint: string } {
  return { what: `no answer from ${path} within ${hop.connectTimeout} s`, hint: `check that the host is up and that no firewall ${fromHere} drops port ${hop.port}; a slow host needs a higher \`ssh: { connect_timeout }\`` };
}
