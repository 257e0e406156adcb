import { defineResource, late, Secret, sh, Sh, z, type Prediction } from "hawser";
import type { KeyPair, Keys } from "../../keys.ts";
import type { Rights } from "../../vars.ts";
import { foreseen } from "../foreseen.ts";
import { now } from "../late.ts";
import { documentOf, meaningOf, OURS, policyOf } from "../policy.ts";
import { admin, adminSending, answered, keysFit, look, there } from "./admin.ts";

const args = z.strictObject({
  endpoint: z.string(),
  user: z.custom<Rights>((value) => typeof value === "object"),
  pair: late(z.custom<KeyPair>((value) => typeof value === "object")),
  /** Nothing is on this host yet. */
  fresh: z.boolean(),
});

/** By access key, as `list-users` prints them. */
const users = z.record(z.string(), z.object({ policyName: z.string().nullish(), status: z.string() }));
const policyInfo = z.object({ policy: z.unknown() });
const namesIn = (list: string | null | undefined): readonly string[] => (list ?? "").split(",").filter((name) => name !== "");

/** A user of RustFS with its keys, and with the policy that the vars give it and no other. */
export const rustfsUser = defineResource({
  kind: "rustfs-user",
  summary: "A user of RustFS, with its keys and its policy.",
  args,
  key: ({ user }) => user.name,
  claims: ({ user }) => [{ target: `rustfs-user:${user.name}` }],
  // Parts of an answer come in any order.
  compares: "code",
  probe: ({ endpoint, user }) => Sh.lines(
    look("users", admin(endpoint, "GET", "list-users")),
    look("keys", keysFit(endpoint, user.name)),
    !user.admin && look("policy", admin(endpoint, "GET", `info-canned-policy?name=${policyOf(user)}`)),
  ),
  plan({ endpoint, user, pair }, seen) {
    const parts = answered(seen);
    const { access, secret } = now<KeyPair>(pair);
    const found = users.parse(JSON.parse(there(parts, "users") ?? "{}"))[access];
    const keysRight = found !== undefined && there(parts, "keys")?.trim() === "right";
    const document = documentOf(user);
    const has = policyInfo.safeParse(JSON.parse(there(parts, "policy") ?? "{}")).data?.policy;
    const policyFits = document === undefined || (has !== undefined && meaningOf(has) === meaningOf(document));
    const held = namesIn(found?.policyName);
    const holds = held.length === 1 && held[0] === policyOf(user);
    const enabled = !keysRight || found.status === "enabled";
    const steps = [
      ...(keysRight ? [] : [{ what: found ? "another secret key" : "create", apply: sh`${adminSending(endpoint, `add-user?accessKey=${access}`)} >/dev/null`.stdin(new Secret(JSON.stringify({ secretKey: secret.reveal(), status: "enabled" }))) }]),
      ...(enabled ? [] : [{ what: "enable", apply: sh`${admin(endpoint, "PUT", `set-user-status?accessKey=${access}&status=enabled`)} >/dev/null` }]),
      ...(policyFits ? [] : [{ what: "policy", apply: sh`printf '%s' ${JSON.stringify(document)} | ${adminSending(endpoint, `add-canned-policy?name=${policyOf(user)}`)} >/dev/null` }]),
      ...(holds ? [] : [{ what: [`allow ${policyOf(user)}`, ...held.filter((name) => name !== policyOf(user)).map((name) => `take ${name}`)].join(", "), apply: sh`${admin(endpoint, "PUT", `set-user-or-group-policy?isGroup=false&policyName=${policyOf(user)}&userOrGroup=${access}`)} >/dev/null` }]),
    ];
    return steps.length === 0 ? undefined : { summary: steps.map(({ what }) => what).join(", "), apply: Sh.lines(...steps.map(({ apply }) => apply)) };
  },
  predict(given, seen, upstream, context): Prediction {
    return foreseen("RustFS", seen, upstream, given.fresh && "create", () => this.plan(given, seen, context));
  },
});

const leaverArgs = z.strictObject({
  endpoint: z.string(),
  users: z.array(z.custom<Rights>((value) => typeof value === "object")),
  keys: late(z.custom<Keys>((value) => typeof value === "object")),
  fresh: z.boolean(),
});

/** Users that left the inventory, told by the policy that the role made for them; former keys of those that are in it; and such policies. */
export const rustfsLeavers = defineResource({
  kind: "rustfs-leavers",
  summary: "Users and policies of RustFS that nobody has any more.",
  args: leaverArgs,
  key: () => "users",
  claims: () => [{ target: "rustfs-leavers" }],
  compares: "code",
  // A new one has none.
  probe: ({ endpoint, fresh }) => {
    const both = Sh.lines(look("users", admin(endpoint, "GET", "list-users")), look("policies", admin(endpoint, "GET", "list-canned-policies")));
    return fresh ? sh`( ${both} ) 2>/dev/null || :` : both;
  },
  plan({ endpoint, users: wanted, keys }, seen) {
    const parts = answered(seen);
    const all = now<Keys>(keys);
    const accesses = wanted.flatMap(({ name }) => all[name]?.access ?? []);
    const gone = Object.entries(users.parse(JSON.parse(there(parts, "users") ?? "{}"))).filter(([access, { policyName }]) => !accesses.includes(access) && namesIn(policyName).some((name) => name.startsWith(OURS))).map(([access]) => access);
    const policies = Object.keys(z.record(z.string(), z.unknown()).parse(JSON.parse(there(parts, "policies") ?? "{}"))).filter((name) => name.startsWith(OURS) && !wanted.some((user) => policyOf(user) === name));
    if (gone.length === 0 && policies.length === 0) return undefined;
    const calls = [...gone.map((access) => `remove-user?accessKey=${access}`), ...policies.map((name) => `remove-canned-policy?name=${name}`)];
    return { summary: `delete ${[...gone, ...policies].sort().join(", ")}`, apply: Sh.lines(...calls.map((call) => sh`${admin(endpoint, "DELETE", call)} >/dev/null`)) };
  },
  predict(given, seen, upstream, context): Prediction {
    return foreseen("RustFS", seen, upstream, false, () => this.plan(given, seen, context));
  },
});
