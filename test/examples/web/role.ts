import { defineRole, fact, sh, z } from "hawser";

const site = z.strictObject({
  name: z.hostname().describe("The site's host name."),
  upstream: z.string().describe("Where its requests go, e.g. `127.0.0.1:8080`."),
});

export const web = defineRole(import.meta, {
  name: "web",
  summary: "nginx in front of some applications.",
  // #region vars
  vars: z.strictObject({
    sites: z.array(site).min(1).describe("What is served."),
    body_limit_mb: z.number().int().min(1).default(8).describe("Larger requests are refused."),
    status_port: z.number().int().optional().describe("Where nginx says how it is. Default: nowhere."),
  }),
  // #endregion
  // #region facts
  facts: () => ({
    openFiles: fact(sh`ulimit -n`, z.coerce.number()),
  }),
  // #endregion
  // #region listens
  listens: ({ vars }) => [
    { port: 80, protocol: "tcp", what: "the sites" },
    ...(vars.status_port === undefined ? [] : [{ port: vars.status_port, protocol: "tcp" as const, address: "127.0.0.1", what: "the status page", var: ["status_port"] }]),
  ],
  // #endregion
  tasks({ t, vars, facts }) {
    // #region resources
    const nginx = t.package("nginx");
    const running = t.service("nginx", { state: "running", enabled: true, needs: [nginx] });
    const reload = t.handler("reload", sh`nginx -t -q && systemctl reload nginx`);

    const folder = facts.family === "debian" ? "/etc/nginx/sites-enabled" : "/etc/nginx/conf.d";
    for (const { name, upstream } of vars.sites) {
      const template = { name, upstream, limit: vars.body_limit_mb };
      t.template(`${folder}/${name}.conf`, "site.conf.ejs", template, { needs: [nginx], notify: reload });
    }
    if (facts.family === "debian") t.file(`${folder}/default`, { state: "absent", needs: [nginx], notify: reload });
    // #endregion
    t.unit("nginx", { dropIn: "files", content: `[Service]\nLimitNOFILE=${Math.min(facts.openFiles, 65536)}\n`, needs: [nginx], notify: reload });

    if (vars.status_port !== undefined) {
      t.file(`${folder}/status.conf`, { content: `server { listen 127.0.0.1:${vars.status_port}; stub_status; }\n`, needs: [nginx], notify: reload });
    }
    // #region gate
    t.flush();
    t.gate("answers", { probe: sh`nginx -t -q && systemctl is-active --quiet nginx`, within: 10, needs: [running] });
    // #endregion
  },
});
