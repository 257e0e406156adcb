import { createHash } from "node:crypto";
import { defineResource, late, PlanError, Secret, sh, Sh, z } from "hawser";
import type { KeyPair, Keys } from "../../keys.ts";
import { FOLDER } from "../../paths.ts";
import type { Rights } from "../../vars.ts";
import { now } from "../late.ts";
import { answersIn, failureIn, answersOf } from "./answers.ts";
import { look } from "./look.ts";
import { mc } from "./mc.ts";
import { documentOf, meaningOf, OURS, policyOf } from "../policy.ts";

/** Digests of the secret keys that MinIO was given: it does not say which one it has. */
const GIVEN = `${FOLDER}/mc.users`;

const args = z.strictObject({
  alias: z.string(),
  user: z.custom<Rights>((value) => typeof value === "object"),
  pair: late(z.custom<KeyPair>((value) => typeof value === "object")),
});

const userInfo = z.object({ status: z.literal("success"), accessKey: z.string(), policyName: z.string().optional() });
const policyInfo = z.object({ policyInfo: z.object({ Policy: z.unknown() }) });
const digest = (secret: Secret): string => createHash("sha256").update(secret.reveal()).digest("hex");

/** A user of a MinIO with the policy that the vars give it, and no other. */
export const minioUser = defineResource({
  kind: "minio-user",
  summary: "A user of a MinIO site, with its policy.",
  args,
  key: ({ user }) => user.name,
  claims: ({ user }) => [{ target: `minio-user:${user.name}` }],
  probe: ({ alias, user, pair }) => Sh.lines(
    look("user", "admin", "user", "info", alias, now<KeyPair>(pair).access),
    ...(user.admin ? [] : [look("policy", "admin", "policy", "info", alias, policyOf(user))]),
    sh`printf '== given 0\n'; grep ${`^${now<KeyPair>(pair).access} `} ${GIVEN} 2>/dev/null || :`,
  ),
  // MinIO prints a policy's parts in any order.
  compares: "code",
  plan({ alias, user, pair }, seen) {
    const parts = answersOf(seen);
    const { access, secret } = now<KeyPair>(pair);
    const at = parts.get("user");
    const found = userInfo.safeParse(answersIn(at?.out ?? "")[0]).data;
    if (found === undefined && !/NoSuchUser/.test(failureIn(at?.out ?? "")?.code ?? "") && !/does not exist/.test(failureIn(at?.out ?? "")?.message ?? "")) throw new PlanError(`MinIO does not say whether it has ${user.name}: ${at?.out.trim() ?? ""}`);
    const policies = (found?.policyName ?? "").split(",").filter((name) => name !== "");
    const wanted = policyOf(user);
    const document = documentOf(user);
    const has = policyInfo.safeParse(answersIn(parts.get("policy")?.out ?? "")[0]).data?.policyInfo.Policy;
    const keyFits = found !== undefined && parts.get("given")?.out.trim() === `${access} ${digest(secret)}`;
    const steps = [
      ...(keyFits ? [] : [{ what: found ? "another secret key" : "create", apply: adding(alias, access, secret) }]),
      ...(document === undefined || (has !== undefined && meaningOf(has) === meaningOf(document)) ? [] : [{ what: "policy", apply: sh`printf '%s' ${JSON.stringify(document)} | ${mc("admin", "policy", "create", alias, wanted, "/dev/stdin")} >/dev/null` }]),
      ...(policies.includes(wanted) ? [] : [{ what: `allow ${wanted}`, apply: sh`${mc("admin", "policy", "attach", alias, wanted, "--user", access)} >/dev/null` }]),
      ...policies.filter((name) => name !== wanted).map((name) => ({ what: `take ${name}`, apply: sh`${mc("admin", "policy", "detach", alias, name, "--user", access)} >/dev/null` })),
    ];
    return steps.length === 0 ? undefined : { summary: steps.map(({ what }) => what).join(", "), apply: Sh.lines(...steps.map(({ apply }) => apply)) };
  },
});

/** mc reads the secret key from its standard input, and prints it again. */
const adding = (alias: string, access: string, secret: Secret): Sh =>
  Sh.lines(
    sh`${mc("admin", "user", "add", alias, access)} >/dev/null`.stdin(new Secret(`${secret.reveal()}\n`)),
    sh`umask 077; { grep -v ${`^${access} `} ${GIVEN} 2>/dev/null || :; echo ${`${access} ${digest(secret)}`}; } >${`${GIVEN}.new`}; mv -f ${`${GIVEN}.new`} ${GIVEN}`,
  );

const listed = z.object({ accessKey: z.string(), policyName: z.string().optional() });

const leaverArgs = z.strictObject({ alias: z.string(), users: z.array(z.string()), keys: late(z.custom<Keys>((value) => typeof value === "object")) });

/** Users that left the inventory, told by the policy that the role made for them, and former keys of those that are in it. */
export const minioLeavers = defineResource({
  kind: "minio-leavers",
  summary: "Users of a MinIO site that nobody is any more.",
  args: leaverArgs,
  key: () => "users",
  claims: () => [{ target: "minio-leavers" }],
  probe: ({ alias }) => look("users", "admin", "user", "ls", alias),
  plan({ alias, users, keys }, seen) {
    const all = now<Keys>(keys);
    const wanted = users.flatMap((user) => all[user]?.access ?? []);
    const part = answersOf(seen).get("users");
    if (part?.code !== 0) throw new PlanError(`the users of ${alias} cannot be listed: ${failureIn(part?.out ?? "")?.message ?? ""}`);
    const gone = answersIn(part.out).flatMap((answer) => listed.safeParse(answer).data ?? []).filter(({ accessKey, policyName = "" }) => !wanted.includes(accessKey) && policyName.split(",").some((name) => name.startsWith(OURS)));
    if (gone.length === 0) return undefined;
    return { summary: `delete ${gone.map(({ accessKey }) => accessKey).join(", ")}`, apply: Sh.lines(...gone.map(({ accessKey }) => sh`${mc("admin", "user", "rm", alias, accessKey)} >/dev/null`)) };
  },
});
