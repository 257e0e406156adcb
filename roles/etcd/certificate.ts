import { sh, type ResourceNode, type Tasks } from "hawser";
import { certificateOf, pinnedPair } from "hawser/roles/base/certificate";
import { CERTIFICATE, KEY } from "./paths.ts";

export interface Identity {
  readonly host: string;
  /** Every address that members and clients connect to, or are seen to come from: etcd compares both with the certificate. */
  readonly addresses: readonly string[];
  readonly days: number;
}

/** What this member shows, and offers to the others. It signs no others: who has a member's key is that member alone. */
export function declareCertificate(t: Tasks, { host, addresses, days }: Identity, needs: readonly ResourceNode[]): { readonly own: ResourceNode; readonly text: ReturnType<typeof t.read<string>> } {
  const names = [`DNS:${host}`, "DNS:localhost", ...addresses.map((address) => `IP Address:${address}`)];
  const pair = pinnedPair({ key: KEY, certificate: CERTIFICATE, host, names, days, usage: "serverAuth, clientAuth", signs: false, group: "etcd" });
  const own = t.task("key and certificate", { ...pair, summary: "make on the host", absent: "while-needs-absent", needs });
  return { own, text: t.read("certificate", { probe: sh`cat ${CERTIFICATE}`, parse: certificateOf, needs: [own] }) };
}
