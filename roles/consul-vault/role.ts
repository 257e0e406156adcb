import { defineRole, fact, sh, UsageError, use, z, type Facts } from "hawser";
import { FIREWALL, firewallPackages } from "hawser/roles/base/firewall";
import { ca } from "hawser/roles/ca";
import { leafFact } from "hawser/roles/ca/leaf";
import { consulEnds, federationOf, refuseConsul, refuseVault, vaultEnds, weaknesses, type End } from "./cluster.ts";
import { assertConsul } from "./consul-health.ts";
import { declareConsul } from "./consul.ts";
import { exported, type Context } from "./context.ts";
import { declareKeyWrites } from "./drill.ts";
import { hadOf } from "./made.ts";
import { CONSUL, MADE, VAULT_STORE, vaultLayout } from "./paths.ts";
import { schema, type Vars } from "./vars.ts";
import { consulListeners, vaultListeners } from "./listens.ts";
import { assertVault } from "./vault-health.ts";
import { declareVault } from "./vault.ts";

export const consulVault = defineRole(import.meta, {
  name: "consul-vault",
  summary: "Consul, one datacenter for each region, joined over the WAN, and OpenBao or Vault on raft across the regions and a witness.",
  vars: schema,
  dependsOn: [use(ca)],
  facts: () => ({
    firewall: FIREWALL,
    had: fact(sh`ls ${MADE} 2>/dev/null || :`, z.string().transform(hadOf)),
    consulData: fact(sh`if [ -d ${`${CONSUL.data}/raft`} ]; then echo yes; else echo no; fi`, z.enum(["yes", "no"])),
    consulTls: leafFact("consul"),
    vaultTls: leafFact("vault"),
    vaultData: fact(sh`if [ -e ${VAULT_STORE} ]; then echo yes; else echo no; fi`, z.enum(["yes", "no"])),
  }),
  exports: exported,
  validate({ vars, host, peers }) {
    const own: End = { host, vars };
    const all = [own, ...peers];
    const federation = federationOf(all);
    for (const each of consulEnds([own])) if (federation !== undefined) refuseConsul(each, federation);
    for (const each of vaultEnds([own])) refuseVault(each, vaultEnds(all));
  },
  listens: ({ vars: { consul, vault } }) => [...(consul === undefined ? [] : consulListeners(consul)), ...(vault === undefined ? [] : vaultListeners(vault))],
  tasks({ t, vars, facts, host, members, from }) {
    refuseSystem(facts, vars, host.name);
    for (const weakness of weaknesses({ host, vars }, members)) t.warn(weakness);
    const tools = t.package([...firewallPackages(facts, facts.firewall), "openssl", "curl", "tar", "gzip", ...(facts.family === "debian" ? ["ca-certificates"] : []), "unzip"]);
    const made = t.directory(MADE, { mode: "0700", owner: "root", group: "root", parents: true });
    const cx: Context = { t, vars, facts, host, members, from, made, tools };
    declareConsul(cx);
    declareVault(cx);
  },
  verify({ v, vars, host, members }) {
    const federation = federationOf(members);
    for (const own of consulEnds([{ host, vars }])) if (federation !== undefined) assertConsul(v, own, federation);
    for (const own of vaultEnds([{ host, vars }])) {
      const files = vaultLayout(own.vault.engine);
      assertVault(v, own, vaultEnds(members), own.vault.artifact === undefined ? `/usr/bin/${files.program}` : `${files.opt}/${files.program}`);
    }
    for (const weakness of weaknesses({ host, vars }, members)) v.warn(weakness);
  },
  drill({ d, vars, host }) {
    for (const own of consulEnds([{ host, vars }])) declareKeyWrites(d, own);
  },
});

/** @throws UsageError for a host that the role does not serve */
function refuseSystem(facts: Facts, vars: Vars, host: string): void {
  if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`consul-vault serves Debian, Ubuntu and EL with systemd; ${host} is ${facts.os.name || "something else"}`);
  if (facts.family === "el" && facts.os.major === 7 && !vars.allow_eol) throw new UsageError(`${host} is ${facts.os.name}, whose support ended on 2024-06-30`, { hint: "consul-vault.allow_eol: true, if it has to be" });
}
