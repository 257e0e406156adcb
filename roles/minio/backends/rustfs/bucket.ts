import { defineResource, sh, Sh, z, type Prediction } from "hawser";
import type { Bucket } from "../../vars.ts";
import { foreseen } from "../foreseen.ts";
import { admin, adminSending, answered, look, s3, s3Sending, there } from "./admin.ts";
import { documentOf, meaningOf, type Expiry } from "./expiry.ts";

const args = z.strictObject({
  endpoint: z.string(),
  bucket: z.custom<Bucket>((value) => typeof value === "object"),
  versions_days: z.number(),
  /** Nothing is on this host yet. */
  fresh: z.boolean(),
});

const MIB = 1_048_576;
const quota = z.object({ quota: z.number().nullish() });

/** A bucket of RustFS, its quota, and what ends its objects and their former versions. */
export const rustfsBucket = defineResource({
  kind: "rustfs-bucket",
  summary: "A bucket of RustFS, with its quota and its expiry.",
  args,
  key: ({ bucket }) => bucket.name,
  claims: ({ bucket }) => [{ target: `rustfs-bucket:${bucket.name}` }],
  // Parts of an answer come in any order.
  compares: "code",
  probe: ({ endpoint, bucket: { name } }) => Sh.lines(
    look("bucket", s3(endpoint, "HEAD", `/${name}`)),
    sh`[ "$c" = 0 ] || exit 0`,
    look("quota", admin(endpoint, "GET", `get-bucket-quota?bucket=${name}`)),
    look("rules", s3(endpoint, "GET", `/${name}?lifecycle=`)),
  ),
  plan({ endpoint, bucket, versions_days }, seen) {
    const parts = answered(seen);
    const exists = there(parts, "bucket") !== undefined;
    const { name, quota_mb, expire_days } = bucket;
    const expiry: Expiry = { versions_days, ...(expire_days !== undefined && { expire_days }) };
    const quotaFits = (quota.safeParse(JSON.parse(there(parts, "quota") ?? "{}")).data?.quota ?? 0) === (quota_mb ?? 0) * MIB;
    const expiryFits = meaningOf(there(parts, "rules") ?? "") === meaningOf(documentOf(expiry));
    if (exists && quotaFits && expiryFits) return undefined;
    const steps = [
      ...(exists ? [] : [{ what: "create", apply: s3(endpoint, "PUT", `/${name}`) }]),
      ...(quotaFits ? [] : [{ what: "quota", apply: quota_mb === undefined ? admin(endpoint, "DELETE", `quota/${name}`) : sh`printf '%s' ${JSON.stringify({ quota: quota_mb * MIB, quota_type: "HARD" })} | ${adminSending(endpoint, `set-bucket-quota?bucket=${name}`)}` }]),
      ...(expiryFits ? [] : [{ what: "expiry", apply: sh`printf '%s' ${documentOf(expiry)} | ${s3Sending(endpoint, `/${name}?lifecycle=`)}` }]),
    ];
    return { summary: steps.map(({ what }) => what).join(", "), apply: Sh.lines(...steps.map(({ apply }) => sh`${apply} >/dev/null`)) };
  },
  predict(given, seen, upstream, context): Prediction {
    return foreseen("RustFS", seen, upstream, given.fresh && "create", () => this.plan(given, seen, context));
  },
});
