import { defineRole, fact, UsageError, use, z, type Facts, type Tasks } from "hawser";
import { FIREWALL, firewallPackages, type Firewall } from "hawser/roles/base/firewall";
import { ca } from "hawser/roles/ca";
import { leaf, leafFact } from "hawser/roles/ca/leaf";
import { exported } from "./backends/backend.ts";
import { backendOf } from "./backends/index.ts";
import { declareWrites } from "./drill.ts";
import { assertS3 } from "./health.ts";
import { allKeys, declareHad, declareKeys, KNOWN } from "./keys.ts";
import { FOLDER, S3_LEAF } from "./paths.ts";
import { refusePeer, refuseVars } from "./sites.ts";
import { schema, type Vars } from "./vars.ts";

export const minio = defineRole(import.meta, {
  name: "minio",
  summary: "Replicated object storage: S3 in every region, each with all objects and all of them written to, by SeaweedFS, Garage, RustFS, or MinIO sites that are there already.",
  vars: schema,
  // S3's certificate, which clients check.
  dependsOn: [use(ca)],
  facts: ({ vars }) => ({
    firewall: FIREWALL,
    tls: leafFact(S3_LEAF),
    keys: KNOWN,
    data: fact(backendOf(vars).look, z.string()),
  }),
  exports: exported,
  validate({ vars, host, peers }) {
    refuseVars({ host, vars });
    for (const peer of peers) refusePeer({ host, vars }, peer);
    backendOf(vars).refuse({ host, vars }, peers);
  },
  listens: ({ vars, host, peers }) => backendOf(vars).listens({ host, vars }, peers),
  tasks({ t, vars, facts, host, members, peers, from }) {
    refuseSystem(facts, vars, host.name);
    const backend = backendOf(vars);
    for (const weakness of backend.weaknesses(members)) t.warn(weakness);
    if (backend.serves) declareFirewall(t, facts, vars, { ports: backend.peerPorts(vars), addresses: peers.map((peer) => peer.vars.address) });
    const account = backend.declareAccount(t, facts);
    const folder = t.directory(FOLDER, { mode: "0755", parents: true });
    const names = [`DNS:${host.name}`, "DNS:localhost", `IP:${vars.address}`, "IP:127.0.0.1"];
    const renewed = backend.renewed && t.handler("show the new certificate", backend.renewed);
    const tls = !backend.serves ? { nodes: [] } : leaf({ t, host, from }, { name: S3_LEAF, seen: facts.tls, names, usage: "server", group: backend.account, ...(backend.joined && { joined: true }), needs: account, ...(renewed && { notify: renewed }) });
    t.export("had", declareHad(t));
    const makes = members[0]?.host.name === host.name;
    const others = makes ? peers.map((peer) => peer.exports.had) : members.slice(0, 1).map((member) => member.exports.keys);
    const keys = declareKeys(t, vars, { secrets: backend.secrets, known: facts.keys, makes, others }, [folder]).map((made) => allKeys(vars, made));
    t.export("keys", keys);
    backend.declare({ t, own: { host, vars }, sites: members, keys, data: facts.data, facts, before: [...account, folder, ...tls.nodes] });
  },
  verify({ v, vars, host, members }) {
    const backend = backendOf(vars);
    assertS3(v, { host, vars }, members);
    backend.assert(v, { host, vars }, members);
    for (const weakness of backend.weaknesses(members)) v.warn(weakness);
  },
  drill({ d, vars, host }) {
    declareWrites(d, { host, vars });
  },
});

/** S3 for clients and for the other sites' health checks, and what the sites have for one another. */
function declareFirewall(t: Tasks, facts: Facts & { readonly firewall: Firewall }, vars: Vars, peers: { readonly ports: readonly number[]; readonly addresses: readonly string[] }): void {
  const tool = t.package(firewallPackages(facts, facts.firewall));
  const clients = [...new Set([...peers.addresses, ...vars.clients])];
  if (clients.length > 0) t.firewallRule("objects", { chain: "input", protocol: "tcp", port: vars.s3_port, source: clients, action: "accept", needs: tool });
  if (peers.addresses.length > 0 && peers.ports.length > 0) t.firewallRule("objects-sites", { chain: "input", protocol: "tcp", port: [...peers.ports], source: [...peers.addresses], action: "accept", needs: tool });
}

/** @throws UsageError for a host that the role does not serve */
function refuseSystem(facts: Facts, vars: Vars, host: string): void {
  if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`minio serves Debian, Ubuntu and EL with systemd; ${host} is ${facts.os.name || "something else"}`);
  if (facts.family === "el" && facts.os.major === 7 && !vars.allow_eol) throw new UsageError(`${host} is ${facts.os.name}, whose support ended on 2024-06-30`, { hint: "minio.allow_eol: true, if it has to be" });
}
