import { play, playbook, use, z } from "hawser";
import { motd } from "./motd/role.ts";

export default playbook(
  import.meta,
  [play({ name: "greeting", hosts: "all", roles: [use(motd, (host) => ({ ...host.vars(motd), contact: String(host.inventory["contact"]) }))] })],
  {
    prompts: {
      contact: { message: "Whom to ask", schema: z.email() },
      reason: { message: "Why now", default: "maintenance" },
    },
  },
);
