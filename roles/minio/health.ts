import { sh, type Observed, type Verifier } from "hawser";
import { assertCertificate } from "hawser/roles/base/certificate";
import { CANARY_KEY, CANARY_UNIT, CERTIFICATE, DATA, GATEWAY, pullerOf, RUN, S3_TLS, SIGNER, STORE } from "./paths.ts";
import { asSite, masterOf } from "./seaweedfs.ts";
import { s3Of, sourcesOf, type Site } from "./sites.ts";
import { CANARY_NAME, type Vars } from "./vars.ts";

/** How far above the limit of writing the disk must be. */
const SPARE_PERCENT = 5;

export function assertSite(v: Verifier, own: Site, sites: readonly Site[]): void {
  const { vars } = own;
  const sources = sourcesOf(own, sites);
  const services = [["volumes and master", STORE], ["filer and S3", GATEWAY], ...sources.map(({ host }) => [`puller from ${host.name}`, pullerOf(host.name)] as const), ["health check", CANARY_UNIT]] as const;
  for (const [name, unit] of services) {
    v.assert(name, { probe: sh`systemctl is-active ${unit} || :`, value: ({ out }) => out.trim(), limit: { equals: "active" }, hint: `journalctl -u ${unit}` });
  }
  v.assert("S3 with a key", {
    probe: sh`sh ${SIGNER} ${CANARY_KEY} ${S3_TLS.trusted} HEAD ${`${s3Of(own)}/${CANARY_NAME}`} 2>/dev/null`,
    value: ({ out }) => out.trim().split(" ")[0],
    limit: { equals: "200" },
    hint: `403: the keys in identities.json are others than those in keys; 404: the bucket is missing: run the playbook; 000: journalctl -u ${GATEWAY}`,
  });
  v.assert("S3 without a key", {
    probe: sh`curl -s -o /dev/null -w '%{http_code}' --max-time 5 --cacert ${S3_TLS.trusted} ${`${s3Of(own)}/${CANARY_NAME}`} || :`,
    value: ({ out }) => out.trim(),
    limit: { equals: "403" },
    hint: "200: everybody may read; does identities.json have a user `anonymous`, or is it missing?",
  });
  for (const site of sites.filter(({ host }) => host.name !== own.host.name)) assertArrival(v, vars, site);
  for (const [i, source] of sources.entries()) assertPuller(v, vars, source, vars.metrics_port + i);
  assertRoom(v, vars);
  assertCertificate(v, CERTIFICATE);
}

/** What the canary measured last. It measures again after `canary_every_s` and the time that the looks took. */
function assertArrival(v: Verifier, vars: Vars, { host }: Site): void {
  const oldest = vars.canary_every_s + 4 * vars.arrives_within_s + 30;
  // A canary that has just begun has not measured yet.
  const probe = sh`n=0; until [ -e ${`${RUN}/${host.name}`} ] || [ $n -ge 20 ]; do n=$((n + 1)); sleep 0.5; done
cat ${`${RUN}/${host.name}`} && cut -d . -f 1 /proc/uptime`;
  const measured = (seen: Observed, pick: (arrival: Arrival) => number | string | undefined) => {
    const arrival = arrivalOf(seen.out, oldest);
    return arrival === undefined ? undefined : pick(arrival);
  };
  const max = vars.arrives_within_s * 1000;
  const hint = `journalctl -u ${CANARY_UNIT} on this host, -u ${GATEWAY} -u 'hawser-objects-from-*' on ${host.name}`;
  v.assert(`an object reaches ${host.name}`, { probe, value: (seen) => measured(seen, ({ put }) => put), unit: "ms", limit: { max }, link: host.name, hint });
  v.assert(`its bytes and ETag at ${host.name} are the same`, { probe, value: (seen) => measured(seen, ({ same }) => same), limit: { equals: "yes" }, link: host.name, hint });
  v.assert(`a deletion reaches ${host.name}`, { probe, value: (seen) => measured(seen, ({ gone }) => gone), unit: "ms", limit: { max }, link: host.name, hint });
}

export interface Arrival {
  /** Milliseconds. */
  readonly put?: number;
  readonly same: string;
  readonly gone?: number;
}

/** Of what the canary left, and the host's seconds since boot. Undefined when it is older than `oldest` seconds. */
export function arrivalOf(out: string, oldest: number): Arrival | undefined {
  const [at, put, same, gone, now] = out.trim().split(/\s+/);
  if (at === undefined || put === undefined || same === undefined || gone === undefined || now === undefined || Number(now) - Number(at) > oldest) return undefined;
  return { same, ...(put !== "none" && { put: Number(put) }), ...(gone !== "none" && { gone: Number(gone) }) };
}

/** How far the puller is behind its source, by its own word: it counts up while the source does not answer. */
function assertPuller(v: Verifier, vars: Vars, { host }: Site, port: number): void {
  v.assert(`behind ${host.name}`, {
    probe: sh`curl -s --max-time 5 ${`http://127.0.0.1:${port}/metrics`} | grep '^SeaweedFS_filerSync_sync_offset'; date +%s`,
    value: ({ out }) => behind(out),
    unit: "s",
    limit: { max: vars.arrives_within_s },
    link: host.name,
    hint: `journalctl -u ${pullerOf(host.name)}; are ports ${vars.filer_port} and ${vars.filer_port + 10_000} of ${host.name} open to this host?`,
  });
}

/** Seconds between an offset, in nanoseconds since 1970, and the host's clock. */
export function behind(out: string): number | undefined {
  const offset = /^SeaweedFS_filerSync_sync_offset\{.*\} (\S+)$/m.exec(out)?.[1];
  const now = /^(\d+)$/m.exec(out.trim().split("\n").at(-1) ?? "")?.[1];
  if (offset === undefined || now === undefined || Number(offset) === 0) return undefined;
  return Math.max(0, Math.round((Number(now) - Number(offset) / 1e9) * 10) / 10);
}

function assertRoom(v: Verifier, vars: Vars): void {
  v.assert("volumes that can still be made", {
    probe: sh`${asSite(`https://${masterOf(vars)}/dir/status`)} || :`,
    value: ({ out }) => freeVolumes(out),
    unit: "volumes",
    limit: { min: 1 },
    hint: "raise minio.volume_max, or give the host a larger disk",
  });
  v.assert("disk free", {
    probe: sh`df -P ${DATA}`,
    value: ({ out }) => {
      const used = /(\d+)% \S+$/m.exec(out)?.[1];
      return used === undefined ? undefined : 100 - Number(used);
    },
    unit: "%",
    limit: { min: vars.min_free_percent + SPARE_PERCENT },
    hint: `under ${vars.min_free_percent} % nothing is written any more: delete objects, or give ${DATA} a larger disk`,
  });
}

export function freeVolumes(out: string): number | undefined {
  const free = /"Free":\s*(-?\d+)/.exec(out)?.[1];
  return free === undefined ? undefined : Number(free);
}
