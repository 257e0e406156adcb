import { Secret, sh, Sh, type HandlerNode, type Member, type ResourceNode, type Tasks, type Value, type z } from "hawser";
import type { Link } from "hawser/roles/gre/gateway";
import { exported } from "./exports.ts";
import type { Layout } from "./layout.ts";
import { newPsk, secretText, type SecretText } from "./psk.ts";
import type { schema, Vars } from "./vars.ts";

/** Where secrets lie that the controller has made, as LINK.GENERATION. */
export const MADE = "/etc/hawser/strongswan";

export type Peer = Member<typeof schema, typeof exported>;

export interface SecretsContext {
  readonly t: Tasks;
  readonly vars: Vars;
  readonly layout: Layout;
  readonly links: readonly Link[];
  readonly peers: readonly Peer[];
  /** Files in MADE that the host had before this run. */
  readonly had: readonly string[];
  readonly load: HandlerNode;
}

/** The secret that a host's vars name for a peer. */
export const givenPsk = (vars: z.output<typeof schema>, peer: string): Secret | undefined => vars.psks[peer] ?? vars.psk;

const shownOf = ({ swanctl }: Layout, link: string): string => `${swanctl}/conf.d/hawser-psk-${link}.conf`;
const acceptedOf = ({ swanctl }: Layout, link: string): string => `${swanctl}/conf.d/hawser-psk-${link}-accepted.conf`;

/** A link with what becomes its secret. */
export interface Keyed {
  readonly link: Link;
  readonly text: SecretText | Value<SecretText>;
  readonly node: ResourceNode;
}

/**
 * A secret for each link. Where there was another one, the new one is accepted from now on, and not shown yet: a peer that
 * does not have it could not tell whose it is.
 */
export function declareSecrets(cx: SecretsContext, needs: readonly ResourceNode[]): readonly Keyed[] {
  const sources = sourcesOf(cx, needs);
  return cx.links.flatMap((link) => {
    const source = sources.get(link.name);
    return source === undefined ? [] : [accept(cx, link, textOf(cx, link, source), needs)];
  });
}

type Source = Secret | Value<Secret>;

const isLate = (source: Source): source is Value<Secret> => !(source instanceof Secret);

function textOf({ vars }: SecretsContext, link: Link, source: Source): SecretText | Value<SecretText> {
  const render = (psk: Secret): SecretText => secretText(link.name, [vars.gateway.public_address, link.peer.public_address], psk);
  return isLate(source) ? source.map(render) : render(source);
}

/** A part of a text that may be known late. */
const part = <T>(text: SecretText | Value<SecretText>, of: (text: SecretText) => T): T | Value<T> => ("hash" in text ? of(text) : text.map(of));
const hashOf = (text: SecretText | Value<SecretText>) => part(text, ({ hash }) => hash);

/** Where each link's secret comes from. The gateway with the lower id has those that were made; the other one takes them from there once. */
function sourcesOf(cx: SecretsContext, needs: readonly ResourceNode[]): ReadonlyMap<string, Source> {
  const { t, vars, links, peers, had } = cx;
  const sources = new Map<string, Source>();
  const made: { readonly link: Link; readonly path: string; readonly node: ResourceNode }[] = [];
  const isMade = links.filter((link) => givenPsk(vars, link.peer.host) === undefined);
  const folder = isMade.length === 0 ? [] : [t.directory(MADE, { mode: "0700", parents: true })];
  for (const link of isMade.filter(({ peer }) => vars.gateway.id < peer.id)) made.push({ link, path: pathOf(vars, link), node: make(t, link, pathOf(vars, link), [...needs, ...folder]) });
  t.export("made", t.read("secrets that were made here", { probe: printed(made), needs: made.map(({ node }) => node), parse: parseMade }));
  for (const link of isMade.filter(({ peer }) => vars.gateway.id > peer.id)) {
    const peer = peers.find(({ host }) => host.name === link.peer.host);
    const path = pathOf(vars, link);
    // A host that has its copy does not wait for its peer, which may be the region that is down.
    if (peer === undefined || had.includes(`${link.name}.${vars.psk_generation}`)) made.push({ link, path, node: t.file(path, { mode: "0600", needs: folder }) });
    else made.push({ link, path, node: t.file(path, { content: peer.exports.made.map((all) => all[link.name] ?? new Secret("")), mode: "0600", needs: folder }) });
  }
  for (const { link, path, node } of made) sources.set(link.name, t.read(`secret of ${link.name}`, { probe: sh`cat ${path}`, parse: (out: string) => new Secret(out.trim()), needs: [node] }));
  for (const link of links) {
    const given = givenPsk(vars, link.peer.host);
    if (given !== undefined) sources.set(link.name, given);
  }
  return sources;
}

const pathOf = (vars: Vars, link: Link): string => `${MADE}/${link.name}.${vars.psk_generation}`;

function make(t: Tasks, link: Link, path: string, needs: readonly ResourceNode[]): ResourceNode {
  return t.task(`make a secret for ${link.name}`, {
    check: sh`[ -s ${path} ]`,
    apply: async ({ $ }) => {
      await $({ input: newPsk() })`umask 077; cat >${`${path}.new`} && mv -f ${`${path}.new`} ${path}`;
    },
    summary: "make",
    needs: [needs],
  });
}

/** `LINK SECRET`, one a line. */
const printed = (made: readonly { readonly link: Link; readonly path: string }[]): Sh => Sh.lines(...made.map(({ link, path }) => sh`printf '%s ' ${link.name}; cat ${path} || exit 1; echo`), ":");

function parseMade(out: string): Record<string, Secret> {
  return Object.fromEntries(out.split("\n").flatMap((line) => {
    const [name = "", secret] = line.trim().split(" ");
    return secret === undefined ? [] : [[name, new Secret(secret)]];
  }));
}

function accept({ t, layout, load }: SecretsContext, link: Link, text: SecretText | Value<SecretText>, needs: readonly ResourceNode[]): Keyed {
  const [shown, accepted] = [shownOf(layout, link.name), acceptedOf(layout, link.name)];
  const node = t.task(`secret of ${link.name}`, {
    check: sh`s=${shown} h=${"# hash "}${hashOf(text)}
if ! [ -e "$s" ] || grep -qx "$h" "$s"; then [ "$(stat -c %a "$s" 2>/dev/null) $(sha256sum <"$s" 2>/dev/null)" = ${"600 "}${part(text, (each) => each.sum)}${"  -"} ] || exit 1
else grep -qx "$h" ${accepted} 2>/dev/null || exit 1; fi`,
    apply: Sh.lines(
      sh`umask 077
s=${shown} h=${"# hash "}${hashOf(text)}
if ! [ -e "$s" ] || grep -qx "$h" "$s"; then`,
      sh`cat >"$s.new" && mv -f "$s.new" "$s"`.stdin(part(text, (each) => each.shown)),
      "else",
      sh`{ cat ${accepted} 2>/dev/null || :; cat; } >${`${accepted}.new`} && mv -f ${`${accepted}.new`} ${accepted}`.stdin(part(text, (each) => each.accepted)),
      "fi",
    ),
    summary: "accept it",
    notify: load,
    needs: [needs],
  });
  return { link, text, node };
}

/** `LINK HASH …`, one link a line, the one that is shown first. */
const hashes = ({ layout, links }: SecretsContext): Sh => Sh.lines(...links.map((link) => sh`echo ${link.name} $(cat ${shownOf(layout, link.name)} ${acceptedOf(layout, link.name)} 2>/dev/null | sed -n 's/^# hash //p')`), ":");
const parseHashes = (out: string): Record<string, string[]> => Object.fromEntries(out.trim().split("\n").map((line) => line.split(" ")).map(([name = "", ...all]) => [name, all]));

/**
 * After loading: shows a new secret once the peer accepts it, and forgets the old one once the peer shows the new one too.
 * At every moment each end accepts what the other shows, also when only one of them is worked on.
 */
export function changeOver(cx: SecretsContext, keyed: readonly Keyed[], needs: readonly ResourceNode[]): void {
  const { t, vars, layout } = cx;
  t.export("accepted", t.read("secrets that are accepted", { probe: hashes(cx), needs, parse: parseHashes }));
  changing(cx, "secrets that are not shown yet", keyed, needs, ({ link, text }, peer) => {
    const [shown, accepted] = [shownOf(layout, link.name), acceptedOf(layout, link.name)];
    t.task(`show the secret of ${link.name}`, {
      check: sh`grep -qx ${"# hash "}${hashOf(text)} ${shown} && exit 0
case ${peer.exports.accepted.map((all) => ` ${(all[link.name] ?? []).join(" ")} `)} in *" "${hashOf(text)}" "*) exit 1 ;; esac`,
      apply: Sh.lines(
        sh`umask 077
h=$(sed -n 's/^# hash //p' ${shown})
{ cat ${accepted}; sed ${`s/ike-${link.name} {/ike-${link.name}-`}"$h"${" {/"}${`;/id-[12] = ${vars.gateway.public_address}$/d`} ${shown}; } >${`${accepted}.new`}
mv -f ${`${accepted}.new`} ${accepted}`,
        sh`cat >${`${shown}.new`} && mv -f ${`${shown}.new`} ${shown}`.stdin(part(text, (each) => each.shown)),
        loadSecrets,
      ),
      summary: `${link.peer.host} accepts it`,
    });
  });
  t.export("shown", t.read("secrets that are shown", { probe: hashes(cx), needs, parse: parseHashes }));
  changing(cx, "secrets that are no longer shown", keyed, needs, ({ link, text }, peer) => {
    const [shown, accepted] = [shownOf(layout, link.name), acceptedOf(layout, link.name)];
    t.task(`forget the former secret of ${link.name}`, {
      check: sh`[ -e ${accepted} ] && grep -qx ${"# hash "}${hashOf(text)} ${shown} || exit 0
[ ${peer.exports.shown.map((all) => all[link.name]?.[0] ?? "none")} != ${hashOf(text)} ] || exit 1`,
      // Those of former generations that the controller has made, too.
      apply: sh`rm -f ${accepted}
for f in ${MADE}/${link.name}.*; do if [ "$f" != ${pathOf(vars, link)} ]; then rm -f "$f"; fi; done
${loadSecrets}`,
      summary: `${link.peer.host} shows the new one`,
    });
  });
}

const loadSecrets = sh`swanctl --load-creds --noprompt >/dev/null`;

/** Only where a secret changes, peers are waited for. */
function changing({ t, layout, links, peers }: SecretsContext, name: string, keyed: readonly Keyed[], needs: readonly ResourceNode[], declare: (keyed: Keyed, peer: Peer) => void): void {
  const list = Sh.lines(...links.map((link) => sh`if [ -e ${acceptedOf(layout, link.name)} ]; then echo ${link.name}; fi`), ":");
  t.given(name, t.read(name, { probe: list, needs, parse: (out: string) => out.split("\n").filter((line) => line !== "") }), (names) => {
    for (const each of keyed.filter(({ link }) => names.includes(link.name))) {
      const peer = peers.find(({ host }) => host.name === each.link.peer.host);
      if (peer !== undefined) declare(each, peer);
    }
  });
}
