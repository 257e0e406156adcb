import { defineResource, PlanError, sh, Sh, z, type Observed } from "hawser";
import { answersIn, failureIn, answersOf } from "./answers.ts";
import { look } from "./look.ts";
import { mc } from "./mc.ts";

const site = z.object({
  /** What mc calls it. */
  alias: z.string(),
  endpoint: z.string(),
});

const args = z.strictObject({
  /** In the inventory's order; the first one is asked. */
  sites: z.array(site).min(1),
});
type Args = z.output<typeof args>;

const info = z.object({ enabled: z.boolean(), sites: z.array(z.object({ endpoint: z.string(), name: z.string() })).nullish() });
const entry = z.object({ status: z.literal("success"), key: z.string() });

/**
 * Sites that MinIO replicates to one another. MinIO takes sites of which one holds data at the most: what two of them hold would be mixed.
 */
export const siteReplication = defineResource({
  kind: "minio-replication",
  summary: "MinIO sites that replicate to one another.",
  args,
  key: () => "sites",
  claims: () => [{ target: "minio-replication" }],
  probe: ({ sites }) => Sh.lines(...sites.flatMap(({ alias }) => [look(`info/${alias}`, "admin", "replicate", "info", alias), look(`buckets/${alias}`, "ls", alias)])),
  plan({ sites }, seen) {
    if (sites.length < 2) return undefined;
    const replicating = sites.map((each) => replicatingWith(each, seen));
    const known = new Set(replicating.flat());
    const missing = sites.filter(({ endpoint }) => !known.has(endpoint));
    const apart = sites.some((_, i) => !sites.every(({ endpoint }) => replicating[i]?.includes(endpoint)));
    if (!apart) return undefined;
    refuseGroups(sites, replicating);
    const together = sites.filter(({ endpoint }) => known.has(endpoint));
    const holding = sites.filter((each) => holdsData(each, seen));
    const wrong = together.length > 0 ? missing.filter((each) => holding.includes(each)) : holding.slice(holding.length > 1 ? 0 : 1);
    if (wrong.length > 0) throw new PlanError(`${wrong.map(({ alias }) => alias).join(" and ")} ${wrong.length === 1 ? "holds" : "hold"} data, and MinIO takes sites of which one holds any at the most`, "copy what is to be kept to one site, and empty the others");
    // The site that holds data, or those that replicate already, come first: the others take from there.
    const first = together.length > 0 ? together : holding;
    const order = [...first, ...sites.filter((each) => !first.includes(each))];
    return { summary: `add ${missing.map(({ alias }) => alias).join(", ")}`, apply: sh`${mc("admin", "replicate", "add", "--replicate-ilm-expiry", ...order.map(({ alias }) => alias))} >/dev/null` };
  },
});

/** Endpoints of all sites that a site replicates with, its own among them. */
function replicatingWith({ alias }: Args["sites"][number], seen: Observed): readonly string[] {
  const part = answersOf(seen).get(`info/${alias}`);
  const [answer] = answersIn(part?.out ?? "");
  const { data } = info.safeParse(answer);
  if (part === undefined || part.code !== 0 || data === undefined) throw new PlanError(`the MinIO of ${alias} does not say with whom it replicates: ${failureIn(part?.out ?? "")?.message ?? part?.out.trim() ?? ""}`, "are minio.existing's endpoint and keys right, and is it an administrator's key?");
  return data.enabled ? (data.sites ?? []).map(({ endpoint }) => endpoint.replace(/\/$/, "")) : [];
}

/** @throws PlanError where some replicate apart from the others: neither can be added to the other */
function refuseGroups(sites: Args["sites"], replicating: readonly (readonly string[])[]): void {
  const groups = new Set(replicating.filter((group) => group.length > 0).map((group) => [...group].sort().join(" ")));
  if (groups.size > 1) throw new PlanError(`the sites replicate in ${groups.size} groups apart`, `mc admin replicate rm --all --force, for all but one of them: ${sites.map(({ alias }) => alias).join(", ")}`);
}

/** A bucket is enough: it has a versioning of its own. */
function holdsData({ alias }: Args["sites"][number], seen: Observed): boolean {
  const part = answersOf(seen).get(`buckets/${alias}`);
  if (part === undefined || part.code !== 0) throw new PlanError(`the buckets of ${alias} cannot be listed`, "is minio.existing's key an administrator's?");
  return answersIn(part.out).some((answer) => entry.safeParse(answer).success);
}
