import { z, type HostView } from "hawser";
import { consulSchema } from "./consul-vars.ts";
import { vaultSchema } from "./vault-vars.ts";

export const schema = z
  .strictObject({
    address: z.ipv4().describe("Where hosts of the same region reach this one. Default in playbooks/consul-vault.ts: the host var `private_address`, else `public_address`."),
    wan_address: z.ipv4().optional().describe("Where hosts of other regions reach it; gossip, raft and TLS do not need the tunnel. Default in playbooks/consul-vault.ts: the host var `public_address`; else `address`."),
    consul: consulSchema.optional().describe("Consul on this host. Without it there is none."),
    vault: vaultSchema.optional().describe("OpenBao or Vault on this host. Without it there is none."),
    allow_eol: z.boolean().default(false).describe("Allows CentOS 7, which gets no security updates since 2024-06-30."),
  })
  .refine(({ consul, vault }) => consul !== undefined || vault !== undefined, "give consul, vault or both");

export type Vars = z.output<typeof schema>;

/** The addresses of a host as its inventory has them, for `use(consulVault, (host) => ({ ...reachedAt(host), ...host.vars(consulVault) }))`. */
export function reachedAt(host: HostView): { address: string; wan_address?: string } {
  const { public_address: outside, private_address: inside } = host.inventory;
  const address = (inside ?? outside ?? host.address) as string;
  return { address, ...(typeof outside === "string" && { wan_address: outside }) };
}
