import { UsageError, type HostView } from "hawser";
import { EXISTING_TRUSTED, S3_TLS } from "./paths.ts";
import type { Vars } from "./vars.ts";

/** A host of the role: a region's whole store. */
export interface Site {
  readonly host: HostView;
  readonly vars: Vars;
}

/** Where clients find S3. */
export const s3Of = ({ vars }: Site): string => (vars.backend === "minio-existing" && vars.existing ? vars.existing.endpoint : `https://${vars.address}:${vars.s3_port}`);

/** The CAs that S3 is checked by. */
export const trustedOf = ({ vars }: Site): string => (vars.backend === "minio-existing" ? EXISTING_TRUSTED : S3_TLS.trusted);

const ALIKE = ["backend", "buckets", "users"] as const satisfies readonly (keyof Vars)[];

/** @throws UsageError at the inventory's line for sites that cannot replicate */
export function refusePeer({ host, vars }: Site, peer: Site): void {
  for (const name of ALIKE) {
    // Secrets print as a placeholder in JSON.
    if (JSON.stringify(vars[name]) !== JSON.stringify(peer.vars[name])) throw new UsageError(`minio.${name} differs between ${host.name} and ${peer.host.name}`, { source: host.at("minio", name), hint: "set it once, for a group that holds both" });
  }
  for (const user of vars.users) {
    const other = peer.vars.users.find(({ name }) => name === user.name);
    if (differ(user.secret_key, other?.secret_key)) throw new UsageError(`minio.users: ${user.name} has other keys on ${host.name} than on ${peer.host.name}`, { source: host.at("minio", "users"), hint: "a user has the same keys in every region" });
  }
  if (vars.address === peer.vars.address) throw new UsageError(`${host.name} and ${peer.host.name} both have the address ${vars.address}`, { source: host.at("minio", "address"), hint: "each is reached by an address of its own" });
}

/** Secrets that cannot be opened are not compared. */
function differ(one: Vars["users"][number]["secret_key"], other: Vars["users"][number]["secret_key"]): boolean {
  if (one === undefined || other === undefined) return one !== other;
  try {
    return one.reveal() !== other.reveal();
  } catch {
    return false;
  }
}

/** @throws UsageError for vars that contradict one another */
export function refuseVars({ host, vars }: Site): void {
  const at = (name: keyof Vars) => host.at("minio", name);
  const twice = (names: readonly string[]): string | undefined => names.find((name, i) => names.indexOf(name) !== i);
  const bucket = twice(vars.buckets.map(({ name }) => name));
  if (bucket !== undefined) throw new UsageError(`minio.buckets names ${bucket} twice`, { source: at("buckets"), hint: "one entry for each bucket" });
  const user = twice(vars.users.map(({ name }) => name)) ?? twice(vars.users.flatMap(({ access_key }) => access_key ?? []));
  if (user !== undefined) throw new UsageError(`minio.users has ${user} twice`, { source: at("users"), hint: "names and access keys tell users apart" });
  const known = new Set(vars.buckets.map(({ name }) => name));
  for (const { name, buckets } of vars.users) {
    const unknown = Object.keys(buckets).find((each) => !known.has(each));
    if (unknown !== undefined) throw new UsageError(`minio.users: ${name} is let into the bucket ${unknown}, which minio.buckets does not have`, { source: at("users"), hint: known.size === 0 ? "name it in minio.buckets" : `buckets: ${[...known].join(", ")}` });
  }
}
