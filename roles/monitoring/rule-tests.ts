import type { Limits } from "./vars.ts";

/** What an alert must do: nothing at `quiet`, and fire at `fires`, with these series. */
export interface RuleTest {
  readonly alert: string;
  /** Series in promtool's notation, a value every 5 s. */
  readonly series: readonly (readonly [series: string, values: string])[];
  readonly quiet?: string;
  /** Missing: it never fires. */
  readonly fires?: string;
}

const LINK = 'host="la-1", region="la", link="gre1", peer="sg-1", peer_region="sg"';
const HOST = 'host="la-1", region="la"';
const WAY = `job="link", ${LINK}, way="tunnel"`;

/** Shipped with the rules, made with the same limits: `promtool test rules`. */
export function ruleTests(limits: Limits, monitors: number): readonly RuleTest[] {
  const usual = (limits.rtt_baseline_ms ?? 84) / 1000;
  const slow = usual * limits.rtt_factor * 1.5;
  return [
    { alert: "BfdDown", series: [[`hawser_bfd_up{${LINK}}`, "1x3 0x10"]], quiet: "25s", fires: "30s" },
    { alert: "BgpDown", series: [[`hawser_bgp_established{${LINK}}`, "0x20"]], quiet: "25s", fires: "30s" },
    { alert: "IpsecSaAbsent", series: [[`hawser_ipsec_sas{${LINK}}`, "0x5"]], quiet: "5s", fires: "10s" },
    { alert: "IpsecSaAbsent", series: [[`hawser_ipsec_sas{${LINK}}`, "2x5"]], quiet: "20s" },
    { alert: "LinkStateUnknown", series: [[`hawser_link_info{${LINK}}`, "1x20"], [`hawser_bfd_up{${LINK}}`, "1x20"]], quiet: "55s", fires: "60s" },
    { alert: "LinkStateUnknown", series: [[`hawser_link_info{${LINK}}`, "1x20"], [`hawser_bfd_up{${LINK}}`, "0x20"], [`hawser_bgp_established{${LINK}}`, "0x20"], [`hawser_ipsec_sas{${LINK}}`, "0x20"]], quiet: "90s" },
    // With the round trip as it is recorded: an hour of packets would take a small host many seconds.
    { alert: "LinkSlow", series: [[`link:rtt_seconds{${WAY}}`, `${slow}x40`], [`link:rtt_baseline_seconds{${WAY}}`, `${usual}x40`]], quiet: "115s", fires: "125s" },
    { alert: "LinkSlow", series: [[`link:rtt_seconds{${WAY}}`, `${usual}x40`], [`link:rtt_baseline_seconds{${WAY}}`, `${usual}x40`]], quiet: "180s" },
    { alert: "LinkLoss", series: [[`probe_success{${WAY}}`, "1x4 0x80"]], quiet: "290s", fires: "365s" },
    { alert: "LinkLoss", series: [[`probe_success{${WAY}}`, "1x100"]], quiet: "400s" },
    { alert: "BackupPathActive", series: [[`hawser_path_tunnel{${HOST}, exported_region="sg"}`, "1 1 0x5"]], quiet: "5s", fires: "10s" },
    { alert: "VipHeldTwice", series: [['hawser_vip_holder{host="la-1", vip="10.0.0.100"}', "1x10"], ['hawser_vip_holder{host="sg-1", vip="10.0.0.100"}', "0 0 1x8"]], quiet: "5s", fires: "20s" },
    { alert: "VipHeldByNobody", series: [['hawser_vip_holder{host="la-1", vip="10.0.0.100"}', "0x20"], ['hawser_vip_holder{host="sg-1", vip="10.0.0.100"}', "0x20"]], quiet: "25s", fires: "45s" },
    { alert: "VipHeldByNobody", series: [['hawser_vip_holder{host="la-1", vip="10.0.0.100"}', "1x20"], ['hawser_vip_holder{host="sg-1", vip="10.0.0.100"}', "0x20"]], quiet: "90s" },
    { alert: "SwarmManagersUnderQuorum", series: [[`hawser_swarm_quorum{${HOST}}`, "0x10"]], quiet: "10s", fires: "15s" },
    { alert: "SwarmManagersAtQuorum", series: [[`hawser_swarm_managers{${HOST}}`, "3x20"], [`hawser_swarm_managers_reachable{${HOST}}`, "2x20"]], quiet: "55s", fires: "60s" },
    { alert: "SwarmManagersAtQuorum", series: [[`hawser_swarm_managers{${HOST}}`, "3x20"], [`hawser_swarm_managers_reachable{${HOST}}`, "3x20"]], quiet: "90s" },
    { alert: "QuorumMemberUnhealthy", series: [[`hawser_etcd_healthy{${HOST}}`, "0x10"]], quiet: "25s", fires: "30s" },
    { alert: "ReplicationSlotLag", series: [[`hawser_pg_slot_lag_bytes{${HOST}, database="app", slot="s"}`, `${limits.slot_lag_bytes + 1}x20`]], quiet: "55s", fires: "60s" },
    { alert: "ReplicationSlotLag", series: [[`hawser_pg_slot_lag_bytes{${HOST}, database="app", slot="s"}`, `${limits.slot_lag_bytes}x20`]], quiet: "90s" },
    { alert: "ReplicationSlotUnused", series: [[`hawser_pg_slot_active{${HOST}, database="app", slot="s"}`, "0x20"]], quiet: "55s", fires: "60s" },
    { alert: "ReplicationStopped", series: [[`hawser_pg_subscription_replicating{${HOST}, database="app", subscription="s"}`, "0x20"]], quiet: "55s", fires: "60s" },
    { alert: "HostDown", series: [[`up{job="node", ${HOST}}`, "0x10"]], quiet: "25s", fires: "30s" },
    { alert: "TargetDown", series: [[`up{job="haproxy", ${HOST}}`, "0x10"]], quiet: "25s", fires: "30s" },
    { alert: "TargetDown", series: [[`up{job="node", ${HOST}}`, "0x20"], [`up{job="link", ${HOST}}`, "0x20"]], quiet: "90s" },
    { alert: "ProbeFails", series: [[`probe_success{job="probe-grpc", ${HOST}, probe="echo"}`, "0x10"]], quiet: "25s", fires: "30s" },
    { alert: "StateTooOld", series: [[`hawser_collector_time_seconds{${HOST}, tier="fast"}`, "0x40"]], quiet: "45s", fires: "60s" },
    { alert: "StateTooOld", series: [[`hawser_collector_time_seconds{${HOST}, tier="fast"}`, "0+5x40"], [`hawser_collector_time_seconds{${HOST}, tier="slow"}`, "0x30"]], quiet: "150s" },
    { alert: "UnitFailed", series: [[`hawser_unit_active{${HOST}, unit="frr"}`, "0x10"]], quiet: "25s", fires: "30s" },
    { alert: "LoadHigh", series: [[`node_load5{${HOST}}`, `${limits.load_per_core * 2 + 0.1}x80`], [`node_cpu_seconds_total{${HOST}, cpu="0", mode="idle"}`, "0+5x80"], [`node_cpu_seconds_total{${HOST}, cpu="1", mode="idle"}`, "0+5x80"]], quiet: "295s", fires: "300s" },
    { alert: "CertificateEnds", series: [[`hawser_certificate_end_seconds{${HOST}, file="/own.crt"}`, `${limits.certificate_days * 86_400 + 60}x40`]], quiet: "60s", fires: "130s" },
    { alert: "DiskFull", series: [[`node_filesystem_avail_bytes{${HOST}, fstype="ext4", mountpoint="/"}`, `${limits.disk_free_percent / 2}x20`], [`node_filesystem_size_bytes{${HOST}, fstype="ext4", mountpoint="/"}`, "100x20"]], quiet: "55s", fires: "60s" },
    { alert: "ClockSkew", series: [[`node_time_seconds{${HOST}}`, `${limits.clock_skew_s + 1}+5x40`]], quiet: "55s", fires: "65s" },
    { alert: "ClockSkew", series: [[`node_time_seconds{${HOST}}`, "0+5x40"]], quiet: "120s" },
    { alert: "Watchdog", series: [["nothing", "1"]], fires: "10s" },
    { alert: "NotificationsFail", series: [[`alertmanager_notifications_failed_total{${HOST}, integration="slack"}`, "0+1x40"]], fires: "60s" },
    { alert: "AlertmanagersApart", series: [[`alertmanager_cluster_members{${HOST}}`, `${monitors - 1}x20`]], quiet: "55s", fires: "60s" },
    { alert: "AlertmanagersApart", series: [[`alertmanager_cluster_members{${HOST}}`, `${monitors}x20`]], quiet: "90s" },
  ];
}

/** What promtool is asked of one alert at one time. */
interface Expectation {
  readonly expr: string;
  readonly time: string;
  readonly fires: boolean;
}

/**
 * All tests as one of promtool's, in which each has hosts and addresses of its own. Promtool makes a database for each of its tests, which
 * costs a small host half a minute for all of them.
 */
export function together(tests: readonly RuleTest[]): { readonly series: RuleTest["series"]; readonly expectations: readonly Expectation[] } {
  const series = tests.flatMap((each, at) => each.series.map(([name, values]) => [name.replace(/\bhost="/g, `host="${at}-`).replace(/\bvip="[^"]*"/, `vip="${at}"`), values] as const));
  const expectations = tests.flatMap(({ alert, series: [first], quiet, fires }, at) => {
    const whose = /\bvip="/.test(first?.[0] ?? "") ? `, vip="${at}"` : /\bhost="/.test(first?.[0] ?? "") ? `, host=~"${at}-.*"` : "";
    const expr = `count(ALERTS{alertname="${alert}", alertstate="firing"${whose}})`;
    return [...(quiet === undefined ? [] : [{ expr, time: quiet, fires: false }]), ...(fires === undefined ? [] : [{ expr, time: fires, fires: true }])];
  });
  return { series, expectations };
}

/** How the round trip and its baseline come about from packets, over an hour. Not shipped: it takes too long for a small host. */
export function recordingTests(limits: Limits): readonly RuleTest[] {
  const usual = (limits.rtt_baseline_ms ?? 84) / 1000;
  return [{ alert: "LinkSlow", series: [[`probe_icmp_duration_seconds{${WAY}, phase="rtt"}`, `${usual}x760 ${usual * limits.rtt_factor * 1.5}x60`], [`probe_success{${WAY}}`, "1x820"]], quiet: "63m", fires: "68m" }];
}
