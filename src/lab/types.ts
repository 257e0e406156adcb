/** The root file system a host boots: Debian, or the EL-like flavour (Debian's dnf and rpm under an EL os-release; not CentOS). */
export type LabImage = "debian" | "el";

/** One throw-away host as asked for. */
export interface LabHost {
  /** Lower-case letters, digits and hyphens; also its hostname. */
  readonly name: string;
  /** IPv4 in its region's /24, itself inside 198.18.0.0/15; .0, .1 (the gateway) and .255 are taken. */
  readonly address: string;
  readonly region: string;
  readonly image: LabImage;
  /**
   * The only address that the host itself has, as behind a cloud's 1:1 NAT; `address` is then the public one, which the
   * lab's router rewrites. In 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, one /24 a region, .1 the gateway. Default: none.
   */
  readonly privateAddress?: string | undefined;
}

/** A lab as asked for. */
export interface LabSpec {
  /** Lower-case letters, digits and hyphens, at most 12 characters (it is part of a link's name, which holds 15). */
  readonly name: string;
  readonly hosts: readonly LabHost[];
  /** Round-trip time in milliseconds, controller to host and region to region. Default: as it is, 0 for a new lab. */
  readonly rttMs?: number;
  /** Whether the hosts need GRE, ESP and the like: `auto` then takes hosts with a kernel of their own where this machine's lacks them. Default: false. */
  readonly needsKernel?: boolean;
}

/** What to run the hosts with; `auto` takes the first that works here. */
export type Backend = "nspawn" | "uml" | "docker" | "auto";
export type BackendName = Exclude<Backend, "auto">;

/** A host as it is now. */
export interface LabHostState extends LabHost {
  /** `up`: booted and answering; `booting`: processes but no answer on port 22 yet; `frozen`: all processes stopped; `off`: no process. */
  readonly power: "up" | "booting" | "frozen" | "off";
  /** Shorthand for `power === "up"`. */
  readonly ready: boolean;
  /** The controller's pid of the host's PID 1; undefined when off, or when the host has a kernel of its own. */
  readonly leader: number | undefined;
  /** Where ssh connects to. Differs from `address` and 22 only where an engine publishes ports. */
  readonly ssh: { readonly address: string; readonly port: number };
}

/** What a cut may be limited to. `port` is that of the service; both directions of it are cut. */
export interface LabTraffic {
  readonly protocol: "tcp" | "udp" | "icmp" | "gre" | "esp";
  readonly port?: number;
}

/** A fault of the network. `a` and `b` are hosts or regions; without `b` it is everybody but the controller. */
export type LabFault =
  | { readonly kind: "cut"; readonly a: string; readonly b?: string; readonly only?: LabTraffic }
  | { readonly kind: "loss"; readonly a: string; readonly b: string; readonly percent: number };

/** How the round-trip time is made. */
export interface LabRtt {
  readonly ms: number;
  readonly mechanism: "none" | "netem" | "userspace";
}

/** A lab as it is now. */
export interface LabState {
  readonly name: string;
  readonly backend: BackendName;
  /** Why this backend, in one sentence. */
  readonly why: string;
  readonly hosts: readonly LabHostState[];
  readonly rtt: LabRtt;
  /** What is cut or lossy now. */
  readonly faults: readonly LabFault[];
  /** Holds everything of this lab that is on disk. */
  readonly directory: string;
  /** The private key that root of every host accepts. */
  readonly keyPath: string;
  /** Every host's key, for `UserKnownHostsFile`. */
  readonly knownHostsPath: string;
}

/** One step of bringing a lab up; `host` is absent for steps that concern the whole lab. */
export interface LabProgress {
  readonly host?: string;
  readonly message: string;
}
export type OnProgress = (event: LabProgress) => void;
