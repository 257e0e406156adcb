import { play, playbook, use, type HostView } from "hawser";
import { backupPath } from "hawser/roles/backup-path";
import { bfd } from "hawser/roles/bfd";
import { etcd } from "hawser/roles/etcd";
import { memberOf } from "hawser/roles/etcd/vars";
import { gre } from "hawser/roles/gre";
import { gatewayOf } from "hawser/roles/gre/gateway";
import { keepalived } from "hawser/roles/keepalived";
import { swarmPoolsOf } from "hawser/roles/keepalived/swarm";
import { strongswan } from "hawser/roles/strongswan";

/** The address that moves is announced by whoever has it, unless something else moves it. */
function announcedBy(host: HostView): string[] {
  const { vip, mover = "bgp" } = host.vars(keepalived);
  return typeof vip === "string" && mover === "bgp" ? [`${vip.replace(/\/32$/, "")}/32`] : [];
}

/** The regions' gateways, joined by GRE inside IPsec, and the quorum that says which of them holds the address that moves. */
export default playbook(import.meta, [
  play({
    name: "quorum",
    hosts: "quorum",
    tags: ["net", "quorum"],
    roles: [use(etcd, (host) => ({ ...memberOf(host), ...host.vars(etcd) }))],
  }),
  play({
    name: "network",
    hosts: "gateways",
    tags: ["net"],
    roles: [
      use(gre, (host) => ({ ...host.vars(gre), gateway: gatewayOf(host) })),
      use(strongswan, (host) => ({ ...host.vars(strongswan), gateway: gatewayOf(host) })),
      use(bfd, (host) => ({ announce: announcedBy(host), ...host.vars(bfd), gateway: gatewayOf(host) })),
      use(backupPath, (host) => ({ ...host.vars(backupPath), gateway: gatewayOf(host) })),
      use(keepalived, (host) => {
        const pools = swarmPoolsOf(host);
        return { ...(pools && { swarm_pools: [...pools] }), ...host.vars(keepalived), gateway: gatewayOf(host) };
      }),
    ],
  }),
]);
