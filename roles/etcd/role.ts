import { defineRole, fact, lane, Sh, sh, UsageError, z, type Facts, type HostView, type ResourceNode, type Tasks, type Value } from "hawser";
import { FIREWALL, firewallPackages } from "hawser/roles/base/firewall";
import { declareCertificate } from "./certificate.ts";
import { etcdctl, ownEndpoint } from "./client.ts";
import { assertMember, weaknesses } from "./health.ts";
import { CERTIFICATE, CLIENT, DATA, ENVIRONMENT, FOLDER, JOINED, KEY, OPT, TRUSTED, UNIT } from "./paths.ts";
import { schema, timing, type Vars } from "./vars.ts";

/** Two members that restart at once are no quorum. */
const oneAtATime = lane("etcd", 1);

interface End {
  readonly host: HostView;
  readonly vars: Vars;
}

export const etcd = defineRole(import.meta, {
  name: "etcd",
  summary: "The quorum: etcd on the gateways and a witness, over their public addresses with mutual TLS, so that no cut of the tunnel parts it.",
  vars: schema,
  facts: () => ({
    firewall: FIREWALL,
    data: fact(sh`if [ -d ${`${DATA}/member`} ]; then echo yes; else echo no; fi`, z.enum(["yes", "no"])),
    runs: fact(sh`if systemctl is-active --quiet ${UNIT}; then echo yes; else echo no; fi`, z.enum(["yes", "no"])),
  }),
  exports: { certificate: z.string(), data: z.string() },
  validate({ vars, host, peers }) {
    for (const peer of peers) refusePeer({ host, vars }, peer);
  },
  listens: ({ vars }) => [
    { port: vars.client_port, protocol: "tcp", what: "clients", var: ["client_port"] },
    { port: vars.peer_port, protocol: "tcp", what: "the other members", var: ["peer_port"] },
  ],
  tasks({ t, vars, facts, host, members, peers }) {
    refuseSystem(facts, vars, host.name);
    for (const weakness of weaknesses(members.length)) t.warn(weakness);
    const tool = t.package(firewallPackages(facts, facts.firewall));
    for (const [name, port] of [["etcd", vars.client_port], ["etcd-peers", vars.peer_port]] as const) {
      if (peers.length > 0) t.firewallRule(name, { chain: "input", protocol: "tcp", port, source: peers.map((peer) => peer.vars.public_address), action: "accept", needs: tool });
    }
    const { program, nodes } = declareProgram(t, vars, facts);
    const folder = t.directory(FOLDER, { mode: "0755", parents: true });
    const data = t.directory(DATA, { mode: "0700", owner: "etcd", group: "etcd", needs: nodes });
    const certificate = declareCertificate(t, { host: host.name, addresses: addressesOf(vars), days: vars.certificate_days }, [...nodes, folder]);
    t.export("certificate", certificate.text);
    t.export("data", t.read("data", { probe: sh`if [ -d ${`${DATA}/member`} ]; then echo yes; else echo no; fi`, parse: (out: string) => out.trim() }));
    t.template(CLIENT, "client.conf.ejs", { endpoints: endpointsOf(vars, peers), trusted: TRUSTED, certificate: CERTIFICATE, key: KEY, members: members.length }, { mode: "0644", needs: [folder] });
    const reload = t.handler("read units", sh`systemctl daemon-reload`);
    const unit = t.template(`/etc/systemd/system/${UNIT}.service`, "hawser-etcd.service.ejs", { program, environment: ENVIRONMENT, joined: JOINED }, { mode: "0644", notify: reload });

    // A new member waits for the others to let it in, and without one that is down there may be no quorum: neither waits for its turn.
    const inTurn = facts.data === "yes" && facts.runs === "yes";
    t.block("etcd", inTurn ? { lane: oneAtATime } : {}, () => {
      const restart = t.handler("restart etcd", sh`systemctl is-active --quiet ${UNIT} || exit 0
systemctl restart ${UNIT}`);
      const trusted = t.file(TRUSTED, { content: () => members.map((member) => (member.host.name === host.name ? certificate.text : member.exports.certificate).get()).join(""), mode: "0644", needs: [folder, certificate.own], notify: restart });
      const environment = t.template(ENVIRONMENT, "etcd.env.ejs", environmentOf({ host, vars }, members), { mode: "0644", needs: [folder], notify: restart });
      const joined = peers.length > 0 && facts.data === "no" ? [declareJoin(t, { host, vars }, peers.map((peer) => ({ vars: peer.vars, data: peer.exports.data })), [data, trusted])] : [];
      const service = t.service(UNIT, { state: "running", enabled: true, needs: [unit, reload, trusted, environment, ...joined] });
      t.flush();
      // A new cluster answers once a majority of it is there, which would never be, if each waited for the one before it.
      if (inTurn) t.gate("the member answers again", { probe: healthy(vars), within: 60, every: 1, needs: [service, restart] });
    });
    t.gate("the quorum answers", { probe: healthy(vars), within: 120, every: 1 });
  },
  verify({ v, vars, members }) {
    assertMember(v, vars, members.length);
    for (const weakness of weaknesses(members.length)) v.warn(weakness);
  },
});

/** Through this host's own member, by a read that a majority has to agree to. */
const healthy = (vars: Vars): Sh => sh`${etcdctl(ownEndpoint(vars))} endpoint health >/dev/null 2>&1`;

const addressesOf = ({ public_address, private_address }: Vars): readonly string[] => ["127.0.0.1", ...new Set([public_address, ...(private_address === undefined ? [] : [private_address])])];

const endpointsOf = (vars: Vars, peers: readonly { readonly vars: Vars }[]): readonly string[] => [`https://127.0.0.1:${vars.client_port}`, ...peers.map((peer) => `https://${peer.vars.public_address}:${peer.vars.client_port}`)];

const environmentOf = ({ host, vars }: End, members: readonly End[]) => ({
  name: host.name,
  data: DATA,
  address: vars.public_address,
  peerPort: vars.peer_port,
  clientPort: vars.client_port,
  cluster: members.map((member) => `${member.host.name}=https://${member.vars.public_address}:${member.vars.peer_port}`).join(","),
  token: vars.token,
  ...timing(vars),
  certificate: CERTIFICATE,
  key: KEY,
  trusted: TRUSTED,
});

/** The programs, a user for them, and nothing that runs yet. */
function declareProgram(t: Tasks, { artifact }: Vars, { family }: Facts): { readonly program: string; readonly nodes: readonly ResourceNode[] } {
  if (artifact === undefined) {
    const packages = t.package(["etcd-server", "etcd-client", "openssl"]);
    return { program: "/usr/bin/etcd", nodes: [...packages, t.service("etcd", { state: "stopped", enabled: false, needs: [packages] })] };
  }
  const packages = t.package(["openssl", "tar", "gzip", ...(family === "debian" ? ["ca-certificates", "curl"] : ["curl"])]);
  const account = t.user("etcd", { system: true, shell: "/usr/sbin/nologin" });
  const folder = t.directory(OPT, { mode: "0755", parents: true });
  return { program: `${OPT}/etcd`, nodes: [...packages, account, t.archive(OPT, { ...artifact, name: "etcd", strip: 1, creates: "etcd", needs: [...packages, folder] })] };
}

/**
 * A member that is new to a running cluster is made known to it first, and started with what it is told. Where no member has any data,
 * there is none to join.
 */
function declareJoin(t: Tasks, { host, vars }: End, peers: readonly { readonly vars: Vars; readonly data: Value<string> }[], needs: readonly ResourceNode[]): ResourceNode {
  const running = Sh.lines("r=", ...peers.map((peer) => sh`r=$r${peer.data.map((had) => (had === "yes" ? `,https://${peer.vars.public_address}:${peer.vars.client_port}` : ""))}`));
  return t.task("join the cluster", {
    check: Sh.lines(running, sh`[ -n "$r" ] || exit 0
[ -d ${`${DATA}/member`} ] || [ -s ${JOINED} ] || exit 1`),
    // The others trust this member's certificate once their own run has come so far.
    apply: Sh.lines(running, sh`n=0
until ${etcdctl(Sh.raw('"${r#,}"'))} member add ${host.name} --peer-urls ${`https://${vars.public_address}:${vars.peer_port}`} >${`${JOINED}.new`}; do
  n=$((n + 1)); [ $n -lt 30 ] || { echo 'no member took this one in' >&2; exit 1; }
  sleep 2
done
grep '^ETCD_INITIAL_CLUSTER' ${`${JOINED}.new`} >${JOINED}
rm -f ${`${JOINED}.new`}`),
    summary: "as a new member",
    needs,
  });
}

const ALIKE = ["round_trip_ms", "peer_port", "client_port", "token"] as const;

/** @throws UsageError at the inventory's line for members that cannot be of one cluster */
function refusePeer({ host, vars }: End, peer: End): void {
  for (const name of ALIKE) {
    if (vars[name] !== peer.vars[name]) throw new UsageError(`etcd.${name} is ${vars[name]} on ${host.name} and ${peer.vars[name]} on ${peer.host.name}`, { source: host.at("etcd", name), hint: "say it once, for a group that holds all members" });
  }
  if (vars.public_address === peer.vars.public_address) throw new UsageError(`${host.name} and ${peer.host.name} both have the public address ${vars.public_address}`, { source: host.at("public_address"), hint: "members are known by it: each has one of its own" });
}

/** @throws UsageError for a host that the role does not serve */
function refuseSystem(facts: Facts, vars: Vars, host: string): void {
  if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`etcd serves Debian, Ubuntu and EL with systemd; ${host} is ${facts.os.name || "something else"}`);
  if (facts.family === "el" && facts.os.major === 7 && !vars.allow_eol) throw new UsageError(`${host} is ${facts.os.name}, whose support ended on 2024-06-30`, { hint: "etcd.allow_eol: true, if it has to be" });
  // Ubuntu 22.04 has 3.3, without pre-vote; EL has none.
  const packaged = facts.family === "debian" && (facts.os.id === "ubuntu" ? facts.os.major >= 24 : facts.os.major >= 12);
  if (vars.artifact === undefined && !packaged) throw new UsageError(`${facts.os.name} (${host}) packages no etcd 3.4`, { hint: "etcd.artifact: { url, sha256 } of a release as a tar.gz, such as etcd-v3.4.37-linux-amd64.tar.gz" });
}
