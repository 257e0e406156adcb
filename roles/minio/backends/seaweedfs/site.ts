import { Sh, sh, type HandlerNode, type ResourceNode, type Tasks } from "hawser";
import { declareAnswering, declareCanary, startCanary } from "../../canary.ts";
import { DATA, GATEWAY, STORE, UNITS } from "../../paths.ts";
import { declareProgram } from "../../program.ts";
import type { Site } from "../../sites.ts";
import { bucketsOf } from "../../vars.ts";
import { rolling, type SiteInput } from "../backend.ts";
import { bucketsTask } from "./buckets.ts";
import { declareCertificate } from "./certificate.ts";
import { identitiesOf } from "./identities.ts";
import { ACCOUNT, CERTIFICATE, FORGETTER, IDENTITIES, KEY, pullerOf, SECURITY, TRUSTED } from "./paths.ts";
import { sourcesOf } from "./sources.ts";
import { asSite, filerOf, gatewayUnit, masterOf, pullerUnit, storeUnit, weedShell, type UnitText } from "./weed.ts";

const group = { owner: "root", group: ACCOUNT, mode: "0640" } as const;

/** This site's certificate for the others, and then everything that restarts, reloads or runs. */
export function declareSite(cx: SiteInput): void {
  const { t, own, sites } = cx;
  const certificate = declareCertificate(t, { host: own.host.name, address: own.vars.address, days: own.vars.certificate_days }, cx.before);
  t.export("certificate", certificate.text);
  const trusted = () => sites.map((site) => (site.host.name === own.host.name ? certificate.text : site.exports.certificate).get()).join("");
  rolling(cx, () => declareServices({ ...cx, before: [...cx.before, certificate.own] }, trusted));
}

function declareServices(cx: SiteInput, certificates: () => string): void {
  const { t, own, before } = cx;
  const sources = sourcesOf(own, cx.sites);
  const units = t.handler("read units", sh`systemctl daemon-reload`);
  const restarts = (name: string, then?: Sh): HandlerNode => t.handler(`restart ${name}`, Sh.lines(sh`systemctl is-active --quiet ${name} || exit 0
systemctl restart ${name}`, then));
  const [store, gateway] = [restarts(STORE), restarts(GATEWAY, pulling(own))];
  const pullers = sources.map(({ host }) => restarts(pullerOf(host.name)));
  const weed = [store, gateway, ...pullers];

  const folders = ["", "/volumes", "/master", "/filer"].map((part) => t.directory(`${DATA}${part}`, { mode: "0700", owner: ACCOUNT, group: ACCOUNT, needs: before }));
  const program = declareProgram(t, own.vars, "weed", { needs: before, notify: weed });
  const trusted = t.file(TRUSTED, { content: certificates, mode: "0644", needs: before, notify: weed });
  const security = t.template(SECURITY, "security.toml.ejs", { trusted: TRUSTED, certificate: CERTIFICATE, key: KEY }, { mode: "0644", needs: before, notify: weed });
  // Told to read its users again (SIGHUP), SeaweedFS adds new ones and lets those that are gone go on.
  const identities = t.file(IDENTITIES, { ...group, content: cx.keys.map((keys) => identitiesOf(own.vars, keys)), needs: before, notify: gateway });
  const needs = [...folders, program, trusted, security, identities];
  const unit = (name: string, text: UnitText, notify: HandlerNode): ResourceNode => t.template(`${UNITS}/${name}.service`, "unit.service.ejs", { ...text }, { mode: "0644", notify: [units, notify] });
  const storeText = unit(STORE, storeUnit(own.vars), store);
  const gatewayText = unit(GATEWAY, gatewayUnit(own.vars, STORE), gateway);
  const pullerTexts = sources.map((source, i) => unit(pullerOf(source.host.name), pullerUnit(own.vars, source, GATEWAY, own.vars.metrics_port + i), pullers[i] as HandlerNode));
  const canary = declareCanary({ ...cx, account: ACCOUNT, units });

  t.flush();
  const stores = t.service(STORE, { state: "running", enabled: true, needs: [storeText, ...needs, ...weed, units] });
  const gateways = t.service(GATEWAY, { state: "running", enabled: true, needs: [stores, gatewayText] });
  t.gate("the store answers", { probe: answers(own), within: 60, every: 0.5, needs: [gateways] });
  const buckets = t.task("buckets", { ...bucketsTask(own.vars), summary: bucketsOf(own.vars).map(({ name }) => name).join(", "), absent: "while-needs-absent", needs: [gateways] });
  declareAnswering(t, own, [buckets, ...canary]);
  for (const [i, { host }] of sources.entries()) t.service(pullerOf(host.name), { state: "running", enabled: true, needs: [gateways, ...pullerTexts.slice(i, i + 1)] });
  declareLeavers(t, sources);
  declareForgetter(cx);
  startCanary(t, [buckets, ...canary]);
}

/** Pullers that were restarted with their filer, before that was there, begin again two seconds later; with the other site away they do so for ever. */
const pulling = (own: Site): Sh => sh`n=0; until { ${asSite(`https://${filerOf(own.vars)}/`)} >/dev/null 2>&1 && ! systemctl list-units --plain --no-legend --state=activating ${pullerOf("*")} | grep -q .; } || [ "$n" -ge 20 ]; do
  n=$((n + 1)); sleep 0.5
done`;

/** The volumes have told the master of themselves, and the filer is there. */
const answers = ({ vars }: Site): Sh => Sh.lines(
  sh`${asSite(`https://${masterOf(vars)}/dir/status`)} | tr -d ' \n' | grep -q '"Max":[1-9]' || exit 1`,
  sh`${asSite(`https://${filerOf(vars)}/`)} >/dev/null`,
);

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
