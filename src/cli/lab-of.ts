import type { Inventory } from "../inventory/index.ts";
import { UsageError } from "../errors/index.ts";
import type { LabHost, LabSpec } from "../lab/index.ts";

/** The lab that an inventory describes: its hosts with a `lab` var. Undefined when it has none, so its hosts are real. */
export function labOf(inventory: Inventory): LabSpec | undefined {
  const hosts = inventory.hosts.flatMap((host): LabHost[] => {
    const lab = host.vars["lab"];
    if (lab === undefined) return [];
    const image = (lab as { image?: unknown }).image ?? "debian";
    if (image !== "debian" && image !== "el") throw new UsageError(`${host.name}: lab.image is debian or el, not ${JSON.stringify(image)}`, place(inventory, host.name));
    if (host.region === "") throw new UsageError(`${host.name}: a lab host needs a region`, { ...place(inventory, host.name), hint: "region: la; the hosts of a region share the first three numbers of their addresses" });
    const privateAddress = (lab as { private?: unknown }).private;
    if (privateAddress !== undefined && typeof privateAddress !== "string") throw new UsageError(`${host.name}: lab.private is an address`, place(inventory, host.name));
    return [{ name: host.name, address: host.connection.address, region: host.region, image, privateAddress }];
  });
  if (hosts.length === 0) return undefined;
  const first = inventory.hosts.find((host) => host.vars["lab"] !== undefined);
  const name = first?.vars["lab_name"] ?? "default";
  const rtt = first?.vars["lab_rtt_ms"] ?? 0;
  if (typeof name !== "string") throw new UsageError("lab_name is a word");
  if (typeof rtt !== "number") throw new UsageError("lab_rtt_ms is a number of milliseconds");
  return { name, hosts, rttMs: rtt, needsKernel: needsKernel(inventory) };
}

/** Hosts that make tunnels say `lab_kernel: true`; one of them decides for the lab. */
function needsKernel(inventory: Inventory): boolean {
  return inventory.hosts.some(({ name, vars }) => {
    const wanted = vars["lab_kernel"] ?? false;
    if (typeof wanted !== "boolean") throw new UsageError(`${name}: lab_kernel is true or false`);
    return wanted && vars["lab"] !== undefined;
  });
}

function place(inventory: Inventory, host: string): { source?: { file: string; line: number; column: number } } {
  const at = inventory.locate(host, ["lab", "image"]);
  return at ? { source: { file: at.file, line: at.line, column: at.column } } : {};
}
