import { Secret, UsageError, type HostView } from "hawser";
import { overlap } from "hawser/roles/gre/gateway";
import { LONGEST, versionedName } from "./data-kind.ts";
import { addressesOf, advertised, entryOf, groupsOf, joinedOf, managersOf, placeOf, type End } from "./layout.ts";
import { CLUSTER_WIDE, type Stack, type Vars } from "./vars.ts";

/** Bytes that Docker takes in a config, and in a secret. */
const MOST = { config: 1_024_000, secret: 512_000 } as const;

/** @throws UsageError at the inventory's line for nodes that cannot be of one cluster, and for what no cluster can run */
export function refuse(own: End, peers: readonly End[]): void {
  const members = [own, ...peers];
  const { vars, host } = own;
  for (const peer of peers) refuseDifferent(own, peer);
  entryOf(members);
  if (vars.entry === host.name && vars.state === "left") fail(host, ["state"], `${host.name} is to leave, and is swarm.entry`, "name another manager as the entry");
  if (vars.ha) refuseHa(own, members);
  for (const peer of peers) if (advertised(own, members) === advertised(peer, members)) fail(host, ["advertise_addr"], `${host.name} and ${peer.host.name} are both reached at ${advertised(own, members)}`, "each node has an address of its own");
  refusePools(own, members);
  refuseObjects(host, vars);
}

function fail(host: HostView, path: readonly (string | number)[], message: string, hint: string): never {
  throw new UsageError(message, { source: host.at("swarm", ...path), hint });
}

/** Secrets are told apart without being shown. */
const plain = (value: unknown): string => JSON.stringify(value, (_key, each: unknown) => (each instanceof Secret ? each.reveal() : each)) ?? "";
const shown = (value: string | number | boolean | undefined): string => String(value ?? "not given");

function refuseDifferent({ host, vars }: End, peer: End): void {
  for (const name of CLUSTER_WIDE) {
    if (plain(vars[name]) === plain(peer.vars[name])) continue;
    const [one, other] = [vars[name], peer.vars[name]];
    fail(host, [name], typeof one === "object" || typeof other === "object" ? `swarm.${name} differs between ${host.name} and ${peer.host.name}` : `swarm.${name} is ${shown(one)} on ${host.name} and ${shown(other)} on ${peer.host.name}`, "it belongs to the whole cluster: say it once, for a group that holds all nodes");
  }
}

/** High availability is that any one place may be lost, and a majority is left. */
function refuseHa({ host }: End, members: readonly End[]): void {
  const managers = managersOf(members);
  const majority = Math.floor(managers.length / 2) + 1;
  const places = new Map<string, string[]>();
  for (const manager of managers) places.set(placeOf(manager), [...(places.get(placeOf(manager)) ?? []), manager.host.name]);
  const said = [...places].map(([place, names]) => `${place}: ${names.join(", ")}`).join("; ");
  if (managers.length < 3 || places.size < 3) fail(host, ["ha"], `swarm.ha with ${managers.length} manager${managers.length === 1 ? "" : "s"} in ${places.size} place${places.size === 1 ? "" : "s"} (${said})`, "three managers in three places survive the loss of one; two freeze when either is lost. Add a small witness as a manager in a third place, or leave ha out");
  for (const [place, names] of places) {
    if (managers.length - names.length < majority) fail(host, ["ha"], `swarm.ha, and without ${place} (${names.join(", ")}) ${managers.length - names.length} of ${managers.length} managers are left, which is no majority`, "spread the managers so that no place has half of them");
  }
}

function refusePools({ host, vars }: End, members: readonly End[]): void {
  const pools = [
    ...vars.default_addr_pool.map((cidr) => ({ cidr, path: ["default_addr_pool"] as const })),
    ...vars.default_address_pools.map(({ base }, i) => ({ cidr: base, path: ["default_address_pools", i] as const })),
  ];
  const fixed = [
    ...(vars.ingress.subnet === undefined ? [] : [{ cidr: vars.ingress.subnet, path: ["ingress", "subnet"] }]),
    ...groupsOf(vars).flatMap(({ path, group }) => Object.entries(group.networks).flatMap(([name, { subnet }]) => (subnet === undefined ? [] : [{ cidr: subnet, path: [...path, "networks", name, "subnet"] }]))),
  ];
  const reserved = [...new Set(members.flatMap((member) => member.vars.reserved))];
  const addresses = members.flatMap((member) => addressesOf(member, members).map((address) => ({ address, of: member.host.name })));
  for (const { cidr, path } of [...pools, ...fixed]) {
    const vip = reserved.find((each) => overlap(cidr, each));
    if (vip !== undefined) fail(host, path, `${cidr} overlaps with ${vip}, which is reserved: Docker would give it to containers`, `an address that moves, or a private network, is no place for containers: take another network, such as 172.28.0.0/14`);
    const taken = addresses.find(({ address }) => overlap(cidr, `${address}/32`));
    if (taken) fail(host, path, `${cidr} holds ${taken.address}, the address of ${taken.of}`, "take a network that no host is in");
  }
  const all = [...pools, ...fixed];
  for (const [i, one] of all.entries()) {
    const other = all.slice(0, i).find((each) => overlap(each.cidr, one.cidr) && !(i >= pools.length && vars.default_addr_pool.includes(each.cidr)));
    if (other) fail(host, one.path, `${one.cidr} overlaps with ${other.cidr}`, "the cluster's networks and those of single hosts must not meet");
  }
  for (const [i, { base, size }] of vars.default_address_pools.entries()) if (Number(base.split("/")[1]) > size) fail(host, ["default_address_pools", i, "size"], `no network of /${size} fits into ${base}`, "a longer prefix");
  for (const pool of vars.default_addr_pool) if (Number(pool.split("/")[1]) > vars.default_addr_pool_mask_length) fail(host, ["default_addr_pool_mask_length"], `no network of /${vars.default_addr_pool_mask_length} fits into ${pool}`, "a longer prefix");
}

function refuseObjects(host: HostView, vars: Vars): void {
  const ports = new Map<string, string>();
  for (const { path, group, stack } of groupsOf(vars)) {
    for (const type of ["configs", "secrets"] as const) for (const [name, value] of Object.entries(group[type])) refuseData(host, [...path, type, name], type === "configs" ? "config" : "secret", stack === undefined ? name : `${stack}_${name}`, value);
    for (const [name, service] of Object.entries(group.services)) {
      const at = [...path, "services", name];
      const own = stack === undefined ? name : `${stack}_${name}`;
      for (const [i, network] of service.networks.entries()) if (!(network in group.networks) && !(network in vars.networks)) fail(host, [...at, "networks", i], `service ${own} is on network ${network}, which nothing declares`, `networks: ${known({ ...vars.networks, ...group.networks }, network)}`);
      for (const type of ["configs", "secrets"] as const) for (const [i, { source }] of service[type].entries()) if (!(source in group[type])) fail(host, [...at, type, i], `service ${own} wants ${source}, which is not among ${[...path, type].join(".")}`, `${type}: ${known(group[type], source)}`);
      for (const [i, { published, protocol }] of service.ports.entries()) {
        const key = `${published}/${protocol}`;
        if (ports.has(key)) fail(host, [...at, "ports", i], `services ${ports.get(key)} and ${own} both publish ${key}`, "a port is one service's");
        ports.set(key, own);
      }
      for (const [i, { type, source }] of service.volumes.entries()) if (type === "bind" && source === undefined) fail(host, [...at, "volumes", i], `service ${own} binds nothing: source is missing`, "source: a folder on the host");
      if (own.length > 63) fail(host, at, `service ${own} has ${own.length} letters, and Docker takes 63`, "a shorter name");
    }
  }
}

function refuseData(host: HostView, path: readonly string[], type: "config" | "secret", name: string, value: Stack["configs"][string] | Stack["secrets"][string]): void {
  if (versionedName("config", name, "").length > LONGEST) fail(host, path, `${type} ${name} has ${name.length} letters, and with the hash behind it Docker takes ${LONGEST}`, "a shorter name");
  if (!("content" in value)) return;
  const size = Buffer.byteLength(typeof value.content === "string" ? value.content : value.content.reveal());
  if (size === 0 || size > MOST[type]) fail(host, path, `${type} ${name} has ${size} bytes, and Docker takes 1 to ${MOST[type]}`, "a volume, for what is bigger");
}

/** What there is, the nearest to a name that is not first. */
function known(all: Readonly<Record<string, unknown>>, wanted: string): string {
  const near = (name: string): number => Array.from(name).filter((letter, i) => wanted[i] !== letter).length + Math.abs(name.length - wanted.length);
  return Object.keys(all).toSorted((one, other) => near(one) - near(other)).join(", ") || "none";
}

/** What an operator must know: what is weak, and what no run can mend. */
export function weaknesses(members: readonly End[]): readonly string[] {
  const managers = managersOf(members);
  const places = new Set(managers.map(placeOf));
  const said: string[] = [];
  const names = managers.map(({ host }) => host.name).join(", ");
  if (managers.length === 1) said.push(`the Swarm has one manager, ${names}: while it is away nothing is started, moved or changed, and when it is lost so is what it knows. Three managers in three places survive the loss of one; add a witness`);
  if (managers.length === 2) said.push(`the Swarm has two managers, ${names}, and both are the quorum: when either is lost, or they do not reach one another, the cluster is frozen; running tasks go on, and none is replaced. That is worse than one: add a witness in a third place, or make one of them a worker`);
  if (managers.length > 2 && managers.length % 2 === 0) said.push(`the Swarm has ${managers.length} managers, which survive the loss of ${managers.length / 2 - 1}, as ${managers.length - 1} would: an even one more adds nothing but another one that can fail`);
  if (managers.length > 2 && places.size < 3) said.push(`the Swarm's managers are in ${places.size} place${places.size === 1 ? "" : "s"} (${[...places].join(", ")}): when the one with most of them is lost, the rest is no majority. Add a witness in a third place`);
  const working = joinedOf(members).filter(({ host, vars }) => host.groups.includes("witness") && vars.availability !== "drain");
  for (const { host } of working) said.push(`${host.name} is a witness and gets tasks, which may take from it the time that the quorum needs: swarm.availability: drain`);
  return said;
}
