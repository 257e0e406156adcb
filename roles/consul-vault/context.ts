import { z, type Facts, type HostView, type Member, type ResourceNode, type Secret, type Tasks } from "hawser";
import type { Firewall } from "hawser/roles/base/firewall";
import type { leafFact, LeafInput } from "hawser/roles/ca/leaf";
import { madeSchema } from "./made.ts";
import type { schema, Vars } from "./vars.ts";

export const exported = {
  /** Of the first host of Consul. */
  made: madeSchema,
  /** Of the first host of Vault: its parts, where hawser keeps them, and what reads its settings. */
  shares: z.custom<readonly Secret[]>(),
  reader: z.custom<Secret>(),
};

export type Peer = Member<typeof schema, typeof exported>;

type LeafState = z.output<ReturnType<typeof leafFact>["schema"]>;

/** What all parts of the role know. */
export interface Context {
  readonly t: Tasks;
  readonly vars: Vars;
  readonly facts: Facts & { readonly firewall: Firewall; readonly had: readonly string[]; readonly consulData: "yes" | "no"; readonly vaultData: "yes" | "no"; readonly consulTls: LeafState; readonly vaultTls: LeafState };
  readonly host: HostView;
  readonly from: LeafInput["from"];
  readonly members: readonly Peer[];
  /** The folder of secrets. */
  readonly made: ResourceNode;
  /** Programs that every part needs. */
  readonly tools: readonly ResourceNode[];
}
