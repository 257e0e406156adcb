import { defineResource, late, PlanError, Secret, sh, Sh, z, type Observed, type Prediction } from "hawser";
import type { KeyPair } from "../../keys.ts";
import { foreseen } from "../foreseen.ts";
import { now } from "../late.ts";
import { part, partsOf } from "../parts.ts";
import { admin, adminSending } from "./admin.ts";

const site = z.object({ name: z.string(), endpoint: z.string() });

/** A site with the id that its store has: another one when it was set up anew. */
export interface Identified extends z.output<typeof site> {
  readonly id: string;
}

const args = z.strictObject({
  /** Asks for all, and tells the others. */
  own: site,
  /** All hosts of the role, in the inventory's order. */
  sites: z.array(site),
  /** The same with their ids. */
  identified: late(z.custom<readonly Identified[]>((value) => typeof value === "object")),
  /** The administrator's, the same on all sites. */
  root: late(z.custom<KeyPair>((value) => typeof value === "object")),
  /** Nothing is on this host yet. */
  fresh: z.boolean(),
});
type Args = z.output<typeof args>;

export const infoSchema = z.object({
  enabled: z.boolean(),
  sites: z.array(z.object({ name: z.string(), endpoint: z.string(), deploymentID: z.string() })).nullish().transform((list) => (list ?? []).map(({ name, endpoint, deploymentID }): Identified => ({ name, endpoint: endpoint.replace(/\/$/, ""), id: deploymentID }))),
});

/** Sites that RustFS replicates to one another, all that are in the inventory and no others. */
export const rustfsReplication = defineResource({
  kind: "rustfs-replication",
  summary: "RustFS sites that replicate to one another.",
  args,
  key: () => "sites",
  claims: () => [{ target: "rustfs-replication" }],
  compares: "code",
  probe: ({ own, sites }) => Sh.lines(...sites.map(({ name, endpoint }) => part(name, admin(endpoint, "GET", "site-replication/info"))), sh`${admin(own.endpoint, "GET", "site-replication/info")} >/dev/null`),
  plan({ own, sites, identified, root }, seen) {
    const wanted = now<readonly Identified[]>(identified);
    const groups = groupsIn(seen, { own, sites });
    const lacks = ({ members }: Group): boolean => wanted.length > 1 && !wanted.every((each) => members.some((member) => same(each, member)));
    const leaving = (members: Group["members"]): readonly string[] => members.filter((member) => !wanted.some(({ endpoint }) => endpoint === member.endpoint)).map(({ name }) => name);
    const together = groups.filter(({ members }) => members.length > 0);
    // It tells the others.
    const left = together.find(({ members }) => leaving(members).length > 0);
    const goes = [...new Set(together.flatMap(({ members }) => leaving(members)))].map((name) => `remove ${name}`);
    if (!groups.some(lacks)) return left && { summary: goes.join(", "), apply: removing(left.at, { sites: leaving(left.members), all: false }) };
    // RustFS takes no site into a group: who replicates is taken apart, and put together with all. One that has the objects tells the others.
    const asked = together[0] ?? { at: own.endpoint, members: [] };
    const added = wanted.filter((each) => (together.length === 0 ? each.name !== own.name : !asked.members.some((member) => same(each, member))));
    return {
      summary: [...goes, added.length === 0 ? "join again" : `add ${added.map(({ name }) => name).join(", ")}`].join(", "),
      apply: Sh.lines(...wanted.map(answering), ...together.map(({ at }) => removing(at, { all: true })), adding(asked.at, wanted, now<KeyPair>(root))),
    };
  },
  predict(given, seen, upstream, context): Prediction {
    const others = given.sites.filter(({ name }) => name !== given.own.name).map(({ name }) => name);
    return foreseen("RustFS", seen, upstream, given.fresh && others.length > 0 && `add ${others.join(", ")}`, () => this.plan(given, seen, context));
  },
});

const same = (one: Identified, other: Identified): boolean => one.endpoint === other.endpoint && one.id === other.id;

/** Sites are put together when all of them answer: those that were taken apart would stay so. */
const answering = ({ name, endpoint }: Identified): Sh => sh`${admin(endpoint, "GET", "site-replication/info")} >/dev/null || { echo ${`${name} does not answer, and RustFS puts sites together only when all do; nothing was changed`} >&2; exit 1; }`;

/** Another site may have told this one already. */
const removing = (at: string, what: object): Sh => sh`case $(${admin(at, "GET", "site-replication/info")}) in *'"enabled":true'*) printf '%s' ${JSON.stringify(what)} | ${adminSending(at, "site-replication/remove")} >/dev/null ;; esac`;

/** It is done when RustFS has nothing to say about what was there before. */
const adding = (at: string, sites: readonly Identified[], { access, secret }: KeyPair): Sh => {
  const peers = sites.map(({ name, endpoint }) => ({ name, endpoints: endpoint, accessKey: access, secretKey: secret.reveal() }));
  return sh`a=$(${adminSending(at, "site-replication/add?replicateILMExpiry=true")})
case $a in *initialSyncErrorMessage*) ;; *'"success":true'*) exit 0 ;; esac
printf '%s\n' "$a" >&2; exit 1`.stdin(new Secret(JSON.stringify(peers)));
};

interface Group {
  /** The site that says so. */
  readonly at: string;
  /** None where it does not replicate. */
  readonly members: readonly Identified[];
}

/** With whom each site replicates that answers. @throws PlanError where this host's own does not */
function groupsIn(seen: Observed, { own, sites }: Pick<Args, "own" | "sites">): readonly Group[] {
  if (seen.code !== 0) throw new PlanError(`the RustFS of ${own.name} does not say with whom it replicates: ${seen.err.trim()}`, "journalctl -u hawser-objects");
  const parts = partsOf(seen);
  return sites.flatMap(({ name, endpoint }) => {
    const found = parts.get(name);
    return found?.code === 0 ? [{ at: endpoint, members: infoSchema.parse(JSON.parse(found.out)).sites }] : [];
  });
}
