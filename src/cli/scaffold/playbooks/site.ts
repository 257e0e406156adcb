import { play, playbook, use } from "hawser";
import { motd } from "../roles/motd/role.ts";

export default playbook(import.meta, [
  play({ name: "greeting", hosts: "web", roles: [use(motd)] }),
]);
