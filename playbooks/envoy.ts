import { play, playbook, use } from "hawser";
import { echo } from "hawser/roles/echo";
import { envoy } from "hawser/roles/envoy";
import { meshOf } from "hawser/roles/envoy/vars";
import ca from "./ca.ts";

/** The mesh: on each of its hosts an Envoy, and the service that shows that it works. */
export default playbook(import.meta, [
  ca,
  play({
    name: "mesh",
    hosts: "mesh",
    optional: true, // its server is in no distribution
    tags: ["mesh"],
    roles: [use(echo), use(envoy, (host) => ({ ...meshOf(host), ...host.vars(envoy) }))],
  }),
]);
