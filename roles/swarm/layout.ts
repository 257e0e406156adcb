import { UsageError, type Facts, type HostView } from "hawser";
import type { Stack, Vars } from "./vars.ts";
import { versionedName } from "./data-kind.ts";
import { specOf, type Names } from "./spec.ts";

/** A host of the role, with its vars. */
export interface End {
  readonly host: HostView;
  readonly vars: Vars;
}

export const joinedOf = <E extends End>(members: readonly E[]): readonly E[] => members.filter(({ vars }) => vars.state === "joined");
export const managersOf = <E extends End>(members: readonly E[]): readonly E[] => joinedOf(members).filter(({ vars }) => vars.role === "manager");

/** Where a host stands: what is lost together. */
export const placeOf = ({ host }: End): string => (host.region === "" ? host.name : host.region);

/** The manager that speaks for the cluster. @throws UsageError when there is none */
export function entryOf<E extends End>(members: readonly E[]): E {
  const managers = managersOf(members);
  const name = members[0]?.vars.entry;
  const entry = name === undefined ? managers[0] : managers.find(({ host }) => host.name === name);
  if (!entry) throw new UsageError(name === undefined ? "no host is a manager of the Swarm" : `swarm.entry names ${name}, which is no manager`, { source: (members[0] as E).host.at("swarm", name === undefined ? "role" : "entry"), hint: `swarm.role: manager; managers: ${managers.map(({ host }) => host.name).join(", ") || "none"}` });
  return entry;
}

/** One that can speak for the cluster while this host is away; itself when it is alone. */
export const speakerFor = <E extends End>(host: string, members: readonly E[]): E => {
  const entry = entryOf(members);
  return entry.host.name !== host ? entry : (managersOf(members).find((each) => each.host.name !== host) ?? entry);
};

/** Whether all nodes are inside the tunnel, so that the managers talk there too. */
export const inTunnel = (members: readonly End[]): boolean => joinedOf(members).every(({ vars }) => vars.private_address !== undefined);

/** @throws UsageError for a node without any address */
export function advertised({ host, vars }: End, members: readonly End[]): string {
  const address = vars.advertise_addr ?? (inTunnel(members) ? vars.private_address : (vars.public_address ?? vars.private_address));
  if (address === undefined) throw new UsageError(`no address of ${host.name} is known under which other nodes reach it`, { source: host.at("swarm"), hint: "private_address or public_address of the host, or swarm.advertise_addr" });
  return address;
}

export const dataPathOf = (end: End, members: readonly End[]): string => end.vars.data_path_addr ?? end.vars.private_address ?? advertised(end, members);

/**
 * The address on which a manager listens: all of them, where the one that it names is its own. Behind a 1:1 NAT Docker wants to be told which is, as soon as
 * there are two, and the address that moves is one.
 */
export function listenOf(end: End, members: readonly End[], facts: Pick<Facts, "addresses">): string {
  const own = new Set(facts.addresses.map(({ address }) => address));
  const { private_address } = end.vars;
  return own.has(advertised(end, members)) || private_address === undefined || !own.has(private_address) ? "0.0.0.0" : private_address;
}

/** Every address from which a node's packets may come. */
export const addressesOf = (end: End, members: readonly End[]): readonly string[] => [...new Set([advertised(end, members), dataPathOf(end, members), ...[end.vars.private_address, end.vars.public_address].filter((address) => address !== undefined)])];

interface Data {
  readonly type: "config" | "secret";
  readonly name: string;
  readonly versioned: string;
  readonly content: Vars["secrets"][string]["content"] | string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Placed {
  readonly name: string;
  readonly spec: Record<string, unknown>;
  readonly configs: readonly string[];
  readonly secrets: readonly string[];
}

/** Everything that the vars want of the cluster, by the names that it has there. */
export interface Objects {
  readonly networks: readonly (Stack["networks"][string] & { readonly name: string })[];
  readonly data: readonly Data[];
  readonly services: readonly Placed[];
}

/** The vars' own objects, and those of each stack. */
export function groupsOf(vars: Vars): readonly { readonly stack?: string; readonly path: readonly string[]; readonly group: Stack }[] {
  return [{ path: [], group: vars }, ...Object.entries(vars.stacks).map(([stack, group]) => ({ stack, path: ["stacks", stack], group }))];
}

/** @param read The content of a config that is a file. */
export function objectsOf(vars: Vars, read: (file: string) => string): Objects {
  const all = groupsOf(vars).map(({ stack, group }): Objects => {
    const full = (name: string): string => (stack === undefined ? name : `${stack}_${name}`);
    const labels = stack === undefined ? {} : { "com.docker.stack.namespace": stack };
    const data = [
      ...Object.entries(group.configs).map(([name, config]) => {
        const content = "content" in config ? config.content : read(config.file);
        return { type: "config" as const, key: name, name: full(name), versioned: versionedName("config", full(name), content), content, labels };
      }),
      ...Object.entries(group.secrets).map(([name, { content }]) => ({ type: "secret" as const, key: name, name: full(name), versioned: versionedName("secret", full(name), content.reveal()), content, labels })),
    ];
    const versioned = (type: Data["type"]) => (name: string) => data.find((each) => each.type === type && each.key === name)?.versioned ?? name;
    const names = (name: string): Names => ({ service: full(name), ...(stack !== undefined && { stack }), network: (of) => (of in group.networks ? full(of) : of), config: versioned("config"), secret: versioned("secret") });
    return {
      networks: Object.entries(group.networks).map(([name, network]) => ({ ...network, name: full(name), labels: { ...network.labels, ...labels } })),
      data,
      services: Object.entries(group.services).map(([name, service]) => ({
        name: full(name),
        spec: specOf(service, names(name)),
        configs: [...new Set(service.configs.map(({ source }) => versioned("config")(source)))],
        secrets: [...new Set(service.secrets.map(({ source }) => versioned("secret")(source)))],
      })),
    };
  });
  return { networks: all.flatMap(({ networks }) => networks), data: all.flatMap(({ data }) => data), services: all.flatMap(({ services }) => services) };
}
