import type { Listener } from "hawser";
import { clusterPort } from "./server.ts";
import { isLoopback, PORTS, shownOf } from "./targets.ts";
import type { Vars } from "./vars.ts";

/** Everything that the role's programs listen on. */
export function listenersOf(vars: Vars): readonly Listener[] {
  const { address, watch, server, grafana } = vars;
  const tcp = (port: number, what: string, more: Partial<Listener> = {}): Listener => ({ port, protocol: "tcp", address, what, ...more });
  return [
    tcp(PORTS.node, "node_exporter"),
    ...(watch.gateway !== undefined && vars.frr_exporter ? [tcp(PORTS.frr, "frr_exporter")] : []),
    ...(watch.postgres !== undefined && vars.postgres_exporter ? [tcp(PORTS.postgres, "postgres_exporter")] : []),
    ...shownOf(vars).flatMap(({ job, what, place }) => (isLoopback(place) ? [tcp(PORTS[job], `${what}'s metrics for the monitors`)] : [])),
    ...(server
      ? [
          tcp(vars.port, "Prometheus", { var: ["port"] }),
          tcp(vars.alertmanager_port, "Alertmanager", { var: ["alertmanager_port"] }),
          tcp(clusterPort(vars), "Alertmanager's cluster", { var: ["alertmanager_port"] }),
          tcp(clusterPort(vars), "Alertmanager's cluster", { protocol: "udp", var: ["alertmanager_port"] }),
          tcp(PORTS.blackbox, "blackbox_exporter", { address: "127.0.0.1" }),
        ]
      : []),
    ...(server && grafana !== undefined ? [tcp(grafana.http_port, "Grafana", { address: grafana.http_addr, var: ["grafana", "http_port"] })] : []),
  ];
}

/** Those of them that monitors come to, by TCP. Grafana is for people, wherever they are let in from. */
export const asked = (vars: Vars): readonly number[] => listenersOf({ ...vars, grafana: undefined }).filter(({ protocol, address }) => protocol === "tcp" && address === vars.address).map(({ port }) => port);
