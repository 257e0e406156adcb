import { createHash } from "node:crypto";
import { defineResource, late, PlanError, Secret, Sh, sh, z, type Prediction } from "hawser";
import type { KeyPair, Keys } from "../../keys.ts";
import { KEYS } from "../../paths.ts";
import { foreseen } from "../foreseen.ts";
import { now } from "../late.ts";
import { answered, ask, askFor, tell } from "./admin.ts";

/** By this, keys that the role made are told from those that an operator made by hand. */
const OURS = "hawser/";

const args = z.strictObject({
  admin_port: z.number(),
  user: z.string(),
  pair: late(z.custom<KeyPair>((value) => typeof value === "object")),
  /** Its access key, where the vars give it: so the look waits for nothing. Otherwise it is found in the file of the keys that were made. */
  given: z.string().optional(),
  /** May make buckets. */
  admin: z.boolean(),
  /** Nothing is on this host yet. */
  fresh: z.boolean(),
});

const digest = (secret: Secret): string => createHash("sha256").update(secret.reveal()).digest("hex");

/** A user's key. Its secret does not leave the host: it is compared by its digest. */
export const garageKey = defineResource({
  kind: "garage-key",
  summary: "An access key of a Garage cluster.",
  args,
  key: ({ user }) => user,
  claims: ({ user }) => [{ target: `garage-key:${user}` }],
  probe: ({ admin_port: port, user, given }) => Sh.lines(
    given === undefined ? sh`id=$(sed -n ${`s/^${user} \\([^ ]*\\) .*/\\1/p`} ${KEYS} 2>/dev/null)` : sh`id=${given}`,
    askFor(port, "GetKeyInfo?showSecretKey=true&id=", Sh.raw('"$id"')),
    sh`[ -n "$a" ] || { echo absent; exit 0; }
printf '%s\n' "$a" | sed -n -e 's/^  "name": "\\(.*\\)",*$/name \\1/p' -e 's/^ *"createBucket": \\([a-z]*\\).*/makes \\1/p'
s=$(printf '%s\n' "$a" | sed -n 's/^  "secretAccessKey": "\\(.*\\)",*$/\\1/p')
printf 'secret '; printf '%s' "$s" | sha256sum | cut -d ' ' -f 1`,
  ),
  plan({ admin_port: port, user, pair, admin }, seen) {
    const lines = answered(seen).split("\n");
    const { access, secret } = now<KeyPair>(pair);
    const update = sh`printf '%s' ${JSON.stringify({ name: `${OURS}${user}`, [admin ? "allow" : "deny"]: { createBucket: true } })} | ${tell(port, `UpdateKey?id=${access}`)} >/dev/null`;
    if (lines.includes("absent")) {
      const body = new Secret(JSON.stringify({ accessKeyId: access, secretAccessKey: secret.reveal(), name: `${OURS}${user}` }));
      return { summary: "import", apply: Sh.lines(sh`${tell(port, "ImportKey")} >/dev/null`.stdin(body), admin && update) };
    }
    if (!lines.includes(`secret ${digest(secret)}`)) throw new PlanError(`${user} has another secret key in Garage, which does not change one`, "give the user another access_key as well");
    const fits = lines.includes(`name ${OURS}${user}`) && lines.includes(`makes ${admin}`);
    return fits ? undefined : { summary: admin ? "may make buckets" : "may make no buckets", apply: update };
  },
  predict(given, seen, upstream, context): Prediction {
    return foreseen("Garage", seen, upstream, given.fresh && "import", () => this.plan(given, seen, context));
  },
});

const listed = z.array(z.object({ id: z.string(), name: z.string() }));

const leaverArgs = z.strictObject({
  admin_port: z.number(),
  /** Of all users. */
  keys: late(z.custom<Keys>((value) => typeof value === "object")),
  users: z.array(z.string()),
  fresh: z.boolean(),
});

/** Keys of users that left the inventory, and former ones of those that got others. */
export const garageLeavers = defineResource({
  kind: "garage-leavers",
  summary: "Access keys of a Garage cluster that nobody has any more.",
  args: leaverArgs,
  key: () => "users",
  claims: () => [{ target: "garage-leavers" }],
  // A new cluster has none.
  probe: ({ admin_port: port, fresh }) => (fresh ? sh`${ask(port, "ListKeys")} 2>/dev/null || echo '[]'` : ask(port, "ListKeys")),
  plan({ admin_port: port, keys, users }, seen) {
    const ours = listed.parse(JSON.parse(answered(seen))).filter(({ name }) => name.startsWith(OURS));
    if (ours.length === 0) return undefined;
    const all = now<Keys>(keys);
    const wanted = users.flatMap((user) => all[user]?.access ?? []);
    const gone = ours.filter(({ id }) => !wanted.includes(id));
    if (gone.length === 0) return undefined;
    return { summary: `delete the key of ${gone.map(({ name }) => name.slice(OURS.length)).join(", ")}`, apply: Sh.lines(...gone.map(({ id }) => sh`printf '' | ${tell(port, `DeleteKey?id=${id}`)} >/dev/null`)) };
  },
  predict(given, seen, upstream, context): Prediction {
    return foreseen("Garage", seen, upstream, false, () => this.plan(given, seen, context));
  },
});
