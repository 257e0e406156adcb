import { sh, UsageError } from "hawser";
import { lengthOf } from "../../keys.ts";
import { OPT } from "../../paths.ts";
import type { Site } from "../../sites.ts";
import type { Backend } from "../backend.ts";
import { assertSite } from "./health.ts";
import { ACCOUNT, OBJECTS } from "./paths.ts";
import { ROOT } from "./root.ts";
import { declareSite } from "./site.ts";

/** RustFS' own limit (SECRET_KEY_MAX_LEN of its policy crate). */
const LONGEST_SECRET = 40;

/** Each region a RustFS, whose sites replicate to one another. */
export const rustfs: Backend = {
  account: ACCOUNT,
  serves: true,
  joined: false,
  look: sh`if [ -d ${`${OBJECTS}/.rustfs.sys`} ]; then echo yes; else echo no; fi`,
  secrets: [ROOT],
  refuse,
  weaknesses: (sites) => (sites.length === 1 ? ["minio has one host: what its disk loses is lost. A host in a second region keeps a copy of everything"] : []),
  listens: ({ vars }) => [{ port: vars.s3_port, protocol: "tcp", address: vars.address, what: "S3", var: ["s3_port"] }],
  peerPorts: () => [],
  declareAccount: (t, { family }) => [
    ...t.package(["tar", "gzip", ...(family === "debian" ? ["ca-certificates", "curl"] : ["curl"])]),
    t.user(ACCOUNT, { system: true, shell: "/usr/sbin/nologin" }),
    t.directory(OPT, { mode: "0755", parents: true }),
  ],
  declare: declareSite,
  assert: assertSite,
};

/** @throws UsageError at the inventory's line for what RustFS does not take */
function refuse({ host, vars }: Site): void {
  if (/^(?:127|169\.254)\./.test(vars.address)) throw new UsageError(`RustFS replicates to no loopback or link-local address, and ${host.name} has ${vars.address}`, { source: host.at("minio", "address"), hint: "an address that the other sites reach" });
  for (const { name, secret_key } of vars.users) {
    if (name === ROOT) throw new UsageError(`minio.users: ${name} is RustFS' own administrator`, { source: host.at("minio", "users"), hint: "call it something else" });
    if (lengthOf(secret_key) > LONGEST_SECRET) throw new UsageError(`minio.users: the secret key of ${name} is longer than the ${LONGEST_SECRET} characters that RustFS takes`, { source: host.at("minio", "users"), hint: "leave out both keys, and they are made" });
  }
}
