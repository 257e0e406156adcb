import type { Listener } from "hawser";
import type { Site } from "../../sites.ts";
import type { Vars } from "../../vars.ts";
import { GRPC } from "./paths.ts";

/** Every port, with weed's gRPC port above each of HTTP. */
export function listenersOf({ vars }: Site, peers: readonly unknown[]): readonly Listener[] {
  const { address } = vars;
  const local = "127.0.0.1";
  const pair = (port: number, at: string, what: string, name: keyof Vars): Listener[] => [port, port + GRPC].map((each) => ({ port: each, protocol: "tcp", address: at, what, var: [name] }));
  const pullers = Array.from({ length: peers.length }, (_, i): Listener => ({ port: vars.metrics_port + i, protocol: "tcp", address: local, what: "metrics of a puller", var: ["metrics_port"] }));
  return [...[address, local].flatMap((at) => [...pair(vars.s3_port, at, "S3", "s3_port"), ...pair(vars.filer_port, at, "the filer", "filer_port")]), ...pair(vars.master_port, local, "the master", "master_port"), ...pair(vars.volume_port, local, "the volumes", "volume_port"), ...pullers];
}

/** Of the filer, from which the others take this site's changes. */
export const peerPorts = ({ filer_port }: Vars): readonly number[] => [filer_port, filer_port + GRPC];
