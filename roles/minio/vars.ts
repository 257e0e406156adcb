import { artifact, secret, z, type HostView } from "hawser";
import { existingVars } from "./backends/existing/vars.ts";
import { garageVars } from "./backends/garage/vars.ts";
import { rustfsVars } from "./backends/rustfs/vars.ts";

/** weed's gRPC port is the port and 10000. */
const port = z.number().int().min(1).max(55_535, "at most 55535: SeaweedFS' gRPC port is this one and 10000");

/** What stands for itself in the scripts and in SeaweedFS' shell. */
const bucketName = z.string().regex(/^(?!xn--|sthree-)(?!.*(?:\.\.|-s3alias$))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "a bucket's name has 3 to 63 lower case letters, digits, dots and dashes");
const userName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "a user's name has lower case letters, digits and dashes, 32 at most");

/** The health check's own. */
export const CANARY_NAME = "hawser-canary";

const bucket = z.strictObject({
  name: bucketName.refine((name) => name !== CANARY_NAME, "the health check's own bucket").describe("The bucket's name, the same in every region. One that is no longer listed stays, with what is in it."),
  expire_days: z.number().int().min(1).max(255).optional().describe("Objects are gone so many days after they were written, in every region. With SeaweedFS it counts for what is written from now on. Default: they stay."),
  quota_mb: z.number().int().min(1).optional().describe("MiB of live objects above which the bucket takes no more: in the whole cluster with Garage, in each region by itself otherwise; SeaweedFS looks every minute. Default: no limit."),
});

const access = z.enum(["read", "read-write"]);

const user = z
  .strictObject({
    name: userName.refine((name) => name !== CANARY_NAME, "the health check's own user").describe("Names the user in the server, and in the role's export `keys`."),
    buckets: z.record(bucketName, access).default({}).describe("What the user may do, by bucket: `read` lists and gets, `read-write` also puts, tags and deletes."),
    admin: z.boolean().default(false).describe("May do everything, buckets included."),
    access_key: z.string().regex(/^[\w.-]{3,128}$/, "an access key has 3 to 128 letters, digits, dots, dashes and underscores").optional().describe("Default: made once, with the secret key."),
    secret_key: secret.refine((value) => secretFits(value), "a secret key has 16 to 64 letters, digits, `/`, `+`, `=`, `_` and `-`").optional().describe("Default: made once on the first host, given to the others over SSH, and kept in /etc/hawser-objects/keys there; roles read it by the export `keys`."),
  })
  .refine(({ access_key, secret_key }) => (access_key === undefined) === (secret_key === undefined), "give access_key and secret_key, or neither");

/** Inventories that are only looked at hold secrets that cannot be opened; those pass. */
function secretFits(value: z.output<typeof secret>): boolean {
  try {
    return /^[\w/+=-]{16,64}$/.test(value.reveal());
  } catch {
    return true;
  }
}

const BACKENDS = ["seaweedfs", "minio-existing", "garage", "rustfs"] as const;

export const schema = z.strictObject({
  backend: z
    .enum(BACKENDS)
    .default("seaweedfs")
    .describe("What keeps the objects: `seaweedfs`, each region a store of its own that takes the others' changes by filer.sync; `garage`, one cluster over all regions, which wants three; `rustfs`, each region a RustFS, whose sites replicate to one another; or `minio-existing`, MinIO sites that the operator runs, which was not tried with the real server."),
  artifact: artifact.describe("A release of the server with its sha256: SeaweedFS 4.40 or later, as the project's `linux_amd64.tar.gz` or the program `weed` by itself; Garage 2.5 or later, as the program `garage` by itself or in an archive; RustFS 1.0 or later, as the program `rustfs` likewise; for `minio-existing` its client `mc`."),
  address: z.ipv4().describe("Where clients and the other regions reach this host: inside the tunnel. Default in playbooks/minio.ts: the host var private_address, else public_address."),
  s3_port: port.default(8333).describe("Port of S3, over TLS; not of sites that are there already."),
  filer_port: port.default(8888).describe("SeaweedFS: port from which the other regions replicate, over mutual TLS; with the port 10000 above it, for gRPC."),
  master_port: port.default(9333).describe("SeaweedFS: port of the master on 127.0.0.1, and 10000 above it for gRPC."),
  volume_port: port.default(9340).describe("SeaweedFS: port of the volumes on 127.0.0.1, and 10000 above it for gRPC. SeaweedFS' own default is 8080, which others like as well."),
  metrics_port: port.default(9327).describe("SeaweedFS: port on 127.0.0.1 of the first puller's Prometheus metrics; the others' follow it."),
  clients: z.array(z.union([z.cidrv4(), z.ipv4()])).default([]).describe("Who may use S3 beside the other regions' hosts of the role, e.g. `10.10.0.0/24`."),
  buckets: z.array(bucket).default([]).describe("The same on every host."),
  users: z.array(user).default([]).describe("The same on every host. There is no anonymous access."),
  volume_size_limit_mb: z.number().int().min(64).max(30_000).default(1024).describe("SeaweedFS: MiB at which a volume file is full and a new one begins (`-master.volumeSizeLimitMB`; SeaweedFS' own default is 30000)."),
  volume_max: z.number().int().min(0).default(0).describe("SeaweedFS: the most volume files of this host (`-volume.max`): with volume_size_limit_mb the most that it stores. 0: as the disk has room."),
  min_free_percent: z.number().int().min(1).max(50).default(5).describe("Free per cent of the disk under which nothing more is written (SeaweedFS' `-volume.minFreeSpace`); `verify` wants five more, with Garage as well."),
  arrives_within_s: z.number().int().min(1).max(600).default(10).describe("Seconds in which a written object, and a deletion, is to be seen in the other regions; what `verify` holds against the measured ones."),
  canary_every_s: z.number().int().min(5).max(3600).default(60).describe("Seconds between two health checks that write an object, look for it in the other regions, and delete it."),
  change_log_days: z.number().int().min(7).optional().describe("SeaweedFS: days after which a change is forgotten. A region that was away for longer misses what was changed before, and a host that is set up anew gets only what is younger. Default: never; the log takes some 2 MB a day for the health check, and half a kilobyte for each change."),
  certificate_days: z.number().int().min(60).max(3650).default(3650).describe("SeaweedFS: days for which the host's certificate for the other regions is made; it is renewed 30 days before its end. That of S3 is of the role ca."),
  garage: garageVars,
  rustfs: rustfsVars,
  existing: existingVars,
  allow_eol: z.boolean().default(false).describe("Allows CentOS 7, which gets no security updates since 2024-06-30."),
});

export type Vars = z.output<typeof schema>;
export type User = Vars["users"][number];
export type Bucket = Vars["buckets"][number];

/** What the health check left when it was stopped is gone a day later. */
const CANARY_BUCKET: Bucket = { name: CANARY_NAME, expire_days: 1 };

export const bucketsOf = (vars: Pick<Vars, "buckets">): readonly Bucket[] => [...vars.buckets, CANARY_BUCKET];

/** What a user may do. */
export type Rights = Pick<User, "name" | "admin" | "buckets">;

export const usersOf = (vars: Pick<Vars, "users">): readonly Rights[] => [{ name: CANARY_NAME, admin: false, buckets: { [CANARY_NAME]: "read-write" } }, ...vars.users];

/** The addresses of a host as its inventory has them, for `use(minio, (host) => ({ ...siteOf(host), ...host.vars(minio) }))`. */
export function siteOf(host: HostView): { address?: string } {
  const { private_address, public_address } = host.inventory;
  const address = z.ipv4().safeParse(private_address ?? public_address);
  return address.success ? { address: address.data } : {};
}
