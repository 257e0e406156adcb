import { Secret } from "hawser";
import type { KeyPair, Keys } from "./keys.ts";
import { CANARY_NAME, type User, type Vars } from "./vars.ts";

const READ = ["Read", "List"];
const WRITE = [...READ, "Write", "Tagging"];

/** Rights in SeaweedFS' words. */
function actionsOf({ admin, buckets }: Pick<User, "admin" | "buckets">): string[] {
  if (admin) return ["Admin", ...WRITE];
  return Object.entries(buckets).flatMap(([bucket, access]) => (access === "read" ? READ : WRITE).map((action) => `${action}:${bucket}`));
}

const given = ({ access_key, secret_key }: User): KeyPair | undefined => (access_key === undefined || secret_key === undefined ? undefined : { access: access_key, secret: secret_key });

/** Keys of all users, those that were given and those that were made. */
export const allKeys = (vars: Vars, made: Keys): Keys => ({ ...made, ...Object.fromEntries(vars.users.flatMap((user) => (given(user) === undefined ? [] : [[user.name, given(user) as KeyPair]]))) });

/** The file that SeaweedFS reads users from: who is not in it gets nothing. @throws Error for a user without keys */
export function identitiesOf(vars: Vars, made: Keys): Secret {
  const keys = allKeys(vars, made);
  const users: readonly Pick<User, "name" | "admin" | "buckets">[] = [{ name: CANARY_NAME, admin: false, buckets: { [CANARY_NAME]: "read-write" } }, ...vars.users];
  const identities = users.map((user) => {
    const pair = keys[user.name];
    if (pair === undefined) throw new Error(`the host has no keys of ${user.name}`);
    return { name: user.name, credentials: [{ accessKey: pair.access, secretKey: pair.secret.reveal() }], actions: actionsOf(user) };
  });
  return new Secret(`${JSON.stringify({ identities }, undefined, 2)}\n`);
}

/** What the signer reads for a user. @throws Error for a user without keys */
export function signerKey(made: Keys, user: string): Secret {
  const pair = made[user];
  if (pair === undefined) throw new Error(`the host has no keys of ${user}`);
  return new Secret(`ACCESS='${pair.access}'\nSECRET='${pair.secret.reveal()}'\n`);
}
