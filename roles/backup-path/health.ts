import { sh } from "hawser";
import type { Health } from "hawser/roles/gre/health";
import { CERTIFICATE } from "./certificate.ts";
import type { Region, Way } from "./ways.ts";

export const SOCKET = "/var/lib/haproxy/hawser.sock";
/** Where path.sh says which path is in use. */
export const STATE = "/run/hawser/path";
/** Days that a certificate must be good for: it is renewed 30 days before its end. */
const DAYS = 14;

/** The path in use, that both paths would carry a request, and for how long the certificate is good. */
export function healthOf(regions: readonly Region[]): readonly Health[] {
  return [...regions.flatMap((region) => [...healthOfPath(region.name), ...region.ways.flatMap((way) => healthOfWay(region.name, way))]), certificate];
}

const healthOfPath = (region: string): readonly Health[] => [
  {
    name: `path to ${region}`,
    probe: sh`cat ${`${STATE}/${region}`}`,
    value: ({ out }) => out.trim() || undefined,
    limit: { equals: "tunnel" },
    hint: `journalctl -u hawser-path@${region} says since when and why`,
  },
  {
    name: `path to ${region} is watched`,
    probe: sh`systemctl is-active ${`hawser-path@${region}`} || :`,
    value: ({ out }) => out.trim(),
    limit: { equals: "active" },
    hint: `systemctl restart hawser-path@${region}`,
  },
];

const healthOfWay = (region: string, { name, service }: Way): readonly Health[] => {
  const servers = (kind: "tunnel" | "public", hint: string): Health => ({
    name: `${service} in ${region} by the ${kind === "tunnel" ? "tunnel" : "public path"}`,
    probe: sh`echo 'show stat' | socat -t 2 - ${`UNIX-CONNECT:${SOCKET}`}`,
    value: ({ out }) => serversUp(out, name, kind),
    unit: "servers",
    limit: { min: 1 },
    hint,
  });
  return [servers("tunnel", "is the service up there, and does its firewall let this region's network in?"), servers("public", "is the port open between the gateways' public addresses, for the peers' certificates?")];
};

const certificate: Health = {
  name: "certificate",
  probe: sh`e=$(openssl x509 -in ${CERTIFICATE} -noout -enddate) && echo $((($(date -d "\${e#*=}" +%s) - $(date +%s)) / 86400))`,
  value: ({ out }) => (out.trim() === "" ? undefined : Number(out)),
  unit: "days",
  limit: { min: DAYS },
  hint: "hawser run renews it 30 days before its end",
};

/** Servers of a kind that HAProxy's checks hold for up; by the first line of its CSV, which names the columns. */
export function serversUp(csv: string, proxy: string, kind: "tunnel" | "public"): number | undefined {
  const [head = [], ...rows] = csv.split("\n").map((line) => line.split(","));
  const column = (name: string): number => head.findIndex((each) => each.replace(/^# /, "") === name);
  const [px, sv, status] = [column("pxname"), column("svname"), column("status")];
  if (px < 0) return undefined;
  return rows.filter((row) => row[px] === proxy && row[sv]?.startsWith(`${kind}-`) && row[status]?.startsWith("UP")).length;
}
