import { play, playbook, use } from "hawser";
import { minio } from "hawser/roles/minio";
import { siteOf } from "hawser/roles/minio/vars";
import ca from "./ca.ts";

/** Object storage in every region, each with all objects. */
export default playbook(import.meta, [
  ca,
  play({
    name: "objects",
    hosts: "objects",
    optional: true, // its server is in no distribution
    tags: ["objects"],
    roles: [use(minio, (host) => ({ ...siteOf(host), ...host.vars(minio) }))],
  }),
]);
