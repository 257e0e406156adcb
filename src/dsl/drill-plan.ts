import { UsageError, type SourceLine } from "../errors/index.ts";
import type { Sh } from "../shell/index.ts";
import { callSite } from "./source.ts";

/** An address that one host of several holds at a time. */
export interface AddressProbe {
  readonly kind: "address";
  readonly role: string;
  readonly name: string;
  readonly address: string;
}

/** A file on the host that names the path in use. */
export interface PathProbe {
  readonly kind: "path";
  readonly role: string;
  readonly name: string;
  /** The region that the path leads to. */
  readonly to: string;
  readonly file: string;
  /** What the file says while nothing is wrong. */
  readonly healthy: string;
  /** See `DrillPlan.path`. */
  readonly holdFile?: string;
}

/** A route that the kernel has only while a tunnel is known to be up. */
export interface RouteProbe {
  readonly kind: "route";
  readonly role: string;
  readonly name: string;
  /** The region that the route leads to. */
  readonly to: string;
  readonly network: string;
  readonly via: readonly string[];
}

export type DrillProbe = AddressProbe | PathProbe | RouteProbe;

/** A tunnel that ends on the host, and what to drop so that it is dead. */
export interface Tunnel {
  readonly role: string;
  /** The region of the other end, and its host and public address. */
  readonly to: string;
  readonly host: string;
  readonly address: string;
  /** As `udp:4500`, `tcp:443`, `gre`, `esp`. */
  readonly traffic: readonly string[];
}

/** A service of another region that clients on the host can ask for. */
export interface ClientTraffic {
  readonly role: string;
  readonly name: string;
  /** The region that serves. */
  readonly to: string;
  /** Where the host reaches it. */
  readonly address: string;
  readonly port: number;
  /** What to GET, from `/`. */
  readonly path: string;
}

/** What clients on the host write to a service while something is broken. */
export interface Writes {
  readonly role: string;
  readonly name: string;
  /** See `DrillPlan.writes`. */
  readonly write: Sh;
  readonly read?: Sh;
  readonly clean?: Sh;
}

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const NETWORK = /^\d{1,3}(?:\.\d{1,3}){3}\/(?:\d|[12]\d|3[0-2])$/;
const TRAFFIC = /^(?:(?:udp|tcp):[1-9]\d{0,4}|gre|esp)$/;
const FILE = /^\/[\w./-]+$/;

/** What a role tells `hawser drill`, as `d`: what there is to break on this host, to watch and to ask for. Declares only. */
export class DrillPlan {
  /** The role's name, or `name[as]`. */
  readonly role: string;
  readonly probes: DrillProbe[] = [];
  readonly tunnels: Tunnel[] = [];
  readonly traffics: ClientTraffic[] = [];
  readonly written: Writes[] = [];

  constructor(role: string) {
    this.role = role;
  }

  /** An address (IPv4) that must have exactly one holder: a host holds it while it is on one of its links. Every host that may hold it declares it. */
  address(name: string, address: string): void {
    const source = callSite();
    this.#expect(IPV4.test(address), `the address "${name}" is an IPv4 address, not ${address}`, source);
    this.#probe({ kind: "address", role: this.role, name, address }, source);
  }

  /**
   * Which path the traffic to a region takes: the one word in a file.
   * @param path.healthy The word while nothing is wrong.
   * @param path.holdFile Where whoever changes the path reads how long to wait before it changes back, instead of its own time:
   * `SECONDS UPTIME`, good until /proc/uptime has passed UPTIME, so that one who is killed leaves nothing behind.
   */
  path(name: string, path: { readonly to: string; readonly file: string; readonly healthy: string; readonly holdFile?: string }): void {
    const source = callSite();
    for (const file of [path.file, path.holdFile ?? path.file]) this.#expect(FILE.test(file), `the path "${name}" is read from an absolute file, not ${file}`, source);
    this.#probe({ kind: "path", role: this.role, name, ...path }, source);
  }

  /**
   * A route of the kernel's main table that disappears when the tunnel to a region is found dead, which is how long detection takes.
   * @param route.via The gateways that it may lead through; routes to the same network by another one do not count.
   */
  route(network: string, route: { readonly to: string; readonly via: readonly string[] }): void {
    const source = callSite();
    this.#expect(NETWORK.test(network), `a route is to a network such as 10.20.0.0/24, not ${network}`, source);
    this.#expect(route.via.length > 0 && route.via.every((address) => IPV4.test(address)), `the route to ${network} leads through IPv4 addresses`, source);
    this.#probe({ kind: "route", role: this.role, name: network, network, ...route }, source);
  }

  /** What `tunnel-cut` drops between this host and the other end. */
  tunnel(tunnel: { readonly to: string; readonly host: string; readonly address: string; readonly traffic: readonly string[] }): void {
    const source = callSite();
    this.#expect(IPV4.test(tunnel.address), `the tunnel to ${tunnel.host} ends at an IPv4 address, not ${tunnel.address}`, source);
    for (const traffic of tunnel.traffic) this.#expect(TRAFFIC.test(traffic), `the tunnel to ${tunnel.host} is made of udp:PORT, tcp:PORT, gre or esp, not ${traffic}`, source);
    this.tunnels.push({ role: this.role, ...tunnel });
  }

  /** A service of another region that clients ask for from this host, by HTTP GET. Each answer must be as those before the fault. */
  traffic(name: string, traffic: { readonly to: string; readonly address: string; readonly port: number; readonly path: string }): void {
    const source = callSite();
    this.#expect(IPV4.test(traffic.address) && traffic.path.startsWith("/"), `the traffic "${name}" goes to an IPv4 address and a path from /`, source);
    this.traffics.push({ role: this.role, name, ...traffic });
  }

  /**
   * What clients on this host write to a service, five times a second and one after the other; all that the service acknowledged must be on
   * every host that declares the same name afterwards. Runs as root, under POSIX sh, without any input.
   * @param commands.write Writes something that is known by `$key` (letters, digits, hyphens); ends with 0 when the service said that it
   * is kept, and within a few seconds in any case.
   * @param commands.read Prints the keys that begin with `$prefix` and are on this host, one a line. Default: nothing is read back, and
   * an answer is all that was asked for.
   * @param commands.clean Takes away what begins with `$prefix`.
   */
  writes(name: string, commands: { readonly write: Sh; readonly read?: Sh; readonly clean?: Sh }): void {
    const source = callSite();
    this.#expect(!this.written.some((other) => other.name === name), `the writes "${name}" are declared twice on one host`, source);
    for (const command of Object.values(commands)) this.#expect(!command.sensitive, `the writes "${name}" hold a secret, which a process list would show: read it from a file on the host`, source);
    this.written.push({ role: this.role, name, ...commands });
  }

  #probe(probe: DrillProbe, source: SourceLine): void {
    this.#expect(!this.probes.some(({ kind, name }) => kind === probe.kind && name === probe.name), `the ${probe.kind} "${probe.name}" is declared twice on one host`, source);
    this.probes.push(probe);
  }

  #expect(fits: boolean, message: string, source: SourceLine): void {
    if (!fits) throw new UsageError(`${this.role}: ${message}`, { source });
  }
}
