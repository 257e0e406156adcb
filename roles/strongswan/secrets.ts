import { Secret, sh, Sh, type HandlerNode, type Member, type ResourceNode, type Tasks, type Value, type z } from "hawser";
import type { Link } from "hawser/roles/gre/gateway";
import { exported } from "./exports.ts";
import type { Layout } from "./layout.ts";
import { hashOf, newPsk, secretsFile } from "./psk.ts";
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

const currentOf = ({ swanctl }: Layout, link: string): string => `${swanctl}/conf.d/hawser-psk-${link}.conf`;
const formerOf = ({ swanctl }: Layout, link: string): string => `${swanctl}/conf.d/hawser-former-${link}.conf`;

/**
 * A secret for each link. One that takes another's place is loaded beside it, so that each end accepts both whichever the
 * other shows; the former goes when the peer has the new one too.
 */
export function declareSecrets(cx: SecretsContext, needs: readonly ResourceNode[]): readonly ResourceNode[] {
  const { t, layout, links } = cx;
  const sources = sourcesOf(cx, needs);
  const files = links.flatMap((link) => {
    const source = sources.get(link.name);
    if (source === undefined) return [];
    const content = secretsOf(cx, link, source);
    const former = keepFormer(cx, link, content, needs);
    return [former, t.file(currentOf(layout, link.name), { content, mode: "0600", notify: cx.load, needs: [former] })];
  });
  return files;
}

type Source = Secret | Value<Secret>;

const isLate = (source: Source): source is Value<Secret> => !(source instanceof Secret);

function secretsOf({ vars }: SecretsContext, link: Link, source: Source): Secret | Value<Secret> {
  const render = (psk: Secret): Secret => secretsFile(link.name, [vars.gateway.public_address, link.peer.public_address], psk);
  return isLate(source) ? source.map(render) : render(source);
}

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
    predict: "runs",
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

/** The sections of the file under names of their own: two of one name would be one. */
function keepFormer({ t, layout }: SecretsContext, link: Link, content: Secret | Value<Secret>, needs: readonly ResourceNode[]): ResourceNode {
  const hash = content instanceof Secret ? hashOf(content) : content.map(hashOf);
  const current = currentOf(layout, link.name);
  const former = formerOf(layout, link.name);
  const state = sh`c=${current} f=${former}
[ -e "$c" ] || exit 0
h=$(sha256sum <"$c") && h=\${h%% *}
[ "$h" != ${hash} ] || exit 0`;
  return t.task(`keep the former secret of ${link.name}`, {
    check: sh`${state}
grep -q "ike-${Sh.raw(link.name)}-$h " "$f" 2>/dev/null || exit 1`,
    apply: sh`${state}
umask 077
{ cat "$f" 2>/dev/null || :; sed ${`s/ike-${link.name} /ike-${link.name}-`}"$h"${" /"} "$c"; } >"$f.new"
mv -f "$f.new" "$f"`,
    summary: "keep until the peer has the new one",
    needs: [needs],
  });
}

/** After loading: what the peers ask for, and what may go because they have answered. */
export function forgetFormer({ t, layout, links, peers }: SecretsContext, needs: readonly ResourceNode[]): void {
  const hashes = Sh.lines(...links.map((link) => sh`printf '%s ' ${link.name}; sha256sum <${currentOf(layout, link.name)} | cut -c 1-64`), ":");
  t.export("loaded", t.read("hashes of the secrets that are loaded", { probe: hashes, needs, parse: (out: string) => Object.fromEntries(out.trim().split("\n").map((line: string) => line.split(" ")).map(([name = "", hash = ""]) => [name, hash])) }));
  const list = Sh.lines(...links.map((link) => sh`if [ -e ${formerOf(layout, link.name)} ]; then echo ${link.name}; fi`), ":");
  // Only then are the peers waited for.
  t.given("links with a former secret", t.read("former secrets", { probe: list, needs, parse: (out: string) => out.split("\n").filter((line: string) => line !== "") }), (names) => {
    for (const link of links.filter(({ name }) => names.includes(name))) {
      const peer = peers.find(({ host }) => host.name === link.peer.host);
      if (peer === undefined) continue;
      const theirs = peer.exports.loaded.map((all) => all[link.name] ?? "none");
      t.task(`forget the former secret of ${link.name}`, {
        check: sh`[ -e ${formerOf(layout, link.name)} ] || exit 0
h=$(sha256sum <${currentOf(layout, link.name)}) && [ "\${h%% *}" != ${theirs} ] || exit 1`,
        apply: sh`rm -f ${formerOf(layout, link.name)}
swanctl --load-creds --noprompt >/dev/null`,
        summary: `${link.peer.host} has the new one`,
      });
    }
  });
}
