import { play, playbook, use } from "hawser";
import { motd } from "./role.ts";

export default playbook(import.meta, [
  play({ name: "greeting", hosts: "all", roles: [use(motd)] }),
]);
