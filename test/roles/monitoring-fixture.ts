import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { planOf, recorded, use, type PlannedResource } from "../../src/index.ts";
import { monitoring } from "../../roles/monitoring/role.ts";
import { schema, type Vars } from "../../roles/monitoring/vars.ts";
import { gateway } from "./harness.ts";

/** Vars of a gateway with databases and a monitor, whose region is that of its number. */
export const gatewayVars = (id: number, region: string, changes: object = {}) => ({
  server: true,
  region,
  address: `10.${id}.0.11`,
  public_address: `203.0.113.${id}`,
  watch: { gateway: gateway(id, region), vip: "10.0.0.100", backup_path: true, etcd: true, postgres: { version: 15, port: 5432, databases: ["app"] } },
  ...changes,
});

export const WITNESS = { region: "witness", address: "203.0.113.3", public_address: "203.0.113.3", watch: { etcd: true } };
export const PEERS = { "sg-1": gatewayVars(2, "sg"), "witness-1": WITNESS };

export interface Changes {
  readonly own?: object;
  readonly peers?: Record<string, object>;
  readonly onWarning?: (message: string) => void;
}

/** Files whose text a test reads: as on a host that has none of them. */
const FILES = ["/etc/prometheus/prometheus.yml", "/etc/prometheus/hawser-alerts.yml", "/etc/prometheus/hawser-alerts.test.yml", "/etc/prometheus/alertmanager.yml", "/etc/prometheus/blackbox.yml", "/etc/hawser/monitoring/collect.conf", "/etc/default/prometheus", "/etc/default/prometheus-alertmanager", "/etc/default/prometheus-node-exporter", "/etc/default/prometheus-postgres-exporter", "/etc/grafana/grafana.ini", "/etc/grafana/provisioning/datasources/hawser.yml", "/etc/grafana/provisioning/dashboards/hawser.yml", "/etc/grafana/hawser-dashboards/links.json", "/etc/grafana/hawser-dashboards/topology.json"];

/** The plan of la-1, a gateway that is a monitor. */
export function plan(system: "debian-12" | "ubuntu-22.04" | "el-9" | "centos-7", { own = {}, peers = PEERS, onWarning = () => undefined }: Changes = {}): PlannedResource[] {
  const seen = { ...Object.fromEntries(FILES.map((file) => [`monitoring/file:${file}`, { out: "absent\n", code: 0 }])), ...Object.fromEntries(["monitoring", "monitoring-gossip", "monitoring-others"].map((rule) => [`monitoring/firewall-rule:${rule}`, { out: "nft\n", code: 0 }])) };
  return planOf(use(monitoring, gatewayVars(1, "la", own) as never), recorded(system), { host: "la-1", peers, roleFacts: { firewall: "nft" }, seen, onWarning });
}

export const parsed = (vars: object): Vars => schema.parse(vars);

/** Why what needs a program of Debian's cannot run here, or false. */
export const without = (...programs: readonly string[]): string | false => {
  const missing = programs.filter((program) => !existsSync(`/usr/bin/${program}`));
  return missing.length === 0 ? false : `there is no ${missing.join(", ")} (Debian: apt-get install prometheus prometheus-alertmanager)`;
};

/** Runs a program to its end. */
export function ran(program: string, ...args: readonly string[]): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: 60_000 });
  return { code: status, said: `${stdout}${stderr}` };
}
