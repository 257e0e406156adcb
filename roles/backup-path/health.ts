import { sh, type Verifier } from "hawser";
import { assertCertificate } from "hawser/roles/base/certificate";
import { CERTIFICATE } from "./certificate.ts";
import type { Region, Way } from "./ways.ts";

export const SOCKET = "/var/lib/haproxy/hawser.sock";
/** Where path.sh says which path is in use. */
export const STATE = "/run/hawser/path";

/** The path in use, that both paths would carry a request, and for how long the certificate is good. */
export function assertPaths(v: Verifier, regions: readonly Region[]): void {
  for (const { name, ways } of regions) {
    assertPath(v, name);
    for (const way of ways) assertWay(v, name, way);
  }
  assertCertificate(v, CERTIFICATE);
}

function assertPath(v: Verifier, region: string): void {
  v.assert(`path to ${region}`, {
    probe: sh`cat ${`${STATE}/${region}`}`,
    value: ({ out }) => out.trim() || undefined,
    limit: { equals: "tunnel" },
    hint: `journalctl -u hawser-path@${region} says since when and why`,
  });
  v.assert(`path to ${region} is watched`, {
    probe: sh`systemctl is-active ${`hawser-path@${region}`} || :`,
    value: ({ out }) => out.trim(),
    limit: { equals: "active" },
    hint: `systemctl restart hawser-path@${region}`,
  });
}

function assertWay(v: Verifier, region: string, { name, service }: Way): void {
  for (const [kind, title, hint] of [
    ["tunnel", "tunnel", "is the service up there, and does its firewall let this region's network in?"],
    ["public", "public path", "is the port open between the gateways' public addresses, for the peers' certificates?"],
  ] as const) {
    v.assert(`${service} in ${region} by the ${title}`, {
      probe: sh`echo 'show stat' | socat -t 2 - ${`UNIX-CONNECT:${SOCKET}`}`,
      value: ({ out }) => serversUp(out, name, kind),
      unit: "servers",
      limit: { min: 1 },
      hint,
    });
  }
}

/** Servers of a kind that HAProxy's checks hold for up; by the first line of its CSV, which names the columns. */
export function serversUp(csv: string, proxy: string, kind: "tunnel" | "public"): number | undefined {
  const [head = [], ...rows] = csv.split("\n").map((line) => line.split(","));
  const column = (name: string): number => head.findIndex((each) => each.replace(/^# /, "") === name);
  const [px, sv, status] = [column("pxname"), column("svname"), column("status")];
  if (px < 0) return undefined;
  return rows.filter((row) => row[px] === proxy && row[sv]?.startsWith(`${kind}-`) && row[status]?.startsWith("UP")).length;
}
