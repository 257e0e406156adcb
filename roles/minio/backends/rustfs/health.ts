import { type Measured, type Observed, type Verifier, z } from "hawser";
import { assertDisk, assertRunning } from "../../health.ts";
import { GATEWAY } from "../../paths.ts";
import { s3Of, type Site } from "../../sites.ts";
import { admin } from "./admin.ts";
import { infoSchema } from "./replication.ts";

const pending = z.object({ retryStats: z.object({ pending: z.number(), failed: z.number() }).nullish(), pendingOperation: z.unknown().optional() });
const some = z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown()))).nullish();
const status = z.object({ enabled: z.boolean(), BucketStats: some, PolicyStats: some, UserStats: some });

/** The service, with whom it replicates, and what of it was not done. */
export function assertSite(v: Verifier, own: Site, sites: readonly Site[]): void {
  const endpoint = s3Of(own);
  assertRunning(v, "RustFS", GATEWAY);
  if (sites.length > 1) {
    const info = admin(endpoint, "GET", "site-replication/info");
    v.assert("sites that it does not replicate with", {
      probe: info,
      value: of(infoSchema, ({ sites: found }) => sites.filter((site) => !found.some((each) => each.endpoint === s3Of(site))).length),
      limit: { max: 0 },
      hint: "run the playbook: it adds them",
    });
    v.assert("sites that are not in the inventory", {
      probe: info,
      value: of(infoSchema, ({ sites: found }) => found.filter((each) => !sites.some((site) => each.endpoint === s3Of(site))).length),
      limit: { max: 0 },
      hint: "run the playbook: it removes them",
    });
    v.assert("changes that another site was not told of", {
      probe: info,
      value: of(pending, ({ retryStats, pendingOperation }) => (retryStats?.pending ?? 0) + (retryStats?.failed ?? 0) + (pendingOperation == null ? 0 : 1)),
      limit: { max: 0 },
      hint: "they are tried again every 30 s; journalctl -u hawser-objects",
    });
    v.assert("buckets, users and policies that differ between sites", {
      probe: admin(endpoint, "GET", "site-replication/status?buckets=true&policies=true&users=true"),
      value: of(status, ({ enabled, BucketStats, PolicyStats, UserStats }) => (enabled ? [BucketStats, PolicyStats, UserStats].reduce((sum, each) => sum + differing(each), 0) : undefined)),
      limit: { max: 0 },
      hint: "run the playbook",
    });
  }
  assertDisk(v, own.vars.min_free_percent);
}

/** Things for which a site says that something of it is not the same. */
const differing = (stats: z.output<typeof some>): number => Object.values(stats ?? {}).filter((bySite) => Object.values(bySite).some((each) => Object.entries(each).some(([name, value]) => /mismatch/i.test(name) && value === true))).length;

/** Of what RustFS printed; nothing where it did not answer. */
function of<S extends z.ZodType>(schema: S, pick: (answer: z.output<S>) => Measured | undefined): (seen: Observed) => Measured | undefined {
  return ({ out }) => (out.trim() === "" ? undefined : pick(schema.parse(JSON.parse(out))));
}
