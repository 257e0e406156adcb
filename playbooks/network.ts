import { play, playbook, use } from "hawser";
import { backupPath } from "hawser/roles/backup-path";
import { bfd } from "hawser/roles/bfd";
import { gre } from "hawser/roles/gre";
import { gatewayOf } from "hawser/roles/gre/gateway";
import { strongswan } from "hawser/roles/strongswan";

/** The regions' gateways, joined by GRE inside IPsec. */
export default playbook(import.meta, [
  play({
    name: "network",
    hosts: "gateways",
    tags: ["net"],
    roles: [
      use(gre, (host) => ({ ...host.vars(gre), gateway: gatewayOf(host) })),
      use(strongswan, (host) => ({ ...host.vars(strongswan), gateway: gatewayOf(host) })),
      use(bfd, (host) => ({ ...host.vars(bfd), gateway: gatewayOf(host) })),
      use(backupPath, (host) => ({ ...host.vars(backupPath), gateway: gatewayOf(host) })),
    ],
  }),
]);
