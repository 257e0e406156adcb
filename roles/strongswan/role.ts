import { defineRole, fact, Sh, sh, UsageError, z, type Facts, type HostView, type Tasks } from "hawser";
import { linksOf, refuseGateways, type Link } from "hawser/roles/gre/gateway";
import { exported } from "./exports.ts";
import { assertSas, weaknesses } from "./health.ts";
import { found, layoutOf } from "./layout.ts";
import { differ } from "./psk.ts";
import { changeOver, declareSecrets, givenPsk, MADE } from "./secrets.ts";
import { givesUpAfter, schema, strongFirst, type Vars } from "./vars.ts";

export const strongswan = defineRole(import.meta, {
  name: "strongswan",
  summary: "IPsec for the GRE tunnels: strongSwan by swanctl, in transport mode inside UDP, with secrets that change without a cut.",
  vars: schema,
  exports: exported,
  facts: () => ({ found, secrets: fact(sh`ls ${MADE} 2>/dev/null || :`, z.string()) }),
  validate({ vars, host, peers }) {
    refuseGateways(host, vars.gateway, peers.map((peer) => ({ host: peer.host, gateway: peer.vars.gateway })));
    for (const peer of peers) refusePeer({ host, vars }, peer);
  },
  listens: () => [
    { port: 500, protocol: "udp", what: "IKE" },
    { port: 4500, protocol: "udp", what: "ESP in UDP" },
  ],
  tasks({ t, vars, facts, host, peers }) {
    refuseSystem(facts, vars, host.name);
    const layout = layoutOf(facts, facts.found, vars.epel);
    const links = linksOn(host, vars, peers);
    for (const weakness of weaknesses(vars)) t.warn(weakness);
    t.firewallRule("ike", { chain: "input", protocol: "udp", port: [500, 4500], source: [...new Set(links.map(({ peer }) => peer.public_address))], action: "accept" });
    const packages = t.package([...layout.packages, "tcpdump"]);
    const loads = declareLoads(t);
    const starter = t.service(layout.starter, { state: "stopped", enabled: false, needs: packages });
    const settings = t.template(`${layout.settings}/hawser.conf`, "settings.conf.ejs", settingsOf(vars), { mode: "0644", needs: packages, notify: loads.settings });
    const secrets = { t, vars, layout, links, peers, had: facts.secrets.split("\n"), load: loads.secrets };
    const keyed = declareSecrets(secrets, packages);
    const psks = keyed.map(({ node }) => node);
    const connections = t.template(`${layout.swanctl}/conf.d/hawser.conf`, "connections.conf.ejs", connectionsOf(vars, links), { mode: "0644", needs: packages, notify: loads.connections });
    const service = t.service(layout.unit, { state: "running", enabled: true, needs: [packages, starter, settings, ...psks, connections] });
    t.flush();
    const loaded = t.task("connections are loaded", { check: listed(links), apply: sh`${ready}
swanctl --load-all --noprompt >/dev/null`, summary: "load", needs: [service, loads.settings, loads.secrets, loads.connections] });
    changeOver(secrets, keyed, [...psks, loaded]);
  },
  verify({ v, vars, host, peers }) {
    assertSas(v, vars, linksOn(host, vars, peers));
    for (const weakness of weaknesses(vars)) v.warn(weakness);
  },
  drill({ d, vars, host, peers }) {
    // IKE, and ESP inside UDP: nothing else of the tunnel is on the wire.
    for (const { peer } of linksOn(host, vars, peers)) d.tunnel({ to: peer.region, host: peer.host, address: peer.public_address, traffic: ["udp:500", "udp:4500"] });
  },
});

const linksOn = (host: HostView, vars: Vars, peers: readonly { readonly host: HostView; readonly vars: Vars }[]): Link[] => linksOf({ ...vars.gateway, host: host.name }, peers.map((peer) => ({ ...peer.vars.gateway, host: peer.host.name })));

/** charon answers some time after its unit has started. */
const ready = Sh.raw(`n=0
until swanctl --stats >/dev/null 2>&1; do n=$((n + 1)); if [ "$n" -gt 100 ]; then echo 'charon does not answer: journalctl -u strongswan' >&2; exit 1; fi; sleep 0.2; done`);

/** Only what changed is loaded: charon keeps SAs whose connection is as it was, and forgets no secret while an SA stands. */
function declareLoads(t: Tasks) {
  const load = (name: string, words: string) => t.handler(name, sh`${ready}
swanctl ${Sh.raw(words)} >/dev/null`);
  return { settings: load("load settings", "--reload-settings"), secrets: load("load secrets", "--load-creds --noprompt"), connections: load("load connections", "--load-conns") };
}

const listed = (links: readonly Link[]): Sh => sh`l=$(swanctl --list-conns --raw 2>/dev/null) || exit 1
for n in ${links.map(({ name }) => name)}; do case $l in *" $n {"* | *"{$n {"*) ;; *) exit 1 ;; esac; done`;

const settingsOf = (vars: Vars) => ({ tries: vars.retransmit_tries, timeout: vars.retransmit_timeout, base: vars.retransmit_base, seconds: givesUpAfter(vars).toFixed(1) });

const connectionsOf = (vars: Vars, links: readonly Link[]) => ({
  ike: strongFirst(vars.ike_proposals).join(", "),
  esp: strongFirst(vars.esp_proposals).join(", "),
  dpd: vars.dpd_delay,
  links: links.map(({ name, peer }) => ({ name, own: vars.gateway.address, far: peer.public_address, ownId: vars.gateway.public_address, farId: peer.public_address })),
});

/** @throws UsageError for two ends that would never agree */
function refusePeer(own: { readonly host: HostView; readonly vars: Vars }, peer: { readonly host: HostView; readonly vars: Vars }): void {
  const { host, vars } = own;
  if (peer.vars.gateway.region === vars.gateway.region) return;
  const pair = `${host.name} and ${peer.host.name}`;
  const [one, other] = [givenPsk(vars, peer.host.name), givenPsk(peer.vars, host.name)];
  const at = (name: keyof Vars) => host.at("strongswan", name);
  if ((one === undefined) !== (other === undefined)) throw new UsageError(`only ${one === undefined ? peer.host.name : host.name} of ${pair} is given a PSK`, { source: at("psk"), hint: "give it to both, once, for a group that holds them; or to none, and one is made" });
  if (one !== undefined && other !== undefined && differ(one, other)) throw new UsageError(`${pair} are given different PSKs`, { source: at(peer.host.name in vars.psks ? "psks" : "psk"), hint: "both ends of a tunnel need the same" });
  if (vars.psk_generation !== peer.vars.psk_generation) throw new UsageError(`strongswan.psk_generation is ${vars.psk_generation} on ${host.name} and ${peer.vars.psk_generation} on ${peer.host.name}`, { source: at("psk_generation"), hint: "set it once, for a group that holds both" });
  for (const name of ["ike_proposals", "esp_proposals"] as const) if (!vars[name].some((text) => peer.vars[name].includes(text))) throw new UsageError(`${pair} have none of strongswan.${name} in common`, { source: at(name), hint: "set it once, for a group that holds both" });
}

/** @throws UsageError for a host that the role does not serve */
function refuseSystem(facts: Facts, vars: Vars, host: string): void {
  if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`strongswan serves Debian, Ubuntu and EL with systemd; ${host} is ${facts.os.name || "something else"}`);
  if (facts.family === "el" && facts.os.major === 7 && !vars.allow_eol) throw new UsageError(`${host} is ${facts.os.name}, whose support ended on 2024-06-30`, { hint: "strongswan.allow_eol: true, if it has to be" });
}

