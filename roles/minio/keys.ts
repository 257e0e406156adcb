import { randomBytes } from "node:crypto";
import { fact, Secret, Sh, sh, z, type ResourceNode, type Tasks, type Value } from "hawser";
import { KEYS } from "./paths.ts";
import { CANARY_NAME, type User, type Vars } from "./vars.ts";

/** A user's access key and secret key. */
export interface KeyPair {
  readonly access: string;
  readonly secret: Secret;
}
export type Keys = Readonly<Record<string, KeyPair>>;

export const keysSchema = z.record(z.string(), z.object({ access: z.string(), secret: z.instanceof(Secret) }));

/** Users whose keys the host has, before anything is done. */
export const KNOWN = fact(sh`cut -d ' ' -f 1 ${KEYS} 2>/dev/null || :`, z.string().transform((out) => out.split("\n").filter((line) => line !== "")));

/** Users whose keys are made, and what the backend wants a secret for. */
const madeFor = ({ users }: Vars, secrets: readonly string[]): readonly string[] => [CANARY_NAME, ...secrets, ...users.filter(({ secret_key }) => secret_key === undefined).map(({ name }) => name)];

const print = sh`cat ${KEYS} 2>/dev/null || :`;

/** `USER ACCESS SECRET`, one a line. */
export function parseKeys(out: string): Keys {
  return Object.fromEntries(out.split("\n").flatMap((line) => {
    const [name = "", access, secret] = line.trim().split(" ");
    return access === undefined || secret === undefined ? [] : [[name, { access, secret: new Secret(secret) }]];
  }));
}

/** 20 characters and 40, as S3's are. */
export const newPair = (): KeyPair => ({ access: `HW${randomBytes(32).toString("base64").replaceAll(/[^A-Z0-9]/g, "").padEnd(18, "0").slice(0, 18)}`, secret: new Secret(randomBytes(30).toString("base64url")) });

const given = ({ access_key, secret_key }: User): KeyPair | undefined => (access_key === undefined || secret_key === undefined ? undefined : { access: access_key, secret: secret_key });

/** A user's keys. @throws Error where the host has none */
export function pairOf(keys: Keys, user: string): KeyPair {
  const pair = keys[user];
  if (pair === undefined) throw new Error(`the host has no keys of ${user}`);
  return pair;
}

/** Characters of a user's secret key; none where it cannot be opened. */
export function lengthOf(secret: User["secret_key"]): number {
  try {
    return secret?.reveal().length ?? 0;
  } catch {
    return 0;
  }
}

/** Keys of all users, those that were given and those that were made. */
export const allKeys = (vars: Vars, made: Keys): Keys => ({ ...made, ...Object.fromEntries(vars.users.flatMap((user) => (given(user) === undefined ? [] : [[user.name, given(user) as KeyPair]]))) });

export interface KeySources {
  /** Names beside the users' for which keys are made. */
  readonly secrets: readonly string[];
  /** Users whose keys this host has. */
  readonly known: readonly string[];
  /** Makes keys that no host has; one host does, or two would make different ones. */
  readonly makes: boolean;
  /** What the other hosts had before this run, for the host that makes; else what that host has. */
  readonly others: readonly Value<Keys>[];
}

/**
 * The keys of the users that were given none. A host that has them waits for nobody, since the others may be the region that is down.
 * The host that makes them first asks whether another one has them: it may have been set up anew.
 */
export function declareKeys(t: Tasks, vars: Vars, { secrets, known, makes, others }: KeySources, needs: readonly ResourceNode[]): Value<Keys> {
  const wanted = madeFor(vars, secrets);
  const missing = wanted.filter((name) => !known.includes(name));
  const uses = missing.length === 0 ? {} : Object.fromEntries(others.map((keys, i) => [`host${i}`, keys]));
  const node = t.task("keys", {
    check: Sh.lines(sh`[ "$(stat -c '%a %U' ${KEYS} 2>/dev/null)" = '600 root' ] || exit 1`, ...wanted.map((name) => sh`grep -q ${`^${name} `} ${KEYS} || exit 1`)),
    uses,
    apply: async ({ $, uses: sources }) => {
      const found: Keys = Object.assign({}, ...Object.values(sources as Record<string, Keys>).toReversed());
      const lines = missing.map((name) => {
        const pair = found[name] ?? (makes ? newPair() : undefined);
        if (pair === undefined) throw new Error(`the host that makes keys has none for ${name}: run it too, or first`);
        return `${name} ${pair.access} ${pair.secret.reveal()}\n`;
      });
      await $({ input: lines.join("") })`umask 077; { cat ${KEYS} 2>/dev/null || :; cat; } >${`${KEYS}.new`} && chown root ${`${KEYS}.new`} && mv -f ${`${KEYS}.new`} ${KEYS}`;
    },
    summary: missing.length === 0 ? "close" : `of ${missing.join(", ")}`,
    needs,
  });
  return t.read("keys", { probe: print, parse: parseKeys, needs: [node] });
}

/** What this host had before the run, for the one that makes keys. */
export const declareHad = (t: Tasks): Value<Keys> => t.read("keys that were here", { probe: print, parse: parseKeys });
