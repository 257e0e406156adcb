import { defineRole, sh, z } from "hawser";

export const page = defineRole(import.meta, {
  name: "page",
  summary: "One page, served by nginx.",
  vars: z.strictObject({
    title: z.string().describe("What the page says."),
    port: z.number().int().min(1).max(65_535).default(80).describe("Where nginx listens."),
  }),
  tasks({ t, vars, facts, host }) {
    const nginx = t.package("nginx");
    const reload = t.handler("reload nginx", sh`nginx -t -q && systemctl reload nginx`);
    t.template("/etc/nginx/sites-available/default", "site.conf.ejs", { port: vars.port }, {
      needs: [nginx],
      notify: reload,
      tags: ["config"],
    });
    const words = { title: vars.title, host: host.name, os: facts.os.name };
    t.template("/var/www/html/index.html", "index.html.ejs", words, { needs: [nginx] });
    t.service("nginx", { state: "running", enabled: true, needs: [nginx] });
  },
});
