import { UsageError, type HostView } from "hawser";
import { MONITORS } from "./watched.ts";
import type { Vars } from "./vars.ts";

interface End {
  readonly host: HostView;
  readonly vars: Vars;
}

/** @throws UsageError at the inventory's line for hosts that cannot be watched together */
export function refuse({ host, vars }: End, peers: readonly End[]): void {
  const at = (...path: readonly (string | number)[]) => host.at("monitoring", ...path);
  if (![vars, ...peers.map((peer) => peer.vars)].some(({ server }) => server)) throw new UsageError("no host is a monitor, so that nobody would watch", { source: at("server"), hint: `put a host of each region into the group ${MONITORS}` });
  for (const peer of peers) {
    const pair = `${host.name} and ${peer.host.name}`;
    if (peer.vars.address === vars.address) throw new UsageError(`${pair} are both reached at ${vars.address}`, { source: host.at("private_address"), hint: "monitors tell hosts apart by it: private_address, or monitoring.address" });
    if (vars.server && peer.vars.server && JSON.stringify(peer.vars.limits) !== JSON.stringify(vars.limits)) throw new UsageError(`${pair} would raise alerts at different limits`, { source: at("limits"), hint: "set monitoring.limits once, for a group that holds all monitors" });
    for (const [i, each] of vars.exporters.entries()) {
      const other = peer.vars.exporters.find(({ name }) => name === each.name);
      if (other && (other.scheme !== each.scheme || other.metrics_path !== each.metrics_path)) throw new UsageError(`the exporter ${each.name} is asked in two ways on ${pair}`, { source: at("exporters", i), hint: "one job of Prometheus has one scheme and one path: give the other another name" });
    }
  }
}
