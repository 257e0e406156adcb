import { sh, type ResourceNode, type Tasks } from "hawser";
import { certificateOf, pinnedPair } from "hawser/roles/base/certificate";
import { ACCOUNT, CERTIFICATE, KEY } from "./paths.ts";

export interface Identity {
  readonly host: string;
  readonly address: string;
  readonly days: number;
}

/** What this site shows to clients and to the others. It signs no others: who has a site's key is that site alone. */
export function declareCertificate(t: Tasks, { host, address, days }: Identity, needs: readonly ResourceNode[]): { readonly own: ResourceNode; readonly text: ReturnType<typeof t.read<string>> } {
  const names = [`DNS:${host}`, "DNS:localhost", "IP Address:127.0.0.1", ...(address === "127.0.0.1" ? [] : [`IP Address:${address}`])];
  const pair = pinnedPair({ key: KEY, certificate: CERTIFICATE, host, names, days, usage: "serverAuth, clientAuth", signs: false, group: ACCOUNT });
  const own = t.task("key and certificate", { ...pair, summary: "make on the host", absent: "while-needs-absent", needs });
  return { own, text: t.read("certificate", { probe: sh`cat ${CERTIFICATE}`, parse: certificateOf, needs: [own] }) };
}
