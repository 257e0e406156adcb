import { homedir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../errors/index.ts";
import type { Hop, KeyFile } from "./hop.ts";
import { configFor, type HostConfig } from "./host-config.ts";
import { expandHome, tilde } from "./paths.ts";
import { readSshConfig, type ConfigLine } from "./ssh-config.ts";
import { localUser, type Connection, type HostKeyChecking, type Target } from "./target.ts";

/** Gives the target of an inventory host by name, for jump hosts that are named so. */
export type HostResolver = (name: string) => Target | undefined;

const DEFAULT_PORT = 22;
/** Seconds. */
const CONNECT_TIMEOUT = 20;
const KEEPALIVE = 15;
const GLOBAL_KNOWN_HOSTS = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];
/** ssh(1): the key files that are tried when none is named, as far as ssh2 reads them. */
const DEFAULT_KEYS = ["id_ed25519", "id_ecdsa", "id_rsa"];

/** Reads each ssh client configuration once. */
export class HopResolver {
  readonly #hosts: HostResolver;
  readonly #configs = new Map<string, Promise<readonly ConfigLine[]>>();

  constructor(hosts: HostResolver) {
    this.#hosts = hosts;
  }

  /**
   * The connections to make, from the controller outwards; the last is the host itself.
   * @throws UsageError for a circle, or a jump host that cannot be understood
   */
  async chain(target: Target): Promise<readonly Hop[]> {
    return await this.#chain(target.host, target.connection, []);
  }

  async #chain(label: string, connection: Connection, before: readonly string[]): Promise<readonly Hop[]> {
    const names = [...before, label];
    if (before.includes(label)) throw new UsageError(`the jump hosts form a circle: ${names.join(" -> ")}`, { host: names[0] as string });
    const config = await this.#config(connection, connection.address);
    const hop = resolve(label, connection, config);
    const jump = connection.jump ?? config.proxyJump ?? [];
    const [first, ...others] = jump;
    if (first === undefined) return [hop];
    // Only the first jump host is reached from here, so only its own jump hosts count, as with ssh -J.
    const hops = [...(await this.#jump(first, connection, names, true))];
    for (const spec of others) hops.push((await this.#jump(spec, connection, names, false)).at(-1) as Hop);
    return [...hops, hop];
  }

  async #jump(spec: string, from: Connection, names: readonly string[], nested: boolean): Promise<readonly Hop[]> {
    const host = this.#hosts(spec);
    if (host?.connection.kind === "local") throw new UsageError(`${spec} is this machine and cannot be a jump host`, { host: names[0] as string });
    const connection = host?.connection ?? (await this.#fromSpec(spec, from));
    return await this.#chain(host?.host ?? spec, nested ? connection : { ...connection, jump: [] }, names);
  }

  /** A jump host that is no inventory host takes its host's keys, but never its password: that would hand it to another machine. */
  async #fromSpec(spec: string, from: Connection): Promise<Connection> {
    const { user, address, port } = parseJump(spec);
    const { keys, password: _password, jump: _jump, user: _user, port: _port, ...shared } = from;
    const connection = { ...shared, address, user, port };
    const { identityFiles } = await this.#config({ ...connection, jump: [] }, address);
    return { ...connection, keys: identityFiles.length > 0 ? undefined : keys };
  }

  async #config(connection: Connection, name: string): Promise<HostConfig> {
    if (connection.config === false) return { identityFiles: [], certificates: [], identitiesOnly: false };
    const file = connection.config === undefined ? expandHome(process.env["HAWSER_SSH_CONFIG"] ?? join(homedir(), ".ssh", "config")) : expandHome(connection.config);
    const reading = this.#configs.get(file) ?? readSshConfig(file);
    this.#configs.set(file, reading);
    return configFor(await reading, name, { user: connection.user, port: connection.port, jump: connection.jump !== undefined });
  }
}

function resolve(label: string, connection: Connection, config: HostConfig): Hop {
  const address = config.hostName ?? connection.address;
  const port = connection.port ?? config.port ?? DEFAULT_PORT;
  const named = connection.keys?.map((path): KeyFile => ({ path: expandHome(path), from: "inventory" }));
  const configured = config.identityFiles.map((path): KeyFile => ({ path, from: "config" }));
  const usual = DEFAULT_KEYS.map((name): KeyFile => ({ path: join(homedir(), ".ssh", name), from: "default" }));
  const user = connection.knownHosts === undefined ? (config.knownHosts ?? ["known_hosts", "known_hosts2"].map((name) => join(homedir(), ".ssh", name))) : [expandHome(connection.knownHosts)];
  const global = connection.knownHosts === undefined ? (config.globalKnownHosts ?? GLOBAL_KNOWN_HOSTS) : [];
  const socket = config.identityAgent === undefined || config.identityAgent === "SSH_AUTH_SOCK" ? process.env["SSH_AUTH_SOCK"] : expandHome(config.identityAgent);
  const agent = connection.agent && config.identityAgent?.toLowerCase() !== "none" && socket ? socket : undefined;
  return {
    label,
    address,
    port,
    user: connection.user ?? config.user ?? localUser(),
    keyName: config.hostKeyAlias ?? address,
    keyPort: config.hostKeyAlias === undefined ? port : DEFAULT_PORT,
    keys: named ?? (configured.length > 0 ? configured : usual),
    certificates: config.certificates,
    identitiesOnly: config.identitiesOnly,
    agent,
    agentName: agent === undefined ? undefined : agent === process.env["SSH_AUTH_SOCK"] ? "SSH_AUTH_SOCK" : tilde(agent),
    passphrase: connection.passphrase,
    password: connection.password,
    knownHosts: [...user, ...global],
    newHosts: user[0],
    hostKeyChecking: connection.hostKeyChecking ?? checking(config.hostKeyChecking),
    connectTimeout: connection.connectTimeout ?? config.connectTimeout ?? CONNECT_TIMEOUT,
    keepalive: connection.keepalive ?? config.keepalive ?? KEEPALIVE,
    family: config.family,
    bindAddress: config.bindAddress,
  };
}

/** ssh's `ask` cannot ask here, so it is strict. */
function checking(configured: string | undefined): HostKeyChecking {
  if (configured === "accept-new") return "accept-new";
  return configured === "no" || configured === "off" ? "off" : "strict";
}

/** `user@host:port`, `[v6]:port`, or `ssh://` before either. @throws UsageError */
export function parseJump(spec: string): { readonly user: string | undefined; readonly address: string; readonly port: number | undefined } {
  const found = /^(?:ssh:\/\/)?(?:([^@\s]+)@)?(?:\[([\da-fA-F:.]+(?:%\w+)?)\]|([^\s:[\]@/]+)|([\da-fA-F:]*:[\da-fA-F:.]+:[\da-fA-F:.]*))(?::(\d{1,5}))?\/?$/.exec(spec);
  const address = found?.[2] ?? found?.[3] ?? found?.[4];
  const port = found?.[5] === undefined ? undefined : Number(found[5]);
  if (address === undefined || port === 0 || (port ?? 1) > 65_535) throw new UsageError(`cannot read the jump host ${JSON.stringify(spec)}`, { hint: "write user@host:port, [v6 address]:port, or the name of an inventory host" });
  return { user: found?.[1], address, port };
}
