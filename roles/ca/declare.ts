import { defineResource, PlanError, Sh, sh, UsageError, z, late, type HostView, type ResourceNode, type Tasks, type Value } from "hawser";
import { isWhole, makeAuthority, parseTrusted, TRUSTED, type Seen } from "./authority.ts";
import { now } from "./issue.ts";
import { declareKept, keepAuthority } from "./keep.ts";
import { ACTIVE, AUTHORITY, generationFolder } from "./paths.ts";
import { allTrust, type Told } from "./record.ts";
import type { Vars } from "./vars.ts";

interface Member {
  readonly host: HostView;
  readonly exports: { readonly leaves: Value<readonly Told[]> };
}

export interface AuthorityInput {
  readonly t: Tasks;
  readonly vars: Vars;
  readonly seen: Seen;
  /** All hosts that use the CA, this one among them. */
  readonly members: readonly Member[];
  readonly needs: readonly ResourceNode[];
}

/** The CA on its host: made once, changed over in steps that all hosts have to allow. */
export function declareAuthority(input: AuthorityInput): void {
  const { t, vars, seen, needs } = input;
  const { generation } = vars;
  if (seen.active !== undefined && generation < seen.active) throw new UsageError(`ca.generation is ${generation}, and the CA has come to ${seen.active}`, { hint: `a generation is never gone back to: count on from ${seen.active}` });
  if (seen.ending && seen.active === generation) t.warn(`the CA of generation ${generation} ${seen.expired ? "has ended, and with it all that it signed" : `ends in less than ${vars.leaf_days} days, and what it signs now ends with it`}: count ca.generation up`);
  const folder = t.directory(AUTHORITY, { mode: "0700", needs });
  const made = make(input, folder);
  const active = seen.active === undefined ? [t.task("first generation", { check: sh`[ -s ${ACTIVE} ]`, apply: sh`echo ${generation} >${ACTIVE}`, summary: "sign by it", needs: [made] })] : [];
  const changed = changeOver(input, made);
  t.export("authority", t.read("CAs that are trusted", { probe: TRUSTED, parse: parseTrusted, needs: [made, ...active, ...changed] }));
}

/** Refuses to make a CA where the hosts have certificates of one that is lost: they would trust nothing that it signs. */
const alone = defineResource({
  kind: "no-other-ca",
  summary: "That no host has certificates of a CA that its host does not have any more.",
  args: z.strictObject({ generation: z.number(), told: late(z.custom<readonly Told[]>()), of: z.string(), restored: z.custom<() => boolean>() }),
  key: ({ of }) => of,
  claims: () => [],
  probe: () => Sh.raw(":"),
  plan({ generation, told, of, restored }) {
    const other = now<readonly Told[]>(told).find((each) => each.trusts.some((trusted) => trusted.startsWith(`${generation}:`)));
    if (other && !restored()) throw new PlanError(`${of} trusts a CA of generation ${generation}, for ${other.name}, which this host does not have`, `put ${generationFolder(generation)} back from a backup, or move ca.host back to the host that has it; if it is lost, count ca.generation up`);
    return undefined;
  },
});

function make({ t, vars, seen, members, needs }: AuthorityInput, folder: ResourceNode): ResourceNode {
  const { generation, keep } = vars;
  const path = generationFolder(generation);
  const there = seen.generations.includes(generation);
  const kept = keep && !seen.kept.includes(generation) ? declareKept(t, generation) : undefined;
  if (!there) for (const { host, exports } of members) t.add(alone, { generation, told: exports.leaves, of: host.name, restored: () => kept?.value.known ?? false });
  if (kept) return keepAuthority(t, vars, kept, [...needs, folder]);
  const made = t.task(`CA of generation ${generation}`, { check: isWhole(generation), apply: makeAuthority(vars), summary: "make", needs: [...needs, folder] });
  return there ? t.file(`${path}/key.pem`, { mode: "0600", owner: "root", group: "root", needs: [made] }) : made;
}

/** Another CA takes the place of the former one: trusted by all, then signing, then alone. */
function changeOver({ t, vars, seen, members }: AuthorityInput, made: ResourceNode): ResourceNode[] {
  const { generation } = vars;
  const former = seen.generations.filter((each) => each !== generation);
  if (seen.active === undefined || (seen.active === generation && former.length === 0)) return [];
  t.warn(`the CA changes over from generation ${former.join(" and ")} to ${generation}: run again until this is said no more; each run goes one step on, once all hosts have come so far`);
  const strangers = seen.issued.filter((name) => !members.some(({ host }) => host.name === name));
  if (strangers.length > 0) {
    t.warn(`${strangers.join(", ")} ${strangers.length === 1 ? "has" : "have"} certificates and no part in this playbook, so the CA is not changed over: run a playbook of all hosts; of one that is gone, remove ${AUTHORITY}/issued/NAME on ${vars.host ?? ""}`);
    return [];
  }
  // What has ended is of no use to anybody, so that nobody is waited for.
  if (seen.expired && seen.active !== generation) return [signBy(t, generation, [], made)];
  const all = (holds: (told: readonly Told[]) => boolean): Sh[] => members.map(({ exports }) => sh`[ ${exports.leaves.map((told) => (holds(told) ? "yes" : "no"))} = yes ] || exit 0`);
  const nodes: ResourceNode[] = [];
  // A host that does not answer holds the change up, and nothing else.
  t.block("change over", { rescue: () => void t.task("wait for all hosts", { check: Sh.raw(":"), apply: Sh.raw(":") }), afterRescue: "go on" }, () => {
    if (seen.active === generation) {
      nodes.push(t.task(`forget generation ${former.join(" and ")}`, {
        check: Sh.lines(sh`f=; for d in ${former.map(generationFolder)}; do if [ -e "$d" ]; then f=y; fi; done
[ -n "$f" ] || exit 0`, ...all((told) => told.every((each) => each.generation === generation)), "exit 1"),
        apply: sh`rm -rf ${former.map(generationFolder)}`,
        summary: `all certificates are of generation ${generation}`,
        needs: [made],
      }));
    } else {
      nodes.push(signBy(t, generation, all((told) => allTrust(told, generation)), made));
    }
  });
  return nodes;
}

/** @param waiting Each ends the check where a host has not come so far. */
const signBy = (t: Tasks, generation: number, waiting: readonly Sh[], made: ResourceNode): ResourceNode =>
  t.task(`sign by generation ${generation}`, {
    check: Sh.lines(sh`[ "$(cat ${ACTIVE})" != ${generation} ] || exit 0`, ...waiting, "exit 1"),
    apply: sh`echo ${generation} >${`${ACTIVE}.new`}
mv -f ${`${ACTIVE}.new`} ${ACTIVE}`,
    summary: waiting.length === 0 ? "the former CA has ended" : "all hosts trust it",
    needs: [made],
  });
