import { play, playbook, use } from "hawser";
import { w2 } from "./w2/role.ts";

export default playbook(import.meta, [play({ name: "w2", hosts: "all", roles: [use(w2)] })]);
