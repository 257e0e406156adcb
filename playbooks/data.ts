import { play, playbook, use } from "hawser";
import { base } from "hawser/roles/base";
import { postgresPglogical } from "hawser/roles/postgres-pglogical";

/** The databases of both regions, each writable, each with the other's rows. */
export default playbook(import.meta, [play({ name: "databases", hosts: "databases", roles: [use(base), use(postgresPglogical)], tags: ["data"] })]);
