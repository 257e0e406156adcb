import { z } from "zod";
import { now, Sh, sh } from "../shell/index.ts";
import { accountName, idNumber, Lines, printed, readPasswd } from "./accounts.ts";
import { late, path, secret } from "./args.ts";
import { defineResource, PlanError, type Change, type Observed } from "./contract.ts";

const line = z.string().regex(/^[^\n:\0]*$/, "no colon and no newline fits into /etc/passwd");

const args = z
  .strictObject({
    name: accountName,
    /** Default: the next free one. */
    uid: idNumber.optional(),
    /** The primary group. Default: a group of the user's own name, as the system makes it. */
    group: z.union([accountName, idNumber.transform(String)]).optional(),
    /** Supplementary groups; they must exist. */
    groups: z.array(accountName).optional(),
    /** Groups beside those of `groups` stay. False makes `groups` the whole list. */
    append: z.boolean().default(true),
    /** An existing home is moved along. Default: as the system makes it. */
    home: path.optional(),
    shell: path.optional(),
    /** The full name in /etc/passwd. */
    comment: line.optional(),
    /** A new user gets its number from the range of the system's users. */
    system: z.boolean().default(false),
    /** Makes the home of a new user. Default: true, false for a system user. */
    createHome: z.boolean().optional(),
    /** As it stands in /etc/shadow, e.g. made by `openssl passwd -6`. Default: a new user has no password. */
    passwordHash: late(secret).optional(),
    /** No password opens a locked account; keys still do. Default: left as it is. */
    locked: z.boolean().optional(),
    state: z.enum(["present", "absent"]).default("present"),
    /** With state absent: removes the home and the mailbox too. */
    removeHome: z.boolean().default(false),
  })
  .check(({ value, issues }) => {
    const complain = (message: string) => void issues.push({ code: "custom", message, input: value });
    if (!value.append && value.groups === undefined) complain("append: false needs groups");
    if (value.state === "present" && value.removeHome) complain("removeHome goes with state absent");
  });

type Args = z.output<typeof args>;

const NUMBER = /^\d+$/;

const ATTRIBUTES = ["uid", "group", "home", "shell", "comment", "passwordHash", "locked"] as const;

export const user = defineResource({
  kind: "user",
  summary: "A user in /etc/passwd, with groups, home and password hash.",
  args,
  key: (args) => args.name,
  /** By attribute: one role makes a user and another one adds it to a group of its own. */
  claims(args) {
    const target = `user:${args.name}`;
    if (args.state === "absent") return [{ target }];
    const given = ATTRIBUTES.filter((name) => args[name] !== undefined);
    return [...given, ...(args.groups ?? []).map((name) => `group ${name}`)].map((part) => ({ target, part }));
  },
  probe,
  foresees: true,
  plan: (args, seen) => plan(args, linesOf(seen), []),
  predict(args, seen, upstream) {
    const unknown = upstream.find((up) => up.outcome === "unknown");
    try {
      // Only a missing group is what a need may bring.
      const change = plan(args, linesOf(seen), unknown ? [] : args.groups ?? []);
      return change ? { outcome: "would-change", change } : { outcome: "ok" };
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      return { outcome: "unknown", cause: `${error.message}, and ${(unknown ?? upstream[0])?.id} would change first` };
    }
  },
});

/**
 * Only what the arguments give is printed, so that the output after a change can be foreseen. That a group is missing stands on
 * standard error, which is not compared: a batch may make the group and then the user. A password hash is compared on the host and never printed.
 */
function probe(args: Args): Sh {
  const elsewhere = `id -u "$me" >/dev/null 2>&1`;
  if (args.state === "absent") return Sh.lines(readPasswd(args.name, []), `if [ "$n" = "$me" ]; then echo present; elif ${elsewhere}; then echo elsewhere; else echo absent; fi`);
  const groups = args.groups ?? [];
  const fields = ([["u", args.uid], ["c", args.comment], ["h", args.home], ["s", args.shell]] as const).flatMap(([field, value]) => (value === undefined ? [] : [field]));
  const text = Sh.lines(
    args.passwordHash !== undefined && "IFS= read -r want || :",
    readPasswd(args.name, ["g", ...fields]),
    `if [ "$n" = "$me" ]; then echo present`,
    args.uid !== undefined && `echo "uid $u"`,
    args.home !== undefined && `printf 'home %s\\n' "$h"`,
    args.shell !== undefined && `printf 'shell %s\\n' "$s"`,
    args.comment !== undefined && `printf 'comment %s\\n' "$c"`,
    `else g=''; if ${elsewhere}; then echo elsewhere; else echo absent; fi; fi`,
    Sh.raw(memberships(args)),
    args.group === undefined && `if [ -z "$g" ]; then case $all in *" $me "*) echo own-group ;; esac; fi`,
    args.group !== undefined && `[ -z "$g" ] || echo "group ${NUMBER.test(args.group) ? "$g" : "$pri"}"`,
    args.groups !== undefined && sh`list=${` ${groups.join(" ")} `}`,
    groups.length > 0 && sh`for w in $list; do case $in in *" $w "*) echo "in $w" ;; *) case $all in *" $w "*) echo "out $w" ;; *) echo "out $w"; echo "missing $w" >&2 ;; esac ;; esac; done`,
    !args.append && sh`for w in $in; do case $list in *" $w "*) ;; *) [ "$w" = "$pri" ] || echo "extra $w" ;; esac; done`,
    (args.passwordHash !== undefined || args.locked !== undefined) && shadow(args),
  );
  return args.passwordHash === undefined ? text : text.stdin(now(args.passwordHash));
}

/** The user's groups in `$in`, all groups in `$all`, and where it is looked at the primary one's name in `$pri`. */
function memberships(args: Args): string {
  const primary = args.append && (args.group === undefined || NUMBER.test(args.group)) ? "" : "pri=$x ";
  return `in=' ' all=' '
while IFS=: read -r x _ i m; do
all="$all$x "
if [ "$i" = "$g" ]; then ${primary}in="$in$x "; else case ",$m," in *",$me,"*) in="$in$x " ;; esac; fi
done </etc/group`;
}

/** A hash behind exclamation marks is locked; nothing behind them means that there never was a password. */
function shadow(args: Args): Sh {
  return Sh.lines(
    `while IFS=: read -r x p _; do if [ "$x" = "$me" ]; then
b=$p
while :; do case $b in !*) b=\${b#!} ;; *) break ;; esac; done`,
    args.passwordHash !== undefined && `if [ "$b" = "$want" ]; then echo "password same"; else echo "password differs"; fi`,
    args.locked !== undefined && `case $p in '') echo "lock open" ;; !*) if [ -n "$b" ]; then echo "lock locked"; else echo "lock none"; fi ;; *) echo "lock unlocked" ;; esac`,
    `fi; done </etc/shadow`,
  );
}

const linesOf = ({ out, err }: Observed): Lines => new Lines({ out: out + err });

/** @param brought Groups that something earlier may make. */
function plan(args: Args, lines: Lines, brought: readonly string[]): Change | undefined {
  if (lines.has("elsewhere")) throw new PlanError(`the user ${args.name} comes from a directory service, not from /etc/passwd`, "manage it there");
  const present = lines.has("present");
  if (args.state === "absent") return present ? { summary: "remove", apply: sh`userdel ${args.removeHome ? ["-r"] : []} ${args.name}`, after: printed(["absent"]) } : undefined;
  const missing = lines.all("missing").filter((name) => !brought.includes(name));
  if (missing.length > 0) throw new PlanError(`there is no group ${missing.join(", ")}`, "declare a group resource, or the package that brings it, and name it in `needs`");
  const steps = [...(present ? modify(args, lines) : create(args, lines)), ...password(args, lines, present)];
  if (steps.length === 0) return undefined;
  return { summary: steps.map((step) => step.summary).filter((text) => text !== "").join(", "), apply: Sh.lines(...steps.map((step) => step.command)), after: after(args, lines, present) };
}

interface Step {
  readonly summary: string;
  readonly command: Sh;
}

function create(args: Args, lines: Lines): Step[] {
  // useradd refuses to make a group of the user's name when there is one.
  const group = args.group ?? (lines.has("own-group") ? args.name : undefined);
  const option = (flag: string, value: string | number | undefined) => (value === undefined ? [] : [flag, value]);
  const flags = [
    ...option("-u", args.uid),
    ...option("-g", group),
    ...option("-G", args.groups?.length ? args.groups.join(",") : undefined),
    ...option("-d", args.home),
    ...option("-s", args.shell),
    ...option("-c", args.comment),
    ...(args.system ? ["-r"] : []),
    args.createHome ?? !args.system ? "-m" : "-M",
  ];
  return [{ summary: "create", command: sh`useradd ${flags} ${args.name}` }];
}

function modify(args: Args, lines: Lines): Step[] {
  const differs = (name: "uid" | "group" | "home" | "shell" | "comment") => args[name] !== undefined && lines.get(name) !== String(args[name]);
  const change = (name: "uid" | "group" | "home" | "shell" | "comment", flags: readonly (string | number)[]): Step[] =>
    differs(name) ? [{ summary: `${name} ${lines.get(name) ?? ""} -> ${args[name]}`, command: sh`usermod ${flags} ${args.name}` }] : [];
  const out = lines.all("out");
  const extra = lines.all("extra");
  const membership = [...out.map((name) => `+${name}`), ...extra.map((name) => `-${name}`)].join(" ");
  const list = (args.groups ?? []).join(",");
  return [
    ...change("uid", ["-u", args.uid ?? 0]),
    ...change("group", ["-g", args.group ?? ""]),
    ...change("home", ["-d", args.home ?? "", ...(args.createHome === false ? [] : ["-m"])]),
    ...change("shell", ["-s", args.shell ?? ""]),
    ...change("comment", ["-c", args.comment ?? ""]),
    ...(membership === "" ? [] : [{ summary: `groups ${membership}`, command: sh`usermod ${args.append ? "-aG" : "-G"} ${args.append ? out.join(",") : list} ${args.name}` }]),
  ];
}

/** @throws PlanError for an account that cannot be unlocked because it never had a password. */
function password(args: Args, lines: Lines, present: boolean): Step[] {
  const steps: Step[] = [];
  const sets = args.passwordHash !== undefined && lines.get("password") !== "same";
  // The hash goes by standard input: every user can read argv.
  if (sets && args.passwordHash !== undefined) steps.push({ summary: present ? "password" : "", command: sh`IFS= read -r h || :
printf '%s:%s\\n' ${args.name} "$h" | chpasswd -e`.stdin(now(args.passwordHash)) });
  const lock = sets ? "unlocked" : present ? lines.get("lock") : "none";
  if (args.locked === false && lock === "none") throw new PlanError(`${args.name} cannot be unlocked: it has no password`, "give passwordHash");
  if (args.locked === true && (lock === "unlocked" || lock === "open")) steps.push({ summary: "lock", command: sh`usermod -L ${args.name}` });
  if (args.locked === false && lock === "locked") steps.push({ summary: "unlock", command: sh`usermod -U ${args.name}` });
  return steps;
}

function after(args: Args, lines: Lines, present: boolean): Observed {
  const hashed = args.passwordHash !== undefined;
  const before = present ? lines.get("lock") ?? "none" : "none";
  const lock = args.locked === true ? (hashed ? "locked" : { open: "none", unlocked: "locked" }[before] ?? before) : before === "open" && !hashed ? "open" : "unlocked";
  return printed([
    "present",
    args.uid !== undefined && `uid ${args.uid}`,
    args.home !== undefined && `home ${args.home}`,
    args.shell !== undefined && `shell ${args.shell}`,
    args.comment !== undefined && `comment ${args.comment}`,
    args.group !== undefined && `group ${args.group}`,
    ...(args.groups ?? []).map((name) => `in ${name}`),
    hashed && "password same",
    args.locked !== undefined && `lock ${lock}`,
  ]);
}
