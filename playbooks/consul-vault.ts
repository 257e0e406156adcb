import { play, playbook, use } from "hawser";
import { consulVault } from "hawser/roles/consul-vault";
import { reachedAt } from "hawser/roles/consul-vault/vars";
import ca from "./ca.ts";

/** Service discovery and secrets: Consul in each region, and OpenBao or Vault across the regions and the witness. */
export default playbook(import.meta, [
  ca,
  play({
    name: "consul and vault",
    hosts: "consul_vault",
    optional: true, // its server is in no distribution
    tags: ["consul-vault"],
    roles: [use(consulVault, (host) => ({ ...reachedAt(host), ...host.vars(consulVault) }))],
  }),
]);
