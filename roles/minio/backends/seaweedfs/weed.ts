import { Sh, sh, type Facts, type ResourceNode, type Tasks } from "hawser";
import { DATA, FOLDER, OPT, S3_TLS } from "../../paths.ts";
import type { Site } from "../../sites.ts";
import type { Vars } from "../../vars.ts";
import { ACCOUNT, CERTIFICATE, IDENTITIES, KEY, PROGRAM, pullerOf, TRUSTED } from "./paths.ts";

/** Where the store's parts are on the host. */
export const masterOf = ({ master_port }: Vars): string => `127.0.0.1:${master_port}`;
export const filerOf = ({ address, filer_port }: Vars): string => `${address}:${filer_port}`;

/** What the program needs, and a user for it. */
export function declareAccount(t: Tasks, { family }: Facts): readonly ResourceNode[] {
  return [...t.package(["openssl", "tar", "gzip", ...(family === "debian" ? ["ca-certificates", "curl"] : ["curl"])]), t.user(ACCOUNT, { system: true, shell: "/usr/sbin/nologin" }), t.directory(OPT, { mode: "0755", parents: true })];
}

const weed = [PROGRAM, "-logtostderr", `-config_dir=${FOLDER}`];

/** A certificate that was renewed is shown so soon, without a restart. Default: 5 hours. */
const REFRESH = "WEED_TLS_CERT_REFRESH_INTERVAL=10s";

export interface UnitText {
  readonly what: string;
  readonly after: string;
  readonly account: string;
  readonly data: string;
  readonly environment: readonly string[];
  readonly words: readonly string[];
  /** Units that are restarted with it, where they run. */
  readonly restarts: string;
}
const unit = (what: string, after: string, words: readonly string[], environment: readonly string[] = []): UnitText => ({ what, after, account: ACCOUNT, data: DATA, environment: [REFRESH, ...environment], words: [...weed, ...words], restarts: "" });

/** Volumes and their master. Nothing of other hosts talks to them: the pullers go through the filer. */
export const storeUnit = (vars: Vars): UnitText =>
  unit(
    "SeaweedFS: volumes and their master",
    "",
    [
      "server",
      "-ip=127.0.0.1",
      "-ip.bind=127.0.0.1",
      `-dir=${DATA}/volumes`,
      `-master.dir=${DATA}/master`,
      `-master.port=${vars.master_port}`,
      "-master.peers=none",
      `-master.volumeSizeLimitMB=${vars.volume_size_limit_mb}`,
      // On by default.
      "-master.telemetry=false",
      `-volume.port=${vars.volume_port}`,
      `-volume.max=${vars.volume_max}`,
      `-volume.minFreeSpace=${vars.min_free_percent}`,
      "-volume.preStopSeconds=1",
    ],
    // By default a bucket takes seven volumes at once, and a small host has no room for a second bucket.
    ["WEED_MASTER_VOLUME_GROWTH_COPY_1=1"],
  );

/** Names of the objects, and S3. A puller whose own filer was away writes on, and never comes to say so: it begins anew with it. */
export const gatewayUnit = (vars: Vars, store: string): UnitText => ({
  ...unit("SeaweedFS: filer and S3", `${store}.service`, [
    "filer",
    `-ip=${vars.address}`,
    `-ip.bind=${vars.address}`,
    `-port=${vars.filer_port}`,
    `-master=${masterOf(vars)}`,
    `-defaultStoreDir=${DATA}/filer`,
    "-disableDirListing",
    "-exposeDirectoryData=false",
    "-ui.deleteDir=false",
    "-s3",
    `-s3.port=${vars.s3_port}`,
    `-s3.config=${IDENTITIES}`,
    `-s3.cert.file=${S3_TLS.certificate}`,
    `-s3.key.file=${S3_TLS.key}`,
    "-s3.iam=false",
    "-s3.autoCreateBucket=false",
    "-s3.allowDeleteBucketNotEmpty=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
  ]),
  restarts: `${pullerOf("*")}.service`,
});

/** Takes another site's changes, its deletions too, and writes down here how far it is: it may stop and go on at any time. */
export const pullerUnit = (own: Vars, source: Site, gateway: string, metrics: number): UnitText =>
  unit(`SeaweedFS: changes of ${source.host.name}`, `${gateway}.service`, [
    "filer.sync",
    "-isActivePassive",
    `-a=${filerOf(source.vars)}`,
    `-b=${filerOf(own)}`,
    "-a.path=/buckets",
    "-b.path=/buckets",
    // The other site's volumes listen on its loopback address.
    "-a.filerProxy",
    "-metricsIp=127.0.0.1",
    `-metricsPort=${metrics}`,
  ]);

/** Runs lines of SeaweedFS' own shell, and prints what it says. It exits 0 whatever they did. */
export const weedShell = (vars: Vars, lines: Sh): Sh => sh`{ ${lines}; } | timeout 30 ${weed.filter((word) => word !== "-logtostderr")} shell ${`-master=${masterOf(vars)}`} ${`-filer=${filerOf(vars)}`} 2>&1`;

/** curl as this site, for the ports that ask for a site's certificate. */
export const asSite = (url: string): Sh => sh`curl -sS --max-time 5 --cacert ${TRUSTED} --cert ${CERTIFICATE} --key ${KEY} ${url}`;
