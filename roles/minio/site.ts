import { Sh, sh, type HandlerNode, type ResourceNode, type Tasks, type Value } from "hawser";
import { bucketsOf, bucketsTask } from "./buckets.ts";
import { identitiesOf, signerKey } from "./identities.ts";
import type { Keys } from "./keys.ts";
import { ACCOUNT, CANARY, CANARY_CONF, CANARY_KEY, CANARY_UNIT, CERTIFICATE, DATA, GATEWAY, IDENTITIES, FORGETTER, KEY, pullerOf, RUN, S3_TLS, SECURITY, SIGNER, STORE, TRUSTED } from "./paths.ts";
import { asSite, declareProgram, filerOf, gatewayUnit, masterOf, pullerUnit, storeUnit, weedShell, type UnitText } from "./seaweedfs.ts";
import { s3Of, sourcesOf, type Site } from "./sites.ts";
import { CANARY_NAME } from "./vars.ts";

export interface SiteInput {
  readonly t: Tasks;
  readonly own: Site;
  readonly sites: readonly Site[];
  /** Certificates of all sites. */
  readonly trusted: () => string;
  readonly keys: Value<Keys>;
  /** What must be there before: packages, account, folder, key and certificate. */
  readonly before: readonly ResourceNode[];
}

const UNITS = "/etc/systemd/system";
const METRICS = "/var/lib/prometheus/node-exporter";
const group = { owner: "root", group: ACCOUNT, mode: "0640" } as const;

/** Everything that restarts, reloads or runs. */
export function declareSite(cx: SiteInput): void {
  const { t, own, before } = cx;
  const sources = sourcesOf(own, cx.sites);
  const units = t.handler("read units", sh`systemctl daemon-reload`);
  const restarts = (name: string): HandlerNode => t.handler(`restart ${name}`, sh`systemctl is-active --quiet ${name} || exit 0
systemctl restart ${name}`);
  const [store, gateway] = [restarts(STORE), restarts(GATEWAY)];
  const pullers = sources.map(({ host }) => restarts(pullerOf(host.name)));
  const weed = [store, gateway, ...pullers];

  const folders = ["", "/volumes", "/master", "/filer"].map((part) => t.directory(`${DATA}${part}`, { mode: "0700", owner: ACCOUNT, group: ACCOUNT, needs: before }));
  const program = declareProgram(t, own.vars, { needs: before, notify: weed });
  const trusted = t.file(TRUSTED, { content: cx.trusted, mode: "0644", needs: before, notify: weed });
  const security = t.template(SECURITY, "security.toml.ejs", { trusted: TRUSTED, certificate: CERTIFICATE, key: KEY }, { mode: "0644", needs: before, notify: weed });
  // Told to read its users again (SIGHUP), SeaweedFS adds new ones and lets those that are gone go on.
  const identities = t.file(IDENTITIES, { ...group, content: cx.keys.map((keys) => identitiesOf(own.vars, keys)), needs: before, notify: gateway });
  const needs = [...folders, program, trusted, security, identities];
  const unit = (name: string, text: UnitText, notify: HandlerNode): ResourceNode => t.template(`${UNITS}/${name}.service`, "unit.service.ejs", { ...text }, { mode: "0644", notify: [units, notify] });
  const storeText = unit(STORE, storeUnit(own.vars), store);
  const gatewayText = unit(GATEWAY, gatewayUnit(own.vars, STORE), gateway);
  const pullerTexts = sources.map((source, i) => unit(pullerOf(source.host.name), pullerUnit(own.vars, source, GATEWAY, own.vars.metrics_port + i), pullers[i] as HandlerNode));
  const canary = declareCanary(cx, units, before);

  t.flush();
  const stores = t.service(STORE, { state: "running", enabled: true, needs: [storeText, ...needs, ...weed, units] });
  const gateways = t.service(GATEWAY, { state: "running", enabled: true, needs: [stores, gatewayText] });
  t.gate("the store answers", { probe: answers(own), within: 60, every: 0.5, needs: [gateways] });
  const buckets = t.task("buckets", { ...bucketsTask(own.vars), summary: bucketsOf(own.vars).map(({ name }) => name).join(", "), absent: "while-needs-absent", needs: [gateways] });
  t.gate("S3 answers", { probe: sh`sh ${SIGNER} ${CANARY_KEY} ${S3_TLS.trusted} HEAD ${`${s3Of(own)}/${CANARY_NAME}`} | grep -q '^200 '`, within: 60, every: 0.5, needs: [buckets, ...canary] });
  for (const [i, { host }] of sources.entries()) t.service(pullerOf(host.name), { state: "running", enabled: true, needs: [gateways, ...pullerTexts.slice(i, i + 1)] });
  declareLeavers(t, sources);
  declareForgetter(cx);
  t.service(CANARY_UNIT, { state: "running", enabled: true, needs: [buckets, ...canary] });
}

/** The volumes have told the master of themselves, and the filer is there. */
const answers = ({ vars }: Site): Sh => Sh.lines(
  sh`${asSite(`https://${masterOf(vars)}/dir/status`)} | tr -d ' \n' | grep -q '"Max":[1-9]' || exit 1`,
  sh`${asSite(`https://${filerOf(vars)}/`)} >/dev/null`,
);

/** The script that writes here and looks elsewhere, and what it needs. */
function declareCanary({ t, own, sites, keys }: SiteInput, units: HandlerNode, before: readonly ResourceNode[]): readonly ResourceNode[] {
  const restart = t.handler(`restart ${CANARY_UNIT}`, sh`systemctl is-active --quiet ${CANARY_UNIT} || exit 0
systemctl restart ${CANARY_UNIT}`);
  const { vars, host } = own;
  const others = sites.filter((site) => site.host.name !== host.name).map((site) => `${site.host.name}=${s3Of(site)}`);
  const conf = { host: host.name, own: s3Of(own), sites: others, bucket: CANARY_NAME, within: vars.arrives_within_s, every: vars.canary_every_s, key: CANARY_KEY, trusted: S3_TLS.trusted, signer: SIGNER, run: RUN, metrics: METRICS };
  const options = { mode: "0644", needs: before, notify: restart };
  return [
    t.file(SIGNER, { source: "s3.sh", ...options }),
    t.file(CANARY, { source: "canary.sh", ...options }),
    t.file(CANARY_KEY, { ...group, content: keys.map((all) => signerKey(all, CANARY_NAME)), needs: before, notify: restart }),
    t.template(CANARY_CONF, "canary.conf.ejs", conf, options),
    t.template(`${UNITS}/${CANARY_UNIT}.service`, "canary.service.ejs", { after: `${GATEWAY}.service`, account: ACCOUNT, script: CANARY, conf: CANARY_CONF }, { mode: "0644", notify: [units, restart] }),
  ];
}

/** The log of all changes grows for ever: a host that is set up anew gets everything from it. */
function declareForgetter({ t, own: { vars } }: SiteInput): void {
  if (vars.change_log_days === undefined) t.timer(FORGETTER, { state: "absent" });
  else t.timer(FORGETTER, { onCalendar: "daily", randomizedDelay: "1h", command: weedShell(vars, sh`echo ${`fs.log.purge -daysAgo ${vars.change_log_days}`}`) });
}

/** Pullers of sites that left the inventory. */
function declareLeavers(t: Tasks, sources: readonly Site[]): void {
  const wanted = sources.map(({ host }) => `${UNITS}/${pullerOf(host.name)}.service`);
  const each = (what: Sh): Sh => sh`for f in ${Sh.raw(`${UNITS}/${pullerOf("*")}.service`)}; do [ -e "$f" ] || continue
case ${` ${wanted.join(" ")} `} in *" $f "*) ;; *) ${what} ;; esac; done`;
  t.task("sites that left", {
    check: each(sh`exit 1`),
    apply: Sh.lines(each(sh`u=\${f##*/}; systemctl disable --now -q "$u"; rm -f "$f"`), "systemctl daemon-reload"),
    summary: "no longer taken from",
  });
}
