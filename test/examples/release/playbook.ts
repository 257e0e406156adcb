import { play, playbook, sh, use } from "hawser";
import { release } from "./role.ts";

export default playbook(import.meta, [
  play({
    name: "shop",
    hosts: "all",
    roles: [use(release)],
    // One host first, then a quarter, then the rest.
    serial: [1, "25%", "100%"],
    gate: { verify: true, probe: sh`test -d /srv`, within: 120, hold: 300 },
    maxFailures: "5%",
  }),
]);
