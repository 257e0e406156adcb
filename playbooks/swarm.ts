import { play, playbook, use } from "hawser";
import { swarm } from "hawser/roles/swarm";
import { swarmServices } from "hawser/roles/swarm/services";
import { nodeOf } from "hawser/roles/swarm/vars";

/** One Docker Swarm over the regions, and what runs in it once its nodes are there. */
export default playbook(import.meta, [
  play({ name: "swarm", hosts: "swarm", tags: ["swarm"], roles: [use(swarm, (host) => ({ ...nodeOf(host), ...host.vars(swarm) }))] }),
  play({ name: "services", hosts: "swarm", tags: ["swarm", "services"], roles: [use(swarmServices, (host) => ({ ...nodeOf(host), ...host.vars(swarm) }))] }),
]);
