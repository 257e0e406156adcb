import type { Inventory } from "../inventory/index.ts";
import { labStatus, labUp } from "../lab/index.ts";
import { labOf } from "./lab-of.ts";

/** Lab hosts that are down are brought up; other inventories are left alone. */
export async function raiseLab(inventory: Inventory): Promise<void> {
  const spec = labOf(inventory);
  if (!spec) return;
  const state = await labStatus(spec.name);
  const up = new Set(state?.hosts.filter((host) => host.ready).map((host) => host.name));
  if (spec.hosts.every((host) => up.has(host.name))) return;
  process.stderr.write("the lab is down: bringing it up\n");
  await labUp(spec, { onProgress: ({ host, message }) => process.stderr.write(`  ${host === undefined ? "" : `${host}: `}${message}\n`) });
}
