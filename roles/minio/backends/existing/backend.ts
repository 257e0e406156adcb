import { sh, UsageError } from "hawser";
import { lengthOf } from "../../keys.ts";
import { OPT } from "../../paths.ts";
import type { Site } from "../../sites.ts";
import type { Backend } from "../backend.ts";
import { assertSite } from "./health.ts";
import { ACCOUNT, aliasOf, existingOf } from "./mc.ts";
import { declareSite } from "./site.ts";

/** MinIO's own limits for users. */
const LONGEST = { access: 20, secret: 40 };

/** MinIO sites that the operator runs: the role makes them replicate, and looks after what is in them. */
export const existing: Backend = {
  account: ACCOUNT,
  serves: false,
  joined: false,
  look: sh`echo no`,
  secrets: [],
  refuse,
  weaknesses: (sites) => (sites.length === 1 ? ["minio has one site: what it loses is lost. A site in a second region keeps a copy of everything"] : []),
  listens: () => [],
  peerPorts: () => [],
  declareAccount: (t) => [...t.package(["tar", "gzip", "ca-certificates", "curl"]), t.user(ACCOUNT, { system: true, shell: "/usr/sbin/nologin" }), t.directory(OPT, { mode: "0755", parents: true })],
  declare: declareSite,
  assert: assertSite,
};

/** @throws UsageError at the inventory's line for sites that mc cannot be told of, and users that MinIO does not take */
function refuse(own: Site, peers: readonly Site[]): void {
  const { host, vars } = own;
  const { endpoint } = existingOf(own);
  for (const peer of peers) {
    if (existingOf(peer).endpoint === endpoint) throw new UsageError(`${host.name} and ${peer.host.name} both have the MinIO at ${endpoint}`, { source: host.at("minio", "existing", "endpoint"), hint: "each host of the role stands for a site of its own" });
    if (aliasOf(peer) === aliasOf(own)) throw new UsageError(`mc would call ${host.name} and ${peer.host.name} both ${aliasOf(own)}`, { source: host.at("minio", "existing"), hint: "give the hosts names that differ in letters and digits" });
  }
  for (const { name, access_key, secret_key } of vars.users) {
    const long = access_key !== undefined && access_key.length > LONGEST.access ? "access" : lengthOf(secret_key) > LONGEST.secret ? "secret" : undefined;
    if (long !== undefined) throw new UsageError(`minio.users: the ${long} key of ${name} is longer than the ${LONGEST[long]} characters that MinIO takes`, { source: host.at("minio", "users"), hint: "leave out both keys, and they are made" });
  }
}
