import { play, playbook, use } from "hawser";
import { motd } from "./motd/role.ts";
import { web } from "./web/role.ts";

export default playbook(import.meta, [
  // Vars from the inventory: the key `motd` of each host.
  play({ name: "everywhere", hosts: "all", roles: [use(motd)] }),
  play({
    name: "web",
    hosts: "web",
    serial: [1, "50%"],
    maxFailPercentage: 0,
    roles: [
      // Vars from the inventory, with one of them replaced.
      use(web, (host) => ({ ...host.vars(web), body_limit_mb: host.region === "la" ? 16 : 8 })),
      // Complete vars: the inventory is not asked.
      use(motd, { contact: "web@example.org" }, { as: "web", tags: ["greeting"] }),
    ],
  }),
]);
