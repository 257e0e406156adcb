import { play, playbook, use, z, type HostView } from "hawser";
import { base } from "hawser/roles/base";
import { postgresPglogical } from "hawser/roles/postgres-pglogical";

/** Where the hosts reach one another: inside the tunnel, where the inventory names such an address. */
function inside(host: HostView): { address?: string } {
  const address = z.ipv4().safeParse(host.inventory["private_address"]);
  return address.success ? { address: address.data } : {};
}

/** The databases of both regions, each writable, each with the other's rows. */
export default playbook(import.meta, [
  play({
    name: "databases",
    hosts: "databases",
    tags: ["data"],
    roles: [use(base, (host) => ({ ...inside(host), ...host.vars(base) })), use(postgresPglogical, (host) => ({ ...inside(host), ...host.vars(postgresPglogical) }))],
  }),
]);
