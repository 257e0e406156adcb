import { lane, sh, z, type Facts, type Listener, type Member, type ResourceNode, type RoleInput, type Sh, type Tasks, type Value, type Verifier } from "hawser";
import { keysSchema, type Keys } from "../keys.ts";
import type { Site } from "../sites.ts";
import type { schema, Vars } from "../vars.ts";

/** Regions that restart at once serve nobody. */
export const oneAtATime = lane("minio", 1);

/** What hosts of the role take from one another. */
export const exported = {
  /** What this site shows to the others, of a backend that asks for it. */
  certificate: z.string(),
  had: keysSchema,
  keys: keysSchema,
  /** Names this host among the nodes of a cluster. */
  node: z.string(),
  /** Read when buckets and users are there, on the host that makes them for all. */
  ready: z.string(),
};

export type ObjectsMember = Member<typeof schema, typeof exported>;

/** What a backend is given to declare a site. */
export interface SiteInput extends Pick<RoleInput<typeof schema, Record<never, never>, typeof exported>, "t"> {
  readonly own: Site;
  readonly sites: readonly ObjectsMember[];
  /** Of all users, those that were given and those that were made. */
  readonly keys: Value<Keys>;
  /** What is on the host already, of `Backend.look`. */
  readonly data: string;
  readonly facts: Facts;
  /** What must be there before: packages, account, folder, S3's certificate. */
  readonly before: readonly ResourceNode[];
}

/** What a server does in its own way. What clients see of it, S3 and its health check, is the role's. */
export interface Backend {
  /** The server's user, who reads S3's key, and whom the health check runs as. */
  readonly account: string;
  /** S3 is this host's own: its certificate and its port are the role's. */
  readonly serves: boolean;
  /** S3's certificate and its key are wanted in one file as well. */
  readonly joined: boolean;
  /** Run when S3's certificate was renewed. Without it, the server sees that by itself. */
  readonly renewed?: Sh;
  /** Prints `no` where nothing is stored yet, else something that the backend knows how to read. */
  readonly look: Sh;
  /** Names beside the users' for which keys are made. */
  readonly secrets: readonly string[];
  /** @throws UsageError at the inventory's line for vars that this server cannot be given */
  refuse(own: Site, peers: readonly Site[]): void;
  /** What works, but is weak. */
  weaknesses(sites: readonly Site[]): readonly string[];
  /** Ports beside S3's. */
  listens(own: Site, peers: readonly Site[]): readonly Listener[];
  /** Ports that are open to the other hosts of the role alone. */
  peerPorts(vars: Vars): readonly number[];
  /** Packages, and the server's user. */
  declareAccount(t: Tasks, facts: Facts): readonly ResourceNode[];
  declare(site: SiteInput): void;
  /** What is measured beside S3. */
  assert(v: Verifier, own: Site, sites: readonly Site[]): void;
}

/** An existing store restarts host by host; a new one has nobody to serve yet. */
export function rolling({ t, data }: Pick<SiteInput, "t" | "data">, body: () => void): void {
  t.block("site", data === "no" ? {} : { lane: oneAtATime }, body);
}

/**
 * What is of all sites together, the first host makes. @returns What it made there, and all users' keys, for which the others wait until that is done:
 * nobody looks for an object in a bucket that is still to be made.
 */
export function sharedByAll({ t, own, sites, keys }: Pick<SiteInput, "t" | "own" | "sites" | "keys">, make: () => readonly ResourceNode[]): { readonly made: readonly ResourceNode[]; readonly keys: () => Keys } {
  const [first] = sites;
  if (first !== undefined && first.host.name !== own.host.name) {
    const waiting = () => {
      first.exports.ready.get();
      return keys.get();
    };
    return { made: [], keys: waiting };
  }
  const made = make();
  t.export("ready", t.read("buckets and users are there", { probe: sh`echo ready`, needs: made }));
  return { made, keys: () => keys.get() };
}
