/** What a drill breaks. */
export const KINDS = ["tunnel-cut", "node-loss", "region-loss", "witness-loss"] as const;
export type Kind = (typeof KINDS)[number];

/** What one look at a host saw, by the probes' ids. Undefined: the host could not be looked at. */
export type Seen = Readonly<Record<string, string>>;

/** A look at a host. All times of a timeline are seconds since its load began, by the controller's monotonic clock. */
export interface Sample {
  readonly host: string;
  readonly at: number;
  readonly seen: Seen;
}

/** A client's request. */
export interface Request {
  /** When it was sent. */
  readonly at: number;
  /** Until the last byte of the answer, or until it was given up. */
  readonly seconds: number;
  readonly ok: boolean;
}

/** An address, path or route that is watched. */
export interface Watched {
  readonly id: string;
  readonly kind: "address" | "path" | "route";
  readonly host: string;
  /** For people. */
  readonly name: string;
  /** The region that it leads to; none for an address. */
  readonly to?: string;
  /** What is seen while nothing is wrong; none for an address, which one host alone holds. */
  readonly healthy?: string;
}

/** Everything that a drill saw. */
export interface Timeline {
  readonly kind: Kind;
  /** When the fault was made and when it was taken back. */
  readonly fault: number;
  readonly healed: number;
  readonly end: number;
  readonly period: number;
  readonly watched: readonly Watched[];
  readonly samples: readonly Sample[];
  readonly requests: readonly Request[];
  readonly scene: Scene;
}

/** Who plays which part. */
export interface Scene {
  /** The host that the clients are on, where the switch is watched. */
  readonly client: string;
  /** The region that the clients' requests go to. */
  readonly service: string;
  /** The region to which the route shall disappear; none where the fault is no region's. */
  readonly lost?: string;
  /** Hosts that the fault takes away. */
  readonly victims: readonly string[];
  /** Whether every request can be answered although the fault is there, by the other path or because it does not meet it. */
  readonly answerable: boolean;
}

/** Values are null where a kind has none, or where it was never reached. */
export interface Figures {
  readonly detectionSeconds: number | null;
  readonly switchSeconds: number | null;
  readonly returnSeconds: number | null;
  readonly requestsSent: number;
  readonly requestsLost: number;
  readonly requestsSent30s: number;
  readonly requestsLost30s: number;
  readonly vipHoldersMax: number | null;
  readonly vipGapSeconds: number | null;
}
