import { playbook, use } from "hawser";
import { migration, swarmAct } from "hawser/roles/swarm/migrate";

/**
 * Hot migration of Swarm nodes, one at a time: drain, wait until no task is left and the services run elsewhere, act, give back, wait
 * until the cluster is whole. `--limit la-2` for one node; `-e act=reboot`, or a shell command. For roles in the place of a command,
 * write a playbook with `migration({ roles: () => [use(…)] })`.
 */
export default playbook(import.meta, [migration({ roles: (turn) => [use(swarmAct, (host) => ({ turn, act: String(host.inventory["act"]) }))] })], {
  prompts: { act: { message: "What to do on each node while it has no tasks: a shell command, or reboot" } },
});
