import { readFile } from "node:fs/promises";
import { LabError } from "./error.ts";

/**
 * The start of an argv that runs its rest with no more capabilities than a process has. Entering a host's namespaces
 * takes none of the controller's away, and with them a command "in the host" could set the machine's clock.
 */
export async function withCapabilitiesOf(pid: number): Promise<string[]> {
  const hex = /^CapBnd:\s*([0-9a-f]+)$/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1];
  if (hex === undefined) throw new LabError(`the kernel does not say which capabilities process ${pid} has`);
  return ["setpriv", `--bounding-set=-all${capabilityList(hex)}`, "--inh-caps=-all", "--"];
}

/** A mask as /proc shows it (hex) as setpriv's list: bit N is `cap_N`. */
export function capabilityList(hex: string): string {
  const bits = BigInt(`0x${hex}`).toString(2).split("").reverse();
  return bits.map((bit, index) => (bit === "1" ? `,+cap_${index}` : "")).join("");
}
