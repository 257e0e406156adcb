import { defineRole, z } from "hawser";

export const motd = defineRole(import.meta, {
  name: "motd",
  summary: "What users read when they log in.",
  vars: z.strictObject({
    contact: z.string().describe("Whom to ask about the host."),
    rules: z.array(z.string()).default([]).describe("One line each."),
  }),
  tasks({ t, vars, facts, host }) {
    t.template("/etc/motd", "motd.ejs", { name: host.name, os: facts.os.name, ...vars }, { mode: "0644" });
  },
});
