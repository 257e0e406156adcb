import { defineRole, z } from "hawser";

/** Names of the 100 units. */
export const UNITS = Array.from({ length: 100 }, (_, i) => String(i + 1).padStart(3, "0"));

/** A unit's file: 12 settings, some 300 bytes. */
export function unitText(unit: string): string {
  const settings = Array.from({ length: 12 }, (_, i) => `setting_${i + 1} = value-${unit}-${i + 1}\n`);
  return `# unit ${unit}\n${settings.join("")}`;
}

/** The reference workload W2: many small things in a loop, 100 folders with a file in each. */
export const w2 = defineRole(import.meta, {
  name: "w2",
  summary: "The reference workload W2.",
  vars: z.strictObject({}),
  tasks({ t }) {
    t.directory("/srv/w2", { mode: "0755" });
    for (const unit of UNITS) t.directory(`/srv/w2/${unit}`, { mode: "0755" });
    for (const unit of UNITS) t.file(`/srv/w2/${unit}/unit.conf`, { content: unitText(unit), mode: "0644" });
  },
});
