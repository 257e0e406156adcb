import { play, playbook, use } from "hawser";
import { swarm } from "hawser/roles/swarm";
import { swarmWork } from "hawser/roles/swarm/migrate";
import { nodeOf } from "hawser/roles/swarm/vars";

/**
 * Horizontal scaling: write the host into the inventory's group `swarm`, and run this with `--limit` on it. It joins, gets its labels,
 * and gets work: replicated services are started anew, task by task, since Swarm itself moves none to a new node. With
 * `--skip-tags rebalance` it only waits for what comes.
 */
export default playbook(import.meta, [
  play({ name: "swarm", hosts: "swarm", roles: [use(swarm, (host) => ({ ...nodeOf(host), ...host.vars(swarm) }))] }),
  play({ name: "work", hosts: "swarm", tags: ["rebalance"], roles: [use(swarmWork, (host) => ({ ...nodeOf(host), ...host.vars(swarm) }))] }),
]);
