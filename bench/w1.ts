import { play, playbook, use } from "hawser";
import { w1 } from "./w1/role.ts";

export default playbook(import.meta, [play({ name: "w1", hosts: "all", roles: [use(w1)] })]);
