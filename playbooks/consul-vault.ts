import { play, playbook, use } from "hawser";
import { consulVault } from "hawser/roles/consul-vault";
import { reachedAt } from "hawser/roles/consul-vault/vars";

/** Service discovery and secrets: Consul in each region, and OpenBao or Vault across the regions and the witness. */
export default playbook(import.meta, [
  play({
    name: "consul and vault",
    hosts: "consul_vault",
    tags: ["consul-vault"],
    roles: [use(consulVault, (host) => ({ ...reachedAt(host), ...host.vars(consulVault) }))],
  }),
]);
