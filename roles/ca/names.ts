import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";

const LABELS = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;
/** Without what means something in an OpenSSL configuration. */
const URI = /^[a-z][a-z0-9+.-]*:\/\/[\w.~:/?&%+-]+$/i;

/** Why a certificate cannot have this name, if so. @param name `DNS:…`, `IP:…` or `URI:…` */
export function wrongName(name: string): string | undefined {
  const [, kind, value = ""] = /^(DNS|IP|URI):(.*)$/.exec(name) ?? [];
  if (kind === "DNS") return LABELS.test(value) && value.length <= 253 && isIP(value) === 0 ? undefined : `${value} is no DNS name${isIP(value) === 0 ? "" : `: write IP:${value}`}`;
  if (kind === "IP") return isIP(value) === 0 ? `${value} is no IP address` : undefined;
  if (kind === "URI") return URI.test(value) ? undefined : `${value} is no URI`;
  return `${name} says not what it is: DNS:${name}, IP:… or URI:…`;
}

/** Why a CA cannot be held to this, if so. @param range `DNS:…` for a domain and all below it, or `IP:…/…` */
export function wrongRange(range: string): string | undefined {
  const [, kind, value = ""] = /^(DNS|IP):(.*)$/.exec(range) ?? [];
  if (kind === "DNS") return value.startsWith("*") ? `${value}: a domain stands for all names below it, without *` : wrongName(range);
  if (kind !== "IP") return `${range} is neither DNS:DOMAIN nor IP:ADDRESS/BITS`;
  const [address = "", bits = ""] = value.split("/");
  const most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  return /^\d+$/.test(bits) && Number(bits) <= most ? undefined : `${value} is no network: write IP:10.0.0.0/8`;
}

/** Whether ranges that a CA is held to let a name be. Kinds of names of which there is no range are free, as in RFC 5280. */
export function permits(ranges: readonly string[], name: string): boolean {
  const [kind = ""] = name.split(":", 1);
  const value = name.slice(kind.length + 1);
  const own = ranges.filter((range) => range.startsWith(`${kind}:`)).map((range) => range.slice(kind.length + 1));
  if (own.length === 0) return true;
  if (kind === "DNS") return own.some((domain) => value.replace(/^\*\./, "") === domain || value.endsWith(`.${domain}`));
  const list = new BlockList();
  for (const range of own) {
    const [network = "", bits = ""] = range.split("/");
    list.addSubnet(network, Number(bits), isIPv4(network) ? "ipv4" : "ipv6");
  }
  return list.check(value, isIPv4(value) ? "ipv4" : "ipv6");
}

/** A range as OpenSSL writes it: with a mask in place of the number of bits. */
export function constraintOf(range: string): string {
  const network = /^IP:([^/]+)\/(\d+)$/.exec(range);
  return network ? `IP:${network[1]}/${maskOf(isIPv4(network[1] as string), Number(network[2]))}` : range;
}

function maskOf(four: boolean, bits: number): string {
  const [parts, width] = four ? [4, 8] : [8, 16];
  const values = Array.from({ length: parts }, (_, i) => 2 ** width - 2 ** (width - Math.min(width, Math.max(0, bits - i * width))));
  return values.map((value) => value.toString(four ? 10 : 16)).join(four ? "." : ":");
}
