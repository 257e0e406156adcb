import { graph, lines, steps, table, tiles, type Dashboard } from "./panel.ts";

/** Hosts as nodes, with a ring that is green while they answer. */
const NODES = `label_replace(label_replace(label_replace(up{job="node"}, "id", "$1", "host", "(.+)"), "title", "$1", "host", "(.+)"), "subtitle", "$1", "region", "(.+)")`;
/** Tunnels as edges, with the round trip beside them; the end that measures is the source. */
const EDGES = `label_replace(label_join(label_replace(label_replace(link:rtt_seconds{way="tunnel"}, "source", "$1", "host", "(.+)"), "target", "$1", "peer", "(.+)"), "id", "-", "host", "peer"), "detail__link", "$1", "link", "(.+)")`;

const rename = (refId: string, names: Readonly<Record<string, string>>, hidden: readonly string[]) => ({ id: "organize", options: { renameByName: { [`Value #${refId}`]: "mainstat", Value: "mainstat", ...names }, excludeByName: Object.fromEntries(hidden.map((name) => [name, true])) } });

/** The regions, their hosts and the links between, and what is wrong now. */
export const topology: Dashboard = {
  uid: "hawser-topology",
  title: "hawser: topology",
  description: "Regions, hosts and tunnels, who has the address that moves, and the alerts of this moment.",
  panels: [
    graph({
      title: "Hosts and tunnels",
      description: "A node is 1 while its exporter answers. The number at an edge is the round trip.",
      place: { x: 0, y: 0, w: 14, h: 14 },
      queries: [{ expr: NODES, format: "table", instant: true }, { expr: EDGES, format: "table", instant: true }],
      transformations: [rename("A", { "Value #B": "mainstat" }, ["Time", "__name__", "job", "instance"])],
    }),
    tiles({ title: "Alerts", place: { x: 14, y: 0, w: 5, h: 4 }, queries: [{ expr: 'count(ALERTS{alertstate="firing", severity="critical"}) or vector(0)', legendFormat: "critical", instant: true }, { expr: 'count(ALERTS{alertstate="firing", severity="warning"}) or vector(0)', legendFormat: "warning", instant: true }], defaults: steps([null, "green"], [1, "red"]) }),
    tiles({ title: "Hosts that have the address", place: { x: 19, y: 0, w: 5, h: 4 }, queries: [{ expr: "vip:holders", legendFormat: "{{vip}}", instant: true }], defaults: steps([null, "red"], [1, "green"], [2, "red"]) }),
    table({
      title: "Alerts that are raised",
      place: { x: 14, y: 4, w: 10, h: 10 },
      queries: [{ expr: 'ALERTS{alertstate="firing", alertname!="Watchdog"}', format: "table", instant: true }],
      transformations: [{ id: "organize", options: { excludeByName: { Time: true, Value: true, __name__: true, alertstate: true, behind: true, instance: true, job: true, monitor: true }, renameByName: {}, indexByName: { severity: 0, alertname: 1, host: 2, peer: 3, region: 4 } } }],
    }),
    tiles({ title: "Hosts", place: { x: 0, y: 14, w: 8, h: 6 }, queries: [{ expr: 'up{job="node"}', legendFormat: "{{region}} {{host}}", instant: true }] }, { one: "up", zero: "no answer", zeroColor: "red" }),
    tiles({ title: "Quorums", place: { x: 8, y: 14, w: 8, h: 6 }, queries: [{ expr: "hawser_etcd_healthy", legendFormat: "etcd {{host}}", instant: true }, { expr: "hawser_swarm_quorum", legendFormat: "swarm {{host}}", instant: true }] }, { one: "majority", zero: "none", zeroColor: "red" }),
    tiles({ title: "Days until a certificate ends", place: { x: 16, y: 14, w: 8, h: 6 }, queries: [{ expr: "min by (host) (hawser_certificate_end_seconds - time()) / 86400", legendFormat: "{{host}}", instant: true }], defaults: { decimals: 0, ...steps([null, "red"], [14, "orange"], [30, "green"]) } }),
    lines({ title: "Load per processor", place: { x: 0, y: 20, w: 12, h: 8 }, defaults: { min: 0 }, queries: [{ expr: 'node_load5 / on (host) group_left () count by (host) (node_cpu_seconds_total{mode="idle"})', legendFormat: "{{host}}" }] }),
    lines({ title: "Clock, as the monitor sees it", place: { x: 12, y: 20, w: 12, h: 8 }, unit: "s", queries: [{ expr: "node_time_seconds - timestamp(node_time_seconds)", legendFormat: "{{host}}" }] }),
  ],
};
