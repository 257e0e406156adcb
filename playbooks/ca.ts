import { play, playbook, use } from "hawser";
import { ca } from "hawser/roles/ca";

/** The CA, before whatever asks it for certificates. A change of the CA waits for all hosts, so all are here. */
export default playbook(import.meta, [play({ name: "ca", hosts: "all", tags: ["ca"], roles: [use(ca)] })]);
