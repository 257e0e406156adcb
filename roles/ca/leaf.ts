import { createPrivateKey, createPublicKey } from "node:crypto";
import { fact, HawserError, sh, UsageError, z, type CommonOptions, type HostView, type ResourceNode, type RoleInput, type Secret, type Tasks, type Value } from "hawser";
import type { Trusted } from "./authority.ts";
import { certificateInstalled, isWanted, OWN } from "./installed.ts";
import { certificateIssued, issuedText, parseIssued, type Issued } from "./issue.ts";
import { keyScript, keyWaits } from "./key.ts";
import { permits, wrongName } from "./names.ts";
import type { Usage } from "./openssl.ts";
import { leafPaths, type LeafPaths } from "./paths.ts";
import { lookAt, parseState, sha256, sound, type LeafState } from "./record.ts";
import { ca } from "./role.ts";
import { textOf, type Own, type Vars } from "./vars.ts";

export { leafPaths } from "./paths.ts";

/** What a role's `tasks` is given, as much as a certificate needs of it. */
export type LeafInput = Pick<RoleInput<z.ZodType, Record<never, never>, Record<never, never>>, "t" | "host" | "from">;

/** A service's certificate: what it is good for, and who reads its key. */
export interface LeafSpec {
  /** The service: a folder of its own in /etc/hawser-tls, and unique on the host. */
  readonly name: string;
  /** The fact that `leafFact(name)` declares. */
  readonly seen: LeafState;
  /** All names and addresses that the service is asked for by: `DNS:la-1`, `IP:10.0.0.1`, `URI:spiffe://…`. */
  readonly names: readonly string[];
  /** Of its connections: it is asked (`server`), it asks (`client`), or both. */
  readonly usage: Usage;
  /** Who reads the key. Default: root. */
  readonly owner?: string;
  /** A group that may read the key too. Default: none. */
  readonly group?: string;
  /** Certificate and key also in one file, as HAProxy reads them. Default: false. */
  readonly joined?: boolean;
  /** What must be there before: the account that owns the key. */
  readonly needs?: CommonOptions["needs"];
  /** Run when key, certificate or trusted CAs have changed: whatever makes the service read them again. */
  readonly notify?: CommonOptions["notify"];
}

/** Where they lie, and what a service `needs`. */
export interface Leaf extends LeafPaths {
  readonly nodes: readonly ResourceNode[];
}

/** A fact for the role that asks for a certificate: what the host has of it. `facts: () => ({ tls: leafFact("consul") })`. */
export const leafFact = (name: string) => fact(lookAt(name), z.string().transform(parseState));

/**
 * A certificate for a service of this host, in /etc/hawser-tls/NAME. The host makes its key, the CA's host signs, and neither is asked
 * while there is nothing to do. The host has to use the role `ca` in the same playbook: `dependsOn: [use(ca)]`.
 * @throws UsageError for names that cannot be, or that the CA may not sign
 */
export function leaf(input: LeafInput, spec: LeafSpec): Leaf {
  const { t, host, from } = input;
  const { vars } = from(host.name, ca);
  refuseSpec(spec, vars);
  const paths = leafPaths(spec.name);
  const wanted = { name: spec.name, spec: digestOf(spec, vars), mode: modeOf(spec), joined: spec.joined ?? false };
  const folder = t.directory(paths.folder, { mode: "0755", ...(spec.needs && { needs: spec.needs }) });
  const install = (given: object, needs: readonly ResourceNode[]): Leaf => {
    const node = t.add(certificateInstalled, { ...wanted, ...given }, { needs: [folder, ...needs], ...(spec.notify && { notify: spec.notify }) });
    return { ...paths, nodes: [folder, ...needs.filter(({ on }) => on === undefined), node] };
  };
  if (vars.own) return installOwn(t, spec, host, vars.own, install);
  const authority = vars.host ?? host.name;
  if (isWanted(wanted, spec.seen) && isSettled(spec.seen, vars)) return install({}, []);
  const signed = ask(input, spec, { authority, spec: wanted.spec, days: vars.leaf_days }, folder);
  return signed === undefined ? { ...paths, nodes: [folder] } : install({ issued: signed.issued, trusted: signed.trusted }, signed.nodes);
}

/** Whether there is nothing to ask the CA for: no other one takes its place. */
const isSettled = ({ generation, trusts }: LeafState, vars: Vars): boolean => generation === vars.generation && trusts.length === 1 && trusts[0]?.startsWith(`${vars.generation}:`) === true;

interface Asked {
  readonly authority: string;
  readonly spec: string;
  readonly days: number;
}

interface Signed {
  readonly issued: Value<Issued>;
  readonly trusted: Value<readonly Trusted[]>;
  readonly nodes: readonly ResourceNode[];
}

/** A key where another one is due, a request for it, and what the CA's host makes of that. */
function ask({ t, host, from }: LeafInput, { name, names, usage, seen }: LeafSpec, { authority, spec, days }: Asked, folder: ResourceNode): Signed | undefined {
  const { folder: at } = leafPaths(name);
  const again = seen.spec === spec && seen.whole && seen.lasting;
  const key = again ? [] : [declareKey(t, name, host.name, spec, folder)];
  const request = t.read(`request for ${name}`, { probe: sh`cd ${at} && { cat next-request.pem 2>/dev/null || cat request.pem; }`, needs: [folder, ...key] });
  const trusted = from(authority, ca).exports.authority;
  const sign = (): { readonly node: ResourceNode; readonly issued: Value<Issued> } => {
    const node = t.add(certificateIssued, { host: host.name, name, names: [...names], usage, spec, days, request, ready: trusted }, { needs: key });
    return { node, issued: t.read(`certificate for ${name} of ${host.name}`, { probe: issuedText(host.name, name), parse: parseIssued, needs: [node] }) };
  };
  try {
    const { node, issued } = authority === host.name ? sign() : t.on(authority, sign);
    return { issued, trusted, nodes: [...key, node] };
  } catch (error) {
    // What it has is good for some time, and the CA's host may be in the region that is down.
    if (!(error instanceof HawserError) || error.name !== "TargetLost" || !seen.valid || !seen.whole || seen.spec !== spec) throw error;
    t.warn(`the certificate for ${name} is to be renewed, and ${error.message}; it is still good for some days`);
    return undefined;
  }
}

const declareKey = (t: Tasks, name: string, host: string, spec: string, folder: ResourceNode): ResourceNode =>
  t.task(`key for ${name}`, { check: sh`${sound(name, spec)} || ${keyWaits(name)} || exit 1`, apply: keyScript(name, host), summary: "make on the host", needs: [folder] });

/** A certificate that the operator has had signed, with its key. */
function installOwn(t: Tasks, { name, names }: LeafSpec, host: HostView, own: Own, install: (given: object, needs: readonly ResourceNode[]) => Leaf): Leaf {
  const pair = own.certificates[name];
  if (!pair) throw new UsageError(`ca.own.certificates has none for ${name} on ${host.name}`, { source: host.at("ca", "own", "certificates"), hint: `${name}: { certificate, key }, good for ${names.join(", ")}` });
  const at = leafPaths(name).folder;
  const key = t.task(`key for ${name}`, {
    check: sh`for k in ${[`${at}/key.pem`, `${at}/next.pem`]}; do if [ "$(openssl pkey -in "$k" -pubout 2>/dev/null)" = ${publicKey(pair.key)} ]; then exit 0; fi; done; exit 1`,
    apply: sh`umask 077
cat >${`${at}/next.pem`}`.stdin(pair.key),
    summary: "put it here",
  });
  const pem = `${textOf(pair.certificate).trim()}\n`;
  return install({ issued: { generation: OWN, pem }, trusted: [{ generation: OWN, pem: `${textOf(own.certificate).trim()}\n` }] }, [key]);
}

const publicKey = (key: Secret): string => createPublicKey(createPrivateKey(key.reveal())).export({ type: "spki", format: "pem" }).toString().trim();

const digestOf = ({ names, usage, joined = false }: LeafSpec, { own }: Vars): string => sha256(JSON.stringify([[...names].sort(), usage, joined, own !== undefined])).slice(0, 32);

const modeOf = ({ owner = "root", group }: LeafSpec): string => `${group === undefined ? "600" : "640"} ${owner} ${group ?? "root"}`;

function refuseSpec({ name, names }: LeafSpec, { permitted, own }: Vars): void {
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(name)) throw new UsageError(`a certificate is called ${JSON.stringify(name)}`, { hint: "lower case letters, digits, '.', '_' and '-': it names a folder" });
  if (names.length === 0) throw new UsageError(`the certificate for ${name} has no names`, { hint: "give all that the service is asked for by: DNS:…, IP:…" });
  for (const each of names) {
    const why = wrongName(each);
    if (why !== undefined) throw new UsageError(`the certificate for ${name}: ${why}`, { hint: "names are DNS:NAME, IP:ADDRESS or URI:ADDRESS" });
    if (!own && !permits(permitted, each)) throw new UsageError(`the CA may not sign ${each}, which the certificate for ${name} is to have`, { hint: `ca.permitted has ${permitted.join(", ")}: add to it and count ca.generation up` });
  }
}
