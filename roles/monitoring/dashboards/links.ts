import { bands, lines, steps, tiles, type Dashboard } from "./panel.ts";

const LINK = "{{host}} to {{peer}}";

/** How each link is and was: states, round trip, loss, traffic, path, address, replication. */
export const links: Dashboard = {
  uid: "hawser-links",
  title: "hawser: links",
  description: "The tunnels between the regions, the path that traffic takes, the address that moves, and replication.",
  panels: [
    tiles({ title: "BFD", place: { x: 0, y: 0, w: 5, h: 4 }, queries: [{ expr: "hawser_bfd_up", legendFormat: LINK, instant: true }] }, { one: "up", zero: "down", zeroColor: "red" }),
    tiles({ title: "BGP", place: { x: 5, y: 0, w: 5, h: 4 }, queries: [{ expr: "hawser_bgp_established", legendFormat: LINK, instant: true }] }, { one: "established", zero: "down", zeroColor: "red" }),
    tiles({ title: "IPsec", place: { x: 10, y: 0, w: 5, h: 4 }, queries: [{ expr: "clamp_max(hawser_ipsec_sas, 1)", legendFormat: LINK, instant: true }] }, { one: "protected", zero: "no SA", zeroColor: "red" }),
    tiles({ title: "Path in use", place: { x: 15, y: 0, w: 5, h: 4 }, queries: [{ expr: "hawser_path_tunnel", legendFormat: "{{host}} to {{exported_region}}", instant: true }] }, { one: "tunnel", zero: "public", zeroColor: "orange" }),
    tiles({ title: "Address that moves", place: { x: 20, y: 0, w: 4, h: 4 }, queries: [{ expr: "hawser_vip_holder", legendFormat: "{{host}}", instant: true }] }, { one: "holds it", zero: "waits", zeroColor: "text" }),
    lines({ title: "Round trip", description: "Mean of a minute; dashed: what it is when all is well.", place: { x: 0, y: 4, w: 12, h: 8 }, unit: "s", queries: [{ expr: "link:rtt_seconds", legendFormat: `${LINK} ({{way}})` }, { expr: "link:rtt_baseline_seconds", legendFormat: "baseline {{peer}} ({{way}})" }], overrides: [{ matcher: { id: "byRegexp", options: "/^baseline/" }, properties: [{ id: "custom.lineStyle", value: { fill: "dash", dash: [8, 8] } }, { id: "custom.fillOpacity", value: 0 }] }] }),
    lines({ title: "Lost packets", description: "Share of the last 15 minutes.", place: { x: 12, y: 4, w: 12, h: 8 }, unit: "percentunit", defaults: { min: 0 }, queries: [{ expr: "link:loss_ratio", legendFormat: `${LINK} ({{way}})` }] }),
    lines({ title: "GRE traffic", description: "Down: received.", place: { x: 0, y: 12, w: 12, h: 8 }, unit: "bps", queries: [{ expr: 'rate(node_network_transmit_bytes_total{device=~"gre[1-9].*"}[1m]) * 8', legendFormat: "{{host}} {{device}} sent" }, { expr: '-rate(node_network_receive_bytes_total{device=~"gre[1-9].*"}[1m]) * 8', legendFormat: "{{host}} {{device}} received" }] }),
    lines({ title: "GRE errors and drops", place: { x: 12, y: 12, w: 12, h: 8 }, unit: "pps", queries: [{ expr: 'rate(node_network_transmit_errs_total{device=~"gre[1-9].*"}[1m]) + rate(node_network_receive_errs_total{device=~"gre[1-9].*"}[1m])', legendFormat: "{{host}} {{device}} errors" }, { expr: 'rate(node_network_transmit_drop_total{device=~"gre[1-9].*"}[1m]) + rate(node_network_receive_drop_total{device=~"gre[1-9].*"}[1m])', legendFormat: "{{host}} {{device}} drops" }] }),
    bands({ title: "BFD over time", place: { x: 0, y: 20, w: 12, h: 5 }, queries: [{ expr: "hawser_bfd_up", legendFormat: LINK }] }, { one: "up", zero: "down", zeroColor: "red" }),
    bands({ title: "Path over time", place: { x: 12, y: 20, w: 12, h: 5 }, queries: [{ expr: "hawser_path_tunnel", legendFormat: "{{host}} to {{exported_region}}" }] }, { one: "tunnel", zero: "public", zeroColor: "orange" }),
    bands({ title: "Holder over time", place: { x: 0, y: 25, w: 12, h: 5 }, queries: [{ expr: "hawser_vip_holder", legendFormat: "{{host}}" }] }, { one: "holds it", zero: "waits", zeroColor: "text" }),
    tiles({ title: "Switches of the path in this time", place: { x: 12, y: 25, w: 12, h: 5 }, queries: [{ expr: "increase(hawser_path_switches_total[$__range])", legendFormat: "{{host}} to {{exported_region}}", instant: true }], defaults: { decimals: 0, ...steps([null, "green"], [1, "orange"]) } }),
    lines({ title: "Changes that a peer has not taken", place: { x: 0, y: 30, w: 12, h: 8 }, unit: "bytes", defaults: { min: 0 }, queries: [{ expr: "hawser_pg_slot_lag_bytes", legendFormat: "{{host}} {{database}} {{slot}}" }] }),
    lines({ title: "Time until a peer has replayed a change", place: { x: 12, y: 30, w: 12, h: 8 }, unit: "s", defaults: { min: 0 }, queries: [{ expr: "hawser_pg_replay_lag_seconds", legendFormat: "{{host}} {{database}} {{slot}}" }] }),
  ],
};
