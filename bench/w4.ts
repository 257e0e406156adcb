import { play, playbook, use } from "hawser";
import { w4 } from "./w4/role.ts";

export default playbook(import.meta, [play({ name: "w4", hosts: "all", roles: [use(w4)] })]);
