import { sh, type Verifier } from "hawser";
import { assertCertificate } from "hawser/roles/base/certificate";
import { assertDisk, assertRunning } from "../../health.ts";
import { GATEWAY, STORE } from "../../paths.ts";
import type { Site } from "../../sites.ts";
import type { Vars } from "../../vars.ts";
import { CERTIFICATE, pullerOf } from "./paths.ts";
import { sourcesOf } from "./sources.ts";
import { asSite, masterOf } from "./weed.ts";

/** The services, how far this site is behind the others, and room for more. */
export function assertStore(v: Verifier, own: Site, sites: readonly Site[]): void {
  const { vars } = own;
  const sources = sourcesOf(own, sites);
  assertRunning(v, "volumes and master", STORE);
  assertRunning(v, "filer and S3", GATEWAY);
  for (const { host } of sources) assertRunning(v, `puller from ${host.name}`, pullerOf(host.name));
  for (const [i, source] of sources.entries()) assertPuller(v, vars, source, vars.metrics_port + i);
  assertRoom(v, vars);
  assertCertificate(v, CERTIFICATE);
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
  assertDisk(v, vars.min_free_percent);
}

export function freeVolumes(out: string): number | undefined {
  const free = /"Free":\s*(-?\d+)/.exec(out)?.[1];
  return free === undefined ? undefined : Number(free);
}
