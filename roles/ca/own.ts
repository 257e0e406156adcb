import { createPrivateKey, X509Certificate } from "node:crypto";
import { UsageError, type HostView } from "hawser";
import { textOf, type Own } from "./vars.ts";

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Refuses a CA and certificates that nobody could use. @throws UsageError at the inventory's line */
export function refuseOwn(host: HostView, { certificate, certificates }: Own, now = new Date()): void {
  const given = revealed(certificate);
  // An inventory that is only looked at holds secrets that cannot be opened.
  if (given === undefined) return;
  const authorities = certificatesIn(given, host, ["certificate"]);
  for (const each of authorities) {
    if (!each.ca) throw refusal(host, ["certificate"], `${nameOf(each)} is no CA: its certificate says CA:FALSE, or does not say`, "give the certificate that signed the others, not one of theirs");
    refuseTime(each, host, ["certificate"], now);
  }
  for (const [name, pair] of Object.entries(certificates)) {
    const text = revealed(pair.certificate);
    const key = revealed(pair.key);
    if (text === undefined || key === undefined) continue;
    const [leaf, ...between] = certificatesIn(text, host, ["certificates", name, "certificate"]) as [X509Certificate, ...X509Certificate[]];
    refuseTime(leaf, host, ["certificates", name, "certificate"], now);
    if (!chains(leaf, between, authorities)) throw refusal(host, ["certificates", name, "certificate"], `the certificate of ${name} is not signed by ${authorities.map(nameOf).join(" or ")}, but by ${leaf.issuer.replaceAll("\n", ", ")}`, "put the certificates between them behind it, or give the CA that signed it");
    refuseKey(leaf, key, host, name);
  }
}

function refuseKey(leaf: X509Certificate, key: string, host: HostView, name: string): void {
  const at = ["certificates", name, "key"];
  let fits: boolean;
  try {
    fits = leaf.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw refusal(host, at, `the key of ${name} cannot be read: ${(error as Error).message}`, "it is PEM, without a passphrase: openssl pkey -in FILE", error);
  }
  if (!fits) throw refusal(host, at, `the key of ${name} is not that of its certificate`, "openssl x509 -noout -pubkey and openssl pkey -pubout print the same of a pair");
}

function certificatesIn(text: string, host: HostView, at: readonly string[]): X509Certificate[] {
  const found = text.match(PEM) ?? [];
  if (found.length === 0) throw refusal(host, at, "it holds no certificate", "PEM begins with -----BEGIN CERTIFICATE-----; `!file PATH` takes it from a file");
  return found.map((pem) => {
    try {
      return new X509Certificate(pem);
    } catch (error) {
      throw refusal(host, at, `a certificate in it cannot be read: ${(error as Error).message}`, "openssl x509 -in FILE -noout -text says more", error);
    }
  });
}

function refuseTime(each: X509Certificate, host: HostView, at: readonly string[], now: Date): void {
  if (new Date(each.validTo) <= now) throw refusal(host, at, `${nameOf(each)} has expired: it was good until ${each.validTo}`, "give the one that took its place");
  if (new Date(each.validFrom) > now) throw refusal(host, at, `${nameOf(each)} is not valid yet: it is good from ${each.validFrom}`, "wait, or look at the clock of the machine that made it, and of this one");
}

/** Whether each is signed by the next one, and the last by a CA that is trusted. */
function chains(leaf: X509Certificate, between: readonly X509Certificate[], authorities: readonly X509Certificate[]): boolean {
  if (authorities.some((each) => leaf.checkIssued(each) && leaf.verify(each.publicKey))) return true;
  return between.some((next) => next.ca && leaf.checkIssued(next) && leaf.verify(next.publicKey) && chains(next, between.filter((each) => each !== next), authorities));
}

const nameOf = (each: X509Certificate): string => each.subject.replaceAll("\n", ", ");

function revealed(given: string | Own["certificates"][string]["key"]): string | undefined {
  try {
    return textOf(given);
  } catch {
    return undefined;
  }
}

const refusal = (host: HostView, at: readonly string[], message: string, hint: string, cause?: unknown): UsageError => new UsageError(`ca.own.${at.join(".")}: ${message}`, { source: host.at("ca", "own", ...at), hint, ...(cause !== undefined && { cause }) });
