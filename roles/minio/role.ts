import { defineRole, fact, lane, sh, UsageError, use, z, type Facts, type Listener, type Member, type Tasks } from "hawser";
import { FIREWALL, firewallPackages, type Firewall } from "hawser/roles/base/firewall";
import { ca } from "hawser/roles/ca";
import { leaf, leafFact } from "hawser/roles/ca/leaf";
import { declareCertificate } from "./certificate.ts";
import { declareWrites } from "./drill.ts";
import { assertSite } from "./health.ts";
import { allKeys } from "./identities.ts";
import { declareHad, declareKeys, keysSchema, KNOWN } from "./keys.ts";
import { ACCOUNT, DATA, FOLDER, GRPC, S3_LEAF } from "./paths.ts";
import { declareAccount } from "./seaweedfs.ts";
import { declareSite } from "./site.ts";
import { refusePeer, refuseVars, weaknesses, type Site } from "./sites.ts";
import { schema, type Vars } from "./vars.ts";

/** Regions that restart at once serve nobody. */
const oneAtATime = lane("minio", 1);

const exported = { certificate: z.string(), had: keysSchema, keys: keysSchema };
type Peer = Member<typeof schema, typeof exported>;

export const minio = defineRole(import.meta, {
  name: "minio",
  summary: "Replicated object storage: S3 in every region, each with all objects and all of them written to, by SeaweedFS.",
  vars: schema,
  // S3's certificate, which clients check.
  dependsOn: [use(ca)],
  facts: () => ({
    firewall: FIREWALL,
    tls: leafFact(S3_LEAF),
    keys: KNOWN,
    data: fact(sh`if [ -d ${`${DATA}/filer`} ]; then echo yes; else echo no; fi`, z.enum(["yes", "no"])),
  }),
  exports: exported,
  validate({ vars, host, peers }) {
    refuseVars({ host, vars });
    for (const peer of peers) refusePeer({ host, vars }, peer);
  },
  listens: ({ vars, host, peers }) => listenersOf({ host, vars }, peers),
  tasks({ t, vars, facts, host, members, peers, from }) {
    refuseSystem(facts, vars, host.name);
    for (const weakness of weaknesses(members.length)) t.warn(weakness);
    declareFirewall(t, facts, { host, vars }, peers);
    const account = declareAccount(t, facts);
    const folder = t.directory(FOLDER, { mode: "0755", parents: true });
    const certificate = declareCertificate(t, { host: host.name, address: vars.address, days: vars.certificate_days }, [...account, folder]);
    t.export("certificate", certificate.text);
    const names = [`DNS:${host.name}`, "DNS:localhost", `IP:${vars.address}`, "IP:127.0.0.1"];
    const tls = leaf({ t, host, from }, { name: S3_LEAF, seen: facts.tls, names, usage: "server", group: ACCOUNT, needs: account });
    t.export("had", declareHad(t));
    const makes = members[0]?.host.name === host.name;
    const others = makes ? peers.map((peer) => peer.exports.had) : members.slice(0, 1).map((member) => member.exports.keys);
    const keys = declareKeys(t, vars, { known: facts.keys, makes, others }, [folder]);
    t.export("keys", keys.map((made) => allKeys(vars, made)));
    t.block("site", facts.data === "yes" ? { lane: oneAtATime } : {}, () => {
      declareSite({
        t,
        own: { host, vars },
        sites: members,
        trusted: () => members.map((member) => (member.host.name === host.name ? certificate.text : member.exports.certificate).get()).join(""),
        keys,
        before: [...account, folder, certificate.own, ...tls.nodes],
      });
    });
  },
  verify({ v, vars, host, members }) {
    assertSite(v, { host, vars }, members);
    for (const weakness of weaknesses(members.length)) v.warn(weakness);
  },
  drill({ d, vars, host }) {
    declareWrites(d, { host, vars });
  },
});

/** Every port, with weed's gRPC port above each of HTTP. */
function listenersOf({ vars }: Site, peers: readonly unknown[]): readonly Listener[] {
  const { address } = vars;
  const local = "127.0.0.1";
  const pair = (port: number, at: string, what: string, name: keyof Vars): Listener[] => [port, port + GRPC].map((each) => ({ port: each, protocol: "tcp", address: at, what, var: [name] }));
  const pullers = Array.from({ length: peers.length }, (_, i): Listener => ({ port: vars.metrics_port + i, protocol: "tcp", address: local, what: "metrics of a puller", var: ["metrics_port"] }));
  return [...[address, local].flatMap((at) => [...pair(vars.s3_port, at, "S3", "s3_port"), ...pair(vars.filer_port, at, "the filer", "filer_port")]), ...pair(vars.master_port, local, "the master", "master_port"), ...pair(vars.volume_port, local, "the volumes", "volume_port"), ...pullers];
}

/** S3 for clients and for the other sites' health checks, and the filer for those that take this site's changes. */
function declareFirewall(t: Tasks, facts: Facts & { readonly firewall: Firewall }, own: Site, peers: readonly Peer[]): void {
  const { vars } = own;
  const tool = t.package(firewallPackages(facts, facts.firewall));
  const addresses = peers.map((peer) => peer.vars.address);
  const clients = [...new Set([...addresses, ...vars.clients])];
  if (clients.length > 0) t.firewallRule("objects", { chain: "input", protocol: "tcp", port: vars.s3_port, source: clients, action: "accept", needs: tool });
  if (addresses.length > 0) t.firewallRule("objects-sites", { chain: "input", protocol: "tcp", port: [vars.filer_port, vars.filer_port + GRPC], source: addresses, action: "accept", needs: tool });
}

/** @throws UsageError for a host that the role does not serve */
function refuseSystem(facts: Facts, vars: Vars, host: string): void {
  if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`minio serves Debian, Ubuntu and EL with systemd; ${host} is ${facts.os.name || "something else"}`);
  if (facts.family === "el" && facts.os.major === 7 && !vars.allow_eol) throw new UsageError(`${host} is ${facts.os.name}, whose support ended on 2024-06-30`, { hint: "minio.allow_eol: true, if it has to be" });
}
