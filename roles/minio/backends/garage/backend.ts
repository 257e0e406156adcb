import { sh, UsageError, type Facts, type Listener, type ResourceNode, type Tasks } from "hawser";
import { OPT, TLS_UNIT } from "../../paths.ts";
import type { Site } from "../../sites.ts";
import type { Backend } from "../backend.ts";
import { assertCluster } from "./health.ts";
import { ACCOUNT, CONF } from "./paths.ts";
import { SECRETS } from "./secrets.ts";
import { declareSite } from "./site.ts";
import { refuse, weaknesses } from "./zones.ts";

/** One cluster over all regions, each of them a zone. */
export const garage: Backend = {
  account: ACCOUNT,
  serves: true,
  joined: true,
  renewed: sh`systemctl try-reload-or-restart ${TLS_UNIT}`,
  // The number of copies that the cluster was made with.
  look: sh`sed -n 's/^replication_factor = //p' ${CONF} 2>/dev/null | grep . || echo no`,
  secrets: SECRETS,
  refuse,
  weaknesses,
  listens,
  peerPorts: ({ garage: { rpc_port } }) => [rpc_port],
  declareAccount,
  declare: declareSite,
  assert: assertCluster,
};

function listens({ vars }: Site): readonly Listener[] {
  const { address, s3_port, garage: { rpc_port, local_port, admin_port } } = vars;
  const local = "127.0.0.1";
  return [
    { port: s3_port, protocol: "tcp", address, what: "S3", var: ["s3_port"] },
    { port: rpc_port, protocol: "tcp", address, what: "the other nodes", var: ["garage", "rpc_port"] },
    { port: local_port, protocol: "tcp", address: local, what: "S3 behind TLS", var: ["garage", "local_port"] },
    { port: admin_port, protocol: "tcp", address: local, what: "the admin API", var: ["garage", "admin_port"] },
  ];
}

/** HAProxy has TLS for Garage. @throws UsageError where its version knows too little */
function declareAccount(t: Tasks, { family, os }: Facts): readonly ResourceNode[] {
  if (family === "el" && os.major < 8) throw new UsageError(`${os.name} has HAProxy 1.5, and minio's backend garage needs 1.8 for its TLS`, { hint: "backend: seaweedfs runs there" });
  const packages = t.package(["openssl", "tar", "gzip", "haproxy", ...(family === "debian" ? ["ca-certificates", "curl"] : ["curl"])]);
  return [...packages, t.user(ACCOUNT, { system: true, shell: "/usr/sbin/nologin" }), t.directory(OPT, { mode: "0755", parents: true })];
}
