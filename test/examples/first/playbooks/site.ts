import { play, playbook, use } from "hawser";
import { page } from "../roles/page/role.ts";

export default playbook(import.meta, [
  play({ name: "web", hosts: "web", roles: [use(page)] }),
]);
