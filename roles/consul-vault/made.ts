import { Secret, sh, Sh, z, type Late, type ResourceNode, type Tasks, type Value } from "hawser";
import type { Federation } from "./cluster.ts";
import { MADE } from "./paths.ts";

/** Secrets that the first host has made, by name. */
export const madeSchema = z.record(z.string(), z.instanceof(Secret));

/** What hosts read of one another, once: names of the files in MADE that a host had before this run. */
export const hadOf = (out: string): readonly string[] => out.split("\n").map((line) => line.trim()).filter((line) => line !== "");

export const gossipName = (generation: number): string => `gossip.${generation}`;
export const hostName = (host: string): string => `host.${host}`;
export const REPLICATION = "replication";
export const MANAGEMENT = "management";

/** Names of what the first host makes for all: 32 bytes for gossip, UUIDs for the rest. */
export function madeNames({ all, first }: Federation): readonly string[] {
  const { encrypt, encrypt_generation, initial_management } = first.consul;
  return [...(encrypt === undefined ? [gossipName(encrypt_generation)] : []), ...(initial_management === undefined ? [MANAGEMENT] : []), REPLICATION, ...all.map(({ host }) => hostName(host.name))];
}

const pathOf = (name: string): string => `${MADE}/${name}`;

/** On the first host: makes what is not there yet. */
export function declareMaking(t: Tasks, names: readonly string[], needs: readonly ResourceNode[]): ResourceNode {
  return t.task("keys and tokens of all hosts", {
    check: sh`cd ${MADE} 2>/dev/null || exit 1
for f in ${names}; do [ -s "$f" ] || exit 1; done`,
    apply: sh`umask 077
cd ${MADE}
for f in ${names}; do
[ -s "$f" ] && continue
case $f in gossip.*) head -c 32 /dev/urandom | base64 ;; *) cat /proc/sys/kernel/random/uuid ;; esac >"$f.new"
mv -f "$f.new" "$f"
done`,
    summary: "make",
    needs,
  });
}

/** For the other hosts: `NAME SECRET`, one a line. */
export function readMade(t: Tasks, names: readonly string[], needs: readonly ResourceNode[]): Value<Record<string, Secret>> {
  return t.read("keys and tokens that were made", {
    probe: Sh.lines(sh`cd ${MADE} || exit 1`, sh`for f in ${names}; do printf '%s ' "$f"; cat "$f" || exit 1; done`),
    parse: (out) => Object.fromEntries(hadOf(out).map((line) => line.split(" ")).map(([name = "", secret = ""]) => [name, new Secret(secret)])),
    needs,
  });
}

export interface Taken {
  /** Where it lies. */
  readonly path: string;
  readonly value: Value<Secret>;
  readonly node: ResourceNode;
}

/**
 * A secret on this host, as the first one made it.
 * @param from What the first host exports; undefined on the first host itself. A host that has its copy does not wait for the first,
 * which may be the region that is down.
 */
export function take(t: Tasks, name: string, { from, had, needs }: { readonly from: Value<Record<string, Secret>> | undefined; readonly had: readonly string[]; readonly needs: readonly ResourceNode[] }): Taken {
  const path = pathOf(name);
  const content: { content?: Late<Secret> } = from === undefined || had.includes(name) ? {} : { content: from.map((all) => new Secret(`${(all[name] ?? new Secret("")).reveal()}\n`)) };
  const node = t.file(path, { ...content, mode: "0600", owner: "root", group: "root", needs });
  return { path, node, value: t.read(`the secret ${name}`, { probe: sh`cat ${path}`, parse: (out) => new Secret(out.trim()), needs: [node] }) };
}
