import { Secret } from "hawser";
import { allKeys, pairOf, type Keys } from "../../keys.ts";
import { usersOf, type Rights, type Vars } from "../../vars.ts";

const READ = ["Read", "List"];
const WRITE = [...READ, "Write", "Tagging"];

/** Rights in SeaweedFS' words. */
function actionsOf({ admin, buckets }: Omit<Rights, "name">): string[] {
  if (admin) return ["Admin", ...WRITE];
  return Object.entries(buckets).flatMap(([bucket, access]) => (access === "read" ? READ : WRITE).map((action) => `${action}:${bucket}`));
}

/** The file that SeaweedFS reads users from: who is not in it gets nothing. @throws Error for a user without keys */
export function identitiesOf(vars: Vars, made: Keys): Secret {
  const keys = allKeys(vars, made);
  const identities = usersOf(vars).map((user) => {
    const { access, secret } = pairOf(keys, user.name);
    return { name: user.name, credentials: [{ accessKey: access, secretKey: secret.reveal() }], actions: actionsOf(user) };
  });
  return new Secret(`${JSON.stringify({ identities }, undefined, 2)}\n`);
}
