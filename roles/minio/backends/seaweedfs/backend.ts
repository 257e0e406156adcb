import { sh } from "hawser";
import { DATA } from "../../paths.ts";
import type { Backend } from "../backend.ts";
import { assertStore } from "./health.ts";
import { ACCOUNT } from "./paths.ts";
import { listenersOf, peerPorts } from "./ports.ts";
import { declareSite } from "./site.ts";
import { declareAccount } from "./weed.ts";

/** Each region a store of its own, which takes the others' changes. */
export const seaweedfs: Backend = {
  account: ACCOUNT,
  serves: true,
  joined: false,
  look: sh`if [ -d ${`${DATA}/filer`} ]; then echo yes; else echo no; fi`,
  secrets: [],
  refuse: () => undefined,
  weaknesses: (sites) => (sites.length === 1 ? ["minio has one host: what its disk loses is lost. A host in a second region keeps a copy of everything"] : []),
  listens: listenersOf,
  peerPorts,
  declareAccount,
  declare: declareSite,
  assert: assertStore,
};
