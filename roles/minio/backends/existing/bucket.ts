import { defineResource, PlanError, sh, Sh, z } from "hawser";
import type { Bucket } from "../../vars.ts";
import { answersIn, failureIn, answersOf } from "./answers.ts";
import { look } from "./look.ts";
import { mc } from "./mc.ts";

const args = z.strictObject({
  /** What mc calls the site that is told; the others hear of it by replication. */
  alias: z.string(),
  bucket: z.custom<Bucket>((value) => typeof value === "object"),
});

const MIB = 1_048_576;
const entry = z.object({ status: z.literal("success"), key: z.string() });
const quota = z.object({ quota: z.number().optional() });
const rules = z.object({ config: z.object({ Rules: z.array(z.object({ Status: z.string(), Expiration: z.object({ Days: z.number().optional() }).nullish() })) }) });
/** What MinIO says of a bucket without rules. */
const NO_RULES = /lifecycle configuration (?:does not exist|not set)/i;

/** A bucket of a MinIO, its quota and its expiry. */
export const minioBucket = defineResource({
  kind: "minio-bucket",
  summary: "A bucket of a MinIO site, with its quota and its expiry.",
  args,
  key: ({ bucket }) => bucket.name,
  claims: ({ bucket }) => [{ target: `minio-bucket:${bucket.name}` }],
  probe: ({ alias, bucket }) => Sh.lines(look("buckets", "ls", alias), look("quota", "quota", "info", `${alias}/${bucket.name}`), look("rules", "ilm", "rule", "ls", `${alias}/${bucket.name}`)),
  plan({ alias, bucket }, seen) {
    const parts = answersOf(seen);
    const list = parts.get("buckets");
    if (list?.code !== 0) throw new PlanError(`the buckets of ${alias} cannot be listed: ${failureIn(list?.out ?? "")?.message ?? ""}`, "does its MinIO run?");
    const there = answersIn(list.out).some((answer) => entry.safeParse(answer).data?.key === `${bucket.name}/`);
    const at = `${alias}/${bucket.name}`;
    const quotaFits = (there ? quotaOf(parts.get("quota")?.out ?? "") : 0) === (bucket.quota_mb ?? 0) * MIB;
    const expiryFits = (there ? expiryOf(parts.get("rules")) : undefined) === bucket.expire_days;
    if (there && quotaFits && expiryFits) return undefined;
    const steps = [
      ...(there ? [] : [{ what: "create", apply: mc("mb", "--ignore-existing", at) }]),
      ...(quotaFits ? [] : [{ what: "quota", apply: bucket.quota_mb === undefined ? mc("quota", "clear", at) : mc("quota", "set", at, "--size", `${bucket.quota_mb}MiB`) }]),
      ...(expiryFits ? [] : [{ what: "expiry", apply: bucket.expire_days === undefined ? mc("ilm", "rule", "rm", "--all", "--force", at) : sh`printf '%s' ${JSON.stringify({ Rules: [{ ID: "hawser", Status: "Enabled", Expiration: { Days: bucket.expire_days } }] })} | ${mc("ilm", "rule", "import", at)}` }]),
    ];
    return { summary: steps.map(({ what }) => what).join(", "), apply: Sh.lines(...steps.map(({ apply }) => sh`${apply} >/dev/null`)) };
  },
});

const quotaOf = (out: string): number => quota.safeParse(answersIn(out)[0]).data?.quota ?? 0;

/** Days of the one rule that there is, or none; something else where there are others. @throws PlanError where MinIO does not say */
function expiryOf(part: { readonly out: string; readonly code: number } | undefined): number | "others" | undefined {
  const failure = failureIn(part?.out ?? "");
  if (part === undefined || (failure !== undefined && (NO_RULES.test(failure.message) || failure.code === "NoSuchLifecycleConfiguration" || failure.code === "NoSuchBucket"))) return undefined;
  const { data } = rules.safeParse(answersIn(part.out)[0]);
  if (data === undefined) throw new PlanError(`the expiry cannot be looked at: ${failure?.message ?? part.out.trim()}`);
  const [rule, ...more] = data.config.Rules;
  return rule === undefined ? undefined : more.length > 0 || rule.Status !== "Enabled" ? "others" : (rule.Expiration?.Days ?? "others");
}
