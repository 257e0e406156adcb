import { UsageError, z, type HostView } from "hawser";
import { gatewayOf } from "hawser/roles/gre/gateway";
import { CONSUL, vaultLayout } from "hawser/roles/consul-vault/paths";
import * as mesh from "hawser/roles/envoy/paths";
import * as objects from "hawser/roles/minio/paths";
import type { schema } from "./vars.ts";

/** The group whose hosts are monitors. */
export const MONITORS = "monitors";

type Given = Pick<z.input<typeof schema>, "server" | "region" | "address" | "public_address" | "watch">;

/**
 * What the inventory says of a host that is watched, for `use(monitoring, (host) => ({ ...monitored(host), ...host.vars(monitoring) }))`:
 * its addresses, and the roles that it has by its groups, as the shipped playbooks give them.
 * @throws UsageError for a host without an address
 */
export function monitored(host: HostView): Given {
  const ipv4 = (value: unknown): string | undefined => z.ipv4().safeParse(value).data;
  const public_address = ipv4(host.inventory["public_address"]);
  const address = ipv4(host.inventory["private_address"]) ?? public_address ?? ipv4(host.address);
  if (address === undefined) throw new UsageError(`no monitor could reach ${host.name}: it has neither private_address nor public_address`, { source: host.at("private_address"), hint: "private_address: the host's own IPv4 address, inside the tunnel" });
  return {
    server: host.groups.includes(MONITORS),
    region: host.region,
    address,
    ...(public_address !== undefined && { public_address }),
    watch: watchOf(host),
  };
}

const within = (host: HostView) => (group: string): boolean => host.groups.includes(group);

function watchOf(host: HostView): z.input<typeof schema>["watch"] {
  const has = within(host);
  const vip = text(settings(host, "keepalived")["vip"])?.replace(/\/32$/, "");
  const postgres = settings(host, "postgres-pglogical");
  const metrics = text(settings(host, "backup-path")["metrics"]);
  const platform = platformOf(host);
  return {
    ...(has("gateways") && { gateway: gatewayOf(host), backup_path: true, ...(vip !== undefined && { vip }), ...(metrics !== undefined && { haproxy_metrics: metrics }) }),
    ...(has("databases") && { postgres: { version: Number(postgres["version"] ?? 15), port: Number(postgres["port"] ?? 5432), databases: namesOf(postgres["databases"]) } }),
    etcd: has("quorum"),
    swarm: has("swarm"),
    ...(has("mesh") && { envoy_metrics: text(settings(host, "envoy")["metrics"]) ?? mesh.METRICS }),
    units: platform.map(({ unit }) => unit),
    certificates: [...new Set(platform.map(({ certificate }) => certificate))],
  };
}

/** Units of the platform on the tunnel, each with the certificate that it shows. */
function platformOf(host: HostView): readonly { readonly unit: string; readonly certificate: string }[] {
  const has = within(host);
  const { consul, vault } = settings(host, "consul-vault");
  const engine = (vault as { readonly engine?: unknown } | undefined)?.engine === "vault" ? "vault" : "openbao";
  return [
    ...(has("consul_vault") && consul !== undefined ? [CONSUL] : []),
    ...(has("consul_vault") && vault !== undefined ? [vaultLayout(engine)] : []),
    ...(has("objects") ? objects.unitsOf(settings(host, "minio")["backend"]).map((unit) => ({ unit, certificate: objects.S3_TLS.certificate })) : []),
    ...(has("mesh") ? [{ unit: mesh.UNIT, certificate: mesh.CERTIFICATE }] : []),
  ];
}

function settings(host: HostView, role: string): Readonly<Record<string, unknown>> {
  const found = host.inventory[role];
  return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const namesOf = (databases: unknown): string[] => (Array.isArray(databases) ? databases.flatMap((each: unknown) => text((each as Record<string, unknown>)["name"]) ?? []) : []);
