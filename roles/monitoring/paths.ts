import { CERTIFICATE } from "hawser/roles/etcd/paths";
import type { Vars } from "./vars.ts";

/** What the host's own script reads; closed to others, as all of /etc/hawser. */
export const FOLDER = "/etc/hawser/monitoring";
export const SCRIPT = `${FOLDER}/collect.sh`;
export const CONF = `${FOLDER}/collect.conf`;

/** Prometheus' own folder, as Debian's packages have it. */
export const PROMETHEUS = "/etc/prometheus";
export const DATA = "/var/lib/prometheus";
export const CONFIG = `${PROMETHEUS}/prometheus.yml`;
export const RULES = `${PROMETHEUS}/hawser-alerts.yml`;
export const RULE_TESTS = `${PROMETHEUS}/hawser-alerts.test.yml`;
export const BLACKBOX_CONFIG = `${PROMETHEUS}/blackbox.yml`;
export const ALERTMANAGER_CONFIG = `${PROMETHEUS}/alertmanager.yml`;

/** The certificates that the roles of this host have, where they keep them. */
export function certificatesOf({ watch, certificates }: Vars): readonly string[] {
  return [
    ...(watch.etcd ? [CERTIFICATE] : []),
    ...(watch.backup_path ? ["/etc/hawser/backup-path/own.crt"] : []),
    ...watch.certificates,
    ...certificates,
  ];
}
