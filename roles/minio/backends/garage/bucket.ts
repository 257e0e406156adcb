import { defineResource, late, Sh, sh, z, type Prediction } from "hawser";
import type { Keys } from "../../keys.ts";
import type { Bucket, Rights } from "../../vars.ts";
import { foreseen } from "../foreseen.ts";
import { now } from "../late.ts";
import { answered, askFor, tell } from "./admin.ts";
import { NOTHING, rightsOn, type Permissions } from "./rights.ts";

const args = z.strictObject({
  admin_port: z.number(),
  bucket: z.custom<Bucket>((value) => typeof value === "object"),
  users: z.array(z.custom<Rights>((value) => typeof value === "object")),
  /** Of all users. */
  keys: late(z.custom<Keys>((value) => typeof value === "object")),
  /** Nothing is on this host yet. */
  fresh: z.boolean(),
});
type Args = z.output<typeof args>;

const flag = z.boolean().default(false);
/** As `GetBucketInfo` prints it. */
const info = z.object({
  id: z.string(),
  quotas: z.object({ maxSize: z.number().nullish(), maxObjects: z.number().nullish() }),
  lifecycleRules: z.array(z.record(z.string(), z.unknown())).nullish(),
  keys: z.array(z.object({ accessKeyId: z.string(), permissions: z.object({ read: flag, write: flag, owner: flag }) })),
});
type Info = z.output<typeof info>;

const MIB = 1_048_576;
const quotaOf = ({ quota_mb }: Bucket) => ({ maxSize: quota_mb === undefined ? null : quota_mb * MIB, maxObjects: null });
const expiryOf = ({ expire_days }: Bucket) => (expire_days === undefined ? [] : [{ ID: "hawser", Status: "Enabled", Expiration: { Days: expire_days } }]);

/** A bucket: its quota, its expiry, and who may do what with it. */
export const garageBucket = defineResource({
  kind: "garage-bucket",
  summary: "A bucket of a Garage cluster, with the rights of its users.",
  args,
  key: ({ bucket }) => bucket.name,
  claims: ({ bucket }) => [{ target: `garage-bucket:${bucket.name}` }],
  // Without what changes with every object. Garage prints a bucket's keys in any order.
  compares: "code",
  probe: ({ admin_port: port, bucket }) => Sh.lines(askFor(port, `GetBucketInfo?globalAlias=${bucket.name}`), Sh.raw(`printf '%s\\n' "$a" | grep -Ev '^  "(objects|bytes|unfinished[A-Za-z]*)":' || :`)),
  plan(given, seen) {
    const out = answered(seen).trim();
    const there = out === "" ? undefined : info.parse(JSON.parse(out));
    const steps = [...settings(given, there), ...grants(given, there)];
    if (there !== undefined && steps.length === 0) return undefined;
    return { summary: there === undefined ? "create" : steps.map(({ what }) => what).join(", "), apply: Sh.lines(idOf(given, there), ...steps.map(({ apply }) => apply)) };
  },
  predict(given, seen, upstream, context): Prediction {
    return foreseen("Garage", seen, upstream, given.fresh && "create", () => this.plan(given, seen, context));
  },
});

interface Step {
  readonly what: string;
  readonly apply: Sh;
}

/** Sets `id`. */
function idOf({ admin_port: port, bucket }: Args, there: Info | undefined): Sh {
  if (there) return sh`id=${there.id}`;
  return Sh.lines(
    sh`a=$(printf '%s' ${JSON.stringify({ globalAlias: bucket.name })} | ${tell(port, "CreateBucket")})`,
    Sh.raw(`id=$(printf '%s\\n' "$a" | sed -n 's/^  "id": "\\([0-9a-f]*\\)".*/\\1/p')\n[ -n "$id" ] || exit 1`),
  );
}

function settings({ admin_port: port, bucket }: Args, there: Info | undefined): readonly Step[] {
  const [quotas, lifecycleRules] = [quotaOf(bucket), expiryOf(bucket)];
  const quotaFits = quotas.maxSize === (there?.quotas.maxSize ?? null) && (there?.quotas.maxObjects ?? null) === null;
  const expiryFits = sameRules(there?.lifecycleRules ?? [], lifecycleRules);
  if (quotaFits && expiryFits) return [];
  const what = [...(quotaFits ? [] : ["quota"]), ...(expiryFits ? [] : ["expiry"])].join(" and ");
  return [{ what, apply: sh`printf '%s' ${JSON.stringify({ quotas, lifecycleRules })} | ${tell(port, "UpdateBucket?id=", Sh.raw('"$id"'))} >/dev/null` }];
}

/** Whatever order their parts stand in. */
const sameRules = (one: readonly object[], other: readonly object[]): boolean => one.length === other.length && one.every((rule, i) => canonical(rule) === canonical(other[i] ?? {}));
const canonical = (value: unknown): string => JSON.stringify(value, (_, part: unknown) => (typeof part === "object" && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part));

/** What is to be given, and what taken: nobody keeps a right that the vars do not give. */
function grants({ admin_port: port, bucket, users, keys }: Args, there: Info | undefined): readonly Step[] {
  const all = now<Keys>(keys);
  const wanted = new Map(users.map((user): [string, Permissions] => [all[user.name]?.access ?? "", rightsOn(user, bucket.name)]));
  const had = new Map((there?.keys ?? []).map(({ accessKeyId, permissions }) => [accessKeyId, permissions]));
  return [...new Set([...wanted.keys(), ...had.keys()])].flatMap((access) => {
    const name = users.find((user) => all[user.name]?.access === access)?.name ?? access;
    const [want, have] = [wanted.get(access) ?? NOTHING, had.get(access) ?? NOTHING];
    const change = (call: string, word: string, more: Permissions, less: Permissions): Step[] => {
      const permissions = { read: more.read && !less.read, write: more.write && !less.write, owner: more.owner && !less.owner };
      if (!permissions.read && !permissions.write && !permissions.owner) return [];
      const body = JSON.stringify({ bucketId: "%s", accessKeyId: access, permissions });
      return [{ what: `${word} ${name}`, apply: sh`printf ${body} "$id" | ${tell(port, call)} >/dev/null` }];
    };
    return [...change("AllowBucketKey", "allow", want, have), ...change("DenyBucketKey", "deny", have, want)];
  });
}
