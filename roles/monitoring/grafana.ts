import { sh, type HandlerNode, type ResourceNode } from "hawser";
import { links } from "./dashboards/links.ts";
import { DATASOURCE, modelOf } from "./dashboards/panel.ts";
import { topology } from "./dashboards/topology.ts";
import type { Context } from "./programs.ts";
import type { Vars } from "./vars.ts";

const ETC = "/etc/grafana";
const OPT = "/opt/hawser-grafana";
const UNIT = "grafana-server";
const PASSWORD = `${ETC}/admin-password`;
const DASHBOARDS = `${ETC}/hawser-dashboards`;
const PROVISIONING = `${ETC}/provisioning`;

/** The dashboards, by the name of their file. */
export const DASHBOARD_FILES: Readonly<Record<string, ReturnType<typeof modelOf>>> = { "topology.json": modelOf(topology), "links.json": modelOf(links) };

type Wanted = NonNullable<Vars["grafana"]>;

/** Grafana, with the datasource and both dashboards from files: nothing has to be clicked together, and nothing clicked is lost in a run. */
export function declareGrafana(cx: Context, wanted: Wanted): void {
  const { t, vars } = cx;
  const installed = installGrafana(cx, wanted);
  const restart = t.handler("restart grafana", sh`systemctl is-active --quiet ${UNIT} || exit 0
systemctl restart ${UNIT}`);
  const folders = [PROVISIONING, `${PROVISIONING}/datasources`, `${PROVISIONING}/dashboards`, DASHBOARDS].map((folder) => t.directory(folder, { mode: "0755", parents: true, needs: installed }));
  const needs = [...installed, ...folders];
  const files = [
    t.file(PASSWORD, { content: wanted.admin_password, owner: "grafana", group: "grafana", mode: "0600", needs }),
    t.template(`${ETC}/grafana.ini`, "grafana.ini.ejs", { address: wanted.http_addr, port: wanted.http_port, password: PASSWORD, provisioning: PROVISIONING }, { mode: "0644", needs, notify: restart }),
    t.template(`${PROVISIONING}/datasources/hawser.yml`, "datasource.yml.ejs", { uid: DATASOURCE.uid, url: `http://${vars.address}:${vars.port}`, interval: vars.scrape_interval }, { mode: "0644", needs, notify: restart }),
    t.template(`${PROVISIONING}/dashboards/hawser.yml`, "dashboards.yml.ejs", { folder: DASHBOARDS }, { mode: "0644", needs, notify: restart }),
    // Grafana looks into the folder itself.
    ...Object.entries(DASHBOARD_FILES).map(([name, model]) => t.file(`${DASHBOARDS}/${name}`, { content: `${JSON.stringify(model, null, 1)}\n`, mode: "0644", needs })),
  ];
  t.service(UNIT, { state: "running", enabled: true, needs: [...needs, ...files] });
}

function installGrafana({ t, ground }: Context, { artifact }: Wanted): readonly (ResourceNode | HandlerNode)[] {
  if (artifact === undefined) return t.package("grafana");
  const account = t.user("grafana", { system: true, shell: "/usr/sbin/nologin", home: "/var/lib/grafana" });
  const into = t.directory(OPT, { mode: "0755", parents: true });
  const etc = t.directory(ETC, { mode: "0755", parents: true });
  const unpacked = t.archive(OPT, { ...artifact, name: "grafana", strip: 1, creates: "bin/grafana", needs: [...ground, into] });
  const unit = t.unit(UNIT, { content: `[Unit]\nDescription=Grafana, unpacked by hawser\nAfter=network-online.target\nWants=network-online.target\n\n[Service]\nUser=grafana\nGroup=grafana\nStateDirectory=grafana\nLogsDirectory=grafana\nWorkingDirectory=${OPT}\nExecStart=${OPT}/bin/grafana server --homepath=${OPT} --config=${ETC}/grafana.ini\nRestart=on-failure\nRestartSec=2\nLimitNOFILE=65536\nNoNewPrivileges=true\nProtectSystem=full\n\n[Install]\nWantedBy=multi-user.target\n`, needs: [unpacked, account] });
  return [account, etc, unpacked, unit];
}
