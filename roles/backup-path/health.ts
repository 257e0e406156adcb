import { sh, type Verifier } from "hawser";
import { FOLDER } from "./certificate.ts";
import type { Region } from "./ways.ts";

export const SOCKET = "/var/lib/haproxy/hawser.sock";
/** Days that a certificate must be good for: it is renewed 30 days before its end. */
const DAYS = 14;

/** The path in use, that both paths would carry a request, and for how long the certificate is good. */
export function assertPaths(v: Verifier, regions: readonly Region[]): void {
  for (const region of regions) {
    v.assert(`path to ${region.name}`, {
      probe: sh`cat ${`/run/hawser/path/${region.name}`}`,
      value: ({ out }) => out.trim() || undefined,
      limit: { equals: "tunnel" },
      hint: `journalctl -u hawser-path@${region.name} says since when and why`,
    });
    v.assert(`path to ${region.name} is watched`, {
      probe: sh`systemctl is-active ${`hawser-path@${region.name}`} || :`,
      value: ({ out }) => out.trim(),
      limit: { equals: "active" },
      hint: `systemctl restart hawser-path@${region.name}`,
    });
    for (const way of region.ways) {
      for (const [kind, hint] of [["tunnel", "is the service up there, and does its firewall let this region's network in?"], ["public", `is the port open between the gateways' public addresses, for the peers' certificates?`]] as const) {
        v.assert(`${way.service} in ${region.name} by the ${kind === "tunnel" ? "tunnel" : "public path"}`, {
          probe: sh`echo 'show stat' | socat -t 2 - ${`UNIX-CONNECT:${SOCKET}`}`,
          value: ({ out }) => serversUp(out, way.name, kind),
          unit: "servers",
          limit: { min: 1 },
          hint,
        });
      }
    }
  }
  v.assert("certificate", {
    probe: sh`e=$(openssl x509 -in ${`${FOLDER}/own.crt`} -noout -enddate) && echo $((($(date -d "\${e#*=}" +%s) - $(date +%s)) / 86400))`,
    value: ({ out }) => (out.trim() === "" ? undefined : Number(out)),
    unit: "days",
    limit: { min: DAYS },
    hint: "hawser run renews it 30 days before its end",
  });
}

/** Servers of a kind that HAProxy's checks hold for up; by the first line of its CSV, which names the columns. */
export function serversUp(csv: string, proxy: string, kind: "tunnel" | "public"): number {
  const [head = "", ...rows] = csv.split("\n").map((line) => line.split(","));
  const column = (name: string): number => [...head].findIndex((each) => each.replace(/^# /, "") === name);
  const [px, sv, status] = [column("pxname"), column("svname"), column("status")];
  return rows.filter((row) => row[px] === proxy && row[sv]?.startsWith(`${kind}-`) && row[status]?.startsWith("UP")).length;
}
