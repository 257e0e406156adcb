import { defineRole, z } from "hawser";

/** The reference workload W4: one file of 50 MB, which the benchmark fills with random bytes. */
export const w4 = defineRole(import.meta, {
  name: "w4",
  summary: "The reference workload W4.",
  vars: z.strictObject({}),
  tasks({ t }) {
    t.directory("/srv/w4", { mode: "0755" });
    t.file("/srv/w4/big50.bin", { source: "big50.bin", mode: "0644" });
  },
});
