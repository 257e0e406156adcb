import { z } from "zod";
import { now, Sh, sh } from "../shell/index.ts";
import { accountName, Lines, printed, readPasswd } from "./accounts.ts";
import { late } from "./args.ts";
import { defineResource, PlanError, type Change, type Kind, type KindContext, type Observed, type Prediction, type Upstream } from "./contract.ts";
import { asUser } from "./as-user.ts";

const TYPE = "(?:ssh-ed25519|ssh-rsa|ssh-dss|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\\.com|sk-ecdsa-sha2-nistp256@openssh\\.com)";
const KEY = new RegExp(`^(${TYPE}) (AAAA[A-Za-z0-9+/]+={0,2})(?: ([^\\n]*))?$`);

const publicKey = z.string().transform((text) => text.trim()).pipe(z.string().regex(KEY, "not a public key: `ssh-ed25519 AAAA… comment`"));
const options = z.string().regex(/^[^\n]+$/, "options are one line");

const args = z.strictObject({
  user: accountName,
  /** A public key as ssh-keygen writes it. */
  key: late(publicKey),
  /** Names the key in reports. Default: its comment; needed when the key has none, or is known late. */
  name: z.string().min(1).optional(),
  /** As in sshd(8): `from="10.0.0.0/8",no-agent-forwarding`. Default: none. */
  options: options.optional(),
  /** Default: the key's own. Without any, the comment that stands there is kept. */
  comment: z.string().regex(/^[^\n]*$/, "a comment is one line").optional(),
  state: z.enum(["present", "absent"]).default("present"),
}).check(({ value, issues }) => {
  if (value.name === undefined && (typeof value.key !== "string" || split(value.key).comment === "")) issues.push({ code: "custom", message: "give the key a name: it has no comment", input: value });
});

type Args = z.output<typeof args>;

function split(key: string): { type: string; blob: string; comment: string } {
  const [, type = "", blob = "", comment = ""] = KEY.exec(key) ?? [];
  return { type, blob, comment };
}

/**
 * Where root must not write, because the user decides what stands there, and the lines of the file. A link is refused
 * already here; the apply works as the user, so that one which is planted in between gains nothing.
 */
function lookAtKeys(user: string, wanted: Sh): Sh {
  return Sh.lines(
    readPasswd(user, ["u", "h"]),
    Sh.raw(`if ! [ "$n" = "$me" ]; then echo no-user; exit 0; fi
d=$h/.ssh f=$h/.ssh/authorized_keys
printf 'home %s\\n' "$h"
[ -d "$h" ] || echo no-home
if [ -L "$d" ] || [ -L "$f" ]; then echo link; exit 0; fi
stat -c '%a %u' "$d" "$f" 2>/dev/null | while read -r m o; do if [ "$o" = "$u" ]; then o=own; else o=foreign; fi; echo "at $m $o"; done
if [ -f "$f" ]; then while IFS= read -r l || [ -n "$l" ]; do`),
    wanted,
    `done <"$f"; fi`,
  );
}

interface Found {
  readonly lines: Lines;
  readonly home: string;
  /** The folder or the file has the wrong mode. */
  readonly modes: boolean;
}

function parse(user: string, seen: Observed): Found {
  const lines = new Lines(seen);
  const home = lines.get("home") ?? "";
  if (lines.has("no-user")) throw new PlanError(`there is no user ${user} in /etc/passwd`, "declare a user resource and name it in `needs`");
  if (lines.has("no-home")) throw new PlanError(`the home of ${user}, ${home}, is not there`, "createHome of the user resource makes it");
  if (lines.has("link")) throw new PlanError(`${home}/.ssh or its authorized_keys is a symlink`, "who controls it decides who may log in: put a file there");
  const [folder, file] = lines.all("at").map((text) => text.split(" "));
  if (folder?.[1] === "foreign" || file?.[1] === "foreign") throw new PlanError(`${home}/.ssh does not belong to ${user}`, `chown -R ${user} ${home}/.ssh, once it is clear who put it there`);
  return { lines, home, modes: (folder !== undefined && folder[0] !== "700") || (file !== undefined && file[0] !== "600") };
}

/** What the look prints when the keys are right. */
const settled = (home: string, lines: readonly string[]): Observed => printed([`home ${home}`, "at 700 own", "at 600 own", ...lines.map((line) => `key ${line}`)]);

/**
 * Rewrites the file as its owner, by a rename in a folder that only the owner can write.
 * @param filter A case of the shell for each old line `$l` that is not kept.
 */
function rewrite(user: string, home: string, filter: Sh | undefined, added: readonly string[], { facts }: KindContext): Sh {
  const script = Sh.lines(
    "set -e",
    "umask 077",
    sh`mkdir -p ${`${home}/.ssh`}
chmod 700 ${`${home}/.ssh`}
cd ${`${home}/.ssh`}`,
    Sh.raw(`f=authorized_keys t=.hawser-authorized_keys
rm -f "$t"
: >"$t"
chmod 600 "$t"`),
    filter && Sh.lines(`if [ -f "$f" ]; then while IFS= read -r l || [ -n "$l" ]; do case "$l " in`, filter, `*) printf '%s\\n' "$l" >>"$t" ;; esac; done <"$f"; fi`),
    ...added.map((line) => sh`printf '%s\\n' ${line} >>"$t"`),
    `mv -f "$t" "$f"`,
    facts.selinux !== "disabled" && `restorecon -R . || :`,
  );
  return asUser(user, script);
}

/** A comment line is kept; a line that holds the key goes, whatever its options. */
const holding = ({ type, blob }: { type: string; blob: string }): Sh => sh`'#'*) printf '%s\\n' "$l" >>"$t" ;;
*${`${type} ${blob} `}*) ;;`;

export const authorizedKey = defineResource({
  kind: "authorized-key",
  summary: "One key that may log in as a user; other keys stay.",
  args,
  key: (args) => `${args.user}:${nameOf(args)}`,
  claims: (args) => [{ target: `authorized-keys:${args.user}`, part: typeof args.key === "string" ? split(args.key).blob : nameOf(args) }],
  probe(args) {
    const { type, blob } = split(now(args.key));
    return lookAtKeys(args.user, sh`case "$l " in '#'*) ;; *${`${type} ${blob} `}*) printf 'key %s\\n' "$l" ;; esac`);
  },
  plan(args, seen, context): Change | undefined {
    // Nobody logs in as a user who is not there, or has no home to keep keys in.
    if (args.state === "absent" && /^no-(?:user|home)$/m.test(seen.out)) return undefined;
    const { lines, home, modes } = parse(args.user, seen);
    const key = split(now(args.key));
    const found = lines.all("key");
    if (args.state === "absent") {
      if (found.length === 0) return undefined;
      return { summary: "remove", apply: rewrite(args.user, home, holding(key), [], context), after: settled(home, []) };
    }
    const comment = args.comment ?? (key.comment || kept(found, key.blob));
    const wanted = [args.options, key.type, key.blob, comment].filter((part) => part !== undefined && part !== "").join(" ");
    const right = found.length === 1 && found[0]?.trim() === wanted;
    if (right && !modes) return undefined;
    const summary = [found.length === 0 ? "add" : !right && "options or comment", modes && "modes"].filter((part) => part !== false).join(", ");
    return { summary, ...(!right && { diff: [...found.map((line) => `-${line}`), `+${wanted}`].join("\n") }), apply: rewrite(args.user, home, holding(key), [wanted], context), after: settled(home, [wanted]) };
  },
  predict,
});

function nameOf(args: Args): string {
  return args.name ?? (typeof args.key === "string" ? split(args.key).comment : "");
}

function kept(found: readonly string[], blob: string): string {
  const line = found[0] ?? "";
  return line.slice(line.indexOf(blob) + blob.length).trim();
}

/** A user that is still to be made has no keys yet. */
function predict<S extends z.ZodType>(this: Kind<S>, args: z.output<S>, seen: Observed, upstream: readonly Upstream[], context: KindContext): Prediction {
  try {
    const change = this.plan(args, seen, context);
    return change ? { outcome: "would-change", change } : { outcome: "ok" };
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const lines = new Lines(seen);
    const unknown = upstream.find((up) => up.outcome === "unknown");
    if ((lines.has("no-user") || lines.has("no-home")) && !unknown) return { outcome: "would-change", change: { summary: "add" } };
    return { outcome: "unknown", cause: `${error.message}, and ${(unknown ?? upstream[0])?.id} would change first` };
  }
}

const listArgs = z.strictObject({
  user: accountName,
  /** All keys of the user, in this order, each with its options if it has any. Others are removed. */
  keys: z.array(late(z.string().transform((text) => text.trim()).pipe(z.string().regex(new RegExp(`(?:^|[ "])${TYPE} AAAA[A-Za-z0-9+/]+={0,2}(?: [^\\n]*)?$`), "not a public key")))),
});

export const authorizedKeys = defineResource({
  kind: "authorized-keys",
  summary: "The whole list of keys that may log in as a user.",
  args: listArgs,
  key: (args) => args.user,
  claims: (args) => [{ target: `authorized-keys:${args.user}` }],
  probe: (args) => lookAtKeys(args.user, Sh.raw(`case $l in '#'* | '') ;; *) printf 'key %s\\n' "$l" ;; esac`)),
  plan(args, seen, context): Change | undefined {
    const { lines, home, modes } = parse(args.user, seen);
    const wanted = args.keys.map((key) => now(key));
    const found = lines.all("key");
    const right = found.join("\n") === wanted.join("\n");
    if (right && !modes) return undefined;
    const gone = found.filter((line) => !wanted.includes(line));
    const added = wanted.filter((line) => !found.includes(line));
    const summary = [added.length > 0 && `add ${added.length}`, gone.length > 0 && `remove ${gone.length}`, !right && added.length + gone.length === 0 && "order", modes && "modes"].filter((part) => part !== false).join(", ");
    return { summary, diff: [...gone.map((line) => `-${line}`), ...added.map((line) => `+${line}`)].join("\n"), apply: rewrite(args.user, home, undefined, wanted, context), after: settled(home, wanted) };
  },
  predict,
});
