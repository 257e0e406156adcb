import { sh, type ResourceNode, type Tasks } from "hawser";
import { certificateOf, pinnedPair } from "hawser/roles/base/certificate";

export const FOLDER = "/etc/hawser/backup-path";
/** Key and certificate in one file, as HAProxy reads them. */
export const OWN = `${FOLDER}/own.pem`;
export const CERTIFICATE = `${FOLDER}/own.crt`;

/** What this gateway shows, and offers to its peers. They ask for SERVICE.HOST. */
export function declareCertificate(t: Tasks, host: string, days: number, needs: readonly ResourceNode[]): { readonly own: ResourceNode; readonly text: ReturnType<typeof t.read<string>> } {
  const pair = pinnedPair({ key: OWN, certificate: CERTIFICATE, host, names: [`DNS:${host}`, `DNS:*.${host}`], days, usage: "serverAuth, clientAuth", joined: true });
  const own = t.task("key and certificate", { ...pair, summary: "make on the host", absent: "while-needs-absent", needs });
  return { own, text: t.read("certificate", { probe: sh`cat ${CERTIFICATE}`, parse: certificateOf, needs: [own] }) };
}
