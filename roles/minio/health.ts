import { sh, type Observed, type Verifier } from "hawser";
import { CANARY_KEY, CANARY_UNIT, DATA, GATEWAY, RUN, SIGNER } from "./paths.ts";
import { s3Of, trustedOf, type Site } from "./sites.ts";
import { CANARY_NAME, type Vars } from "./vars.ts";

/** How far above the limit of writing the disk must be. */
const SPARE_PERCENT = 5;

export function assertRunning(v: Verifier, name: string, unit: string): void {
  v.assert(name, { probe: sh`systemctl is-active ${unit} || :`, value: ({ out }) => out.trim(), limit: { equals: "active" }, hint: `journalctl -u ${unit}` });
}

/** What clients see: S3 with a key and without, and what the health check measured last. */
export function assertS3(v: Verifier, own: Site, sites: readonly Site[]): void {
  assertRunning(v, "health check", CANARY_UNIT);
  v.assert("S3 with a key", {
    probe: sh`sh ${SIGNER} ${CANARY_KEY} ${trustedOf(own)} HEAD ${`${s3Of(own)}/${CANARY_NAME}`} 2>/dev/null`,
    value: ({ out }) => out.trim().split(" ")[0],
    limit: { equals: "200" },
    hint: `403: the server has other keys than the file keys; 404: the bucket is missing: run the playbook; 000: journalctl -u ${GATEWAY}`,
  });
  v.assert("S3 without a key", {
    probe: sh`curl -s -o /dev/null -w '%{http_code}' --max-time 5 --cacert ${trustedOf(own)} ${`${s3Of(own)}/${CANARY_NAME}`} || :`,
    value: ({ out }) => out.trim(),
    limit: { equals: "403" },
    hint: "200: everybody may read: who gave the server a user `anonymous`, or the bucket a policy?",
  });
  for (const site of sites.filter(({ host }) => host.name !== own.host.name)) assertArrival(v, own.vars, site);
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

/** Free per cent of the disk that the objects are on. */
export function assertDisk(v: Verifier, least: number): void {
  v.assert("disk free", {
    probe: sh`df -P ${DATA}`,
    value: ({ out }) => {
      const used = /(\d+)% \S+$/m.exec(out)?.[1];
      return used === undefined ? undefined : 100 - Number(used);
    },
    unit: "%",
    limit: { min: least + SPARE_PERCENT },
    hint: `under ${least} % nothing is written any more: delete objects, or give ${DATA} a larger disk`,
  });
}
