import { Secret, sh, type ResourceNode, type Sh } from "hawser";
import { declareAnswering, declareCanary, startCanary } from "../../canary.ts";
import { pairOf } from "../../keys.ts";
import { EXISTING_TRUSTED } from "../../paths.ts";
import { declareProgram } from "../../program.ts";
import type { Site } from "../../sites.ts";
import { bucketsOf, usersOf } from "../../vars.ts";
import { sharedByAll, type SiteInput } from "../backend.ts";
import { minioBucket } from "./bucket.ts";
import { ACCOUNT, aliasOf, CONFIG, existingOf, HOSTS } from "./mc.ts";
import { siteReplication } from "./replication.ts";
import { minioLeavers, minioUser } from "./user.ts";

/** mc, what the first host tells its site with it, which the others hear of by replication, and the health check. */
export function declareSite(cx: SiteInput): void {
  const { t, own, sites, before } = cx;
  const units = t.handler("read units", sh`systemctl daemon-reload`);
  const program = declareProgram(t, own.vars, "mc", { needs: before });
  const folders = [CONFIG, `${CONFIG}/certs`, `${CONFIG}/certs/CAs`].map((path) => t.directory(path, { mode: "0700", needs: before }));
  const cas = sites.flatMap(({ vars }) => vars.existing?.ca ?? []).map((pem) => `${pem.trim()}\n`).join("");
  const theirs = t.file(`${CONFIG}/certs/CAs/sites.pem`, cas === "" ? { state: "absent", needs: folders } : { content: cas, mode: "0644", needs: folders });
  const trusted = t.task("trusted CAs", { ...joined(cas), summary: "the system's, and those of the sites", needs: before });
  const hosts = t.file(HOSTS, { owner: "root", group: "root", mode: "0600", content: () => hostsFor(own.host.name === sites[0]?.host.name ? sites : [own]), needs: before });
  const needs = [program, ...folders, theirs, trusted, hosts];
  const { made, keys } = sharedByAll(cx, () => declareShared(cx, needs));
  const canary = declareCanary({ ...cx, account: ACCOUNT, keys, units });
  t.flush();
  declareAnswering(t, own, [...needs, ...made, ...canary]);
  startCanary(t, [...needs, ...canary]);
}

/** Sites with their keys, as mc takes them from its environment. */
const hostsFor = (sites: readonly Site[]): Secret =>
  new Secret(
    sites
      .map((site) => {
        const { endpoint, access_key, secret_key } = existingOf(site);
        return `export MC_HOST_${aliasOf(site)}='${endpoint.replace("://", `://${access_key}:${secret_key.reveal()}@`)}'\n`;
      })
      .join(""),
  );

/** What curl trusts: it takes one file. */
function joined(cas: string): { readonly check: Sh; readonly apply: Sh } {
  const all = sh`{ cat /etc/ssl/certs/ca-certificates.crt 2>/dev/null || cat /etc/pki/tls/certs/ca-bundle.crt; printf '%s' ${cas}; }`;
  return {
    check: sh`[ "$(stat -c %a ${EXISTING_TRUSTED} 2>/dev/null)" = 644 ] || exit 1
${all} 2>/dev/null | cmp -s - ${EXISTING_TRUSTED} || exit 1`,
    apply: sh`${all} >${`${EXISTING_TRUSTED}.new`} && chmod 644 ${`${EXISTING_TRUSTED}.new`} && mv -f ${`${EXISTING_TRUSTED}.new`} ${EXISTING_TRUSTED}`,
  };
}

/** Replication first: a site that joins may hold nothing. */
function declareShared({ t, own, sites, keys }: SiteInput, needs: readonly ResourceNode[]): readonly ResourceNode[] {
  const alias = aliasOf(own);
  const replication = t.add(siteReplication, { sites: sites.map((site) => ({ alias: aliasOf(site), endpoint: existingOf(site).endpoint })) }, { needs: [...needs] });
  const after = [...needs, replication];
  const buckets = bucketsOf(own.vars).map((bucket) => t.add(minioBucket, { alias, bucket }, { needs: after }));
  const users = usersOf(own.vars).map((user) => t.add(minioUser, { alias, user, pair: keys.map((all) => pairOf(all, user.name)) }, { needs: after }));
  return [replication, ...buckets, ...users, t.add(minioLeavers, { alias, users: usersOf(own.vars).map(({ name }) => name), keys }, { needs: [...after, ...users] })];
}
