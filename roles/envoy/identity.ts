import type { CommonOptions, ResourceNode } from "hawser";
import { leaf, type LeafInput, type LeafSpec } from "hawser/roles/ca/leaf";
import { meshName } from "./mesh.ts";
import { ACCOUNT, CERTIFICATE, KEY, NAME, TRUSTED } from "./paths.ts";

/** What this end shows, signed by the CA: its name in the mesh and nothing else. The key is made on the host, and never leaves it. */
export function declareIdentity(input: LeafInput, seen: LeafSpec["seen"], { needs, notify }: Required<Pick<CommonOptions, "needs" | "notify">>): readonly ResourceNode[] {
  const { key, certificate, trusted, nodes } = leaf(input, { name: NAME, seen, names: [`DNS:${meshName(input.host.name)}`], usage: "both", group: ACCOUNT, needs, notify });
  if (key !== KEY || certificate !== CERTIFICATE || trusted !== TRUSTED) throw new Error(`the CA puts certificates to ${certificate}, and Envoy looks for ${CERTIFICATE}`);
  return nodes;
}
