import { Secret } from "hawser";
import { pairOf, type Keys } from "../../keys.ts";

/** RustFS' own administrator, the same on all sites. */
export const ROOT = "hawser-root";

export const rootAccess = (keys: Keys): Secret => new Secret(`${pairOf(keys, ROOT).access}\n`);
export const rootSecret = (keys: Keys): Secret => new Secret(`${pairOf(keys, ROOT).secret.reveal()}\n`);

/** `USER ACCESS SECRET`, one a line. */
export const usersText = (keys: Keys, users: readonly string[]): Secret =>
  new Secret(users.map((user) => `${user} ${pairOf(keys, user).access} ${pairOf(keys, user).secret.reveal()}\n`).join(""));
