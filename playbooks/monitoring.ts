import { play, playbook, use } from "hawser";
import { monitoring } from "hawser/roles/monitoring";
import { monitored } from "hawser/roles/monitoring/watched";

/** Every host is watched; those in the group `monitors` watch, each region's the others'. */
export default playbook(import.meta, [
  play({
    name: "monitoring",
    hosts: "all",
    tags: ["monitoring"],
    roles: [use(monitoring, (host) => ({ ...monitored(host), ...host.vars(monitoring) }))],
  }),
]);
