import { z } from "zod";
import { quote, Sh, sh } from "../shell/index.ts";
import { mode, owner, path } from "./args.ts";
import { changeAttributes, describeAttributes, exactMode, relabel, type Attributes, type WantedAttributes } from "./attributes.ts";
import { defineResource, PlanError, type Change, type Observed } from "./contract.ts";
import type { Facts } from "./facts.ts";

const NEW_FOLDER: Attributes = { mode: "0755", owner: "root", group: "root" };

/** Folders of the system below the top level; every top-level folder is refused too. */
const SYSTEM_FOLDERS = new Set(["bin", "include", "lib", "lib32", "lib64", "libexec", "local", "sbin", "share", "src"].map((name) => `/usr/${name}`).concat(["cache", "lib", "log", "mail", "run", "spool", "tmp"].map((name) => `/var/${name}`)));

function isSystemFolder(folder: string): boolean {
  return folder.lastIndexOf("/") === 0 || SYSTEM_FOLDERS.has(folder);
}

interface Args {
  readonly path: string;
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  readonly recurse: boolean;
}

/** Prints what is at a path, through symlinks, with names and with numbers; and for `recurse` whether something below differs. */
function look(args: Args): Sh {
  const below = args.recurse && differsBelow(args);
  return Sh.lines(
    sh`p=${args.path}`,
    Sh.raw(`if [ -d "$p" ]; then
printf 'directory '; stat -Lc %a:%U:%G:%u:%g "$p" || exit`),
    below && Sh.lines(`if [ -z "$(`, below, `)" ]; then echo same; else echo differs; fi`),
    Sh.raw(`elif [ -e "$p" ] || [ -L "$p" ]; then echo other
else echo absent; fi`),
  );
}

/** Something is printed when anything below has another owner or group; an owner who is not there yet counts as another. */
function differsBelow({ owner, group }: Args): Sh {
  const tests = [owner !== undefined && `! -user ${quote(owner)}`, group !== undefined && `! -group ${quote(group)}`].filter((test) => test !== false);
  return Sh.raw(`find "$p/." \\( ${tests.join(" -o ")} \\) -print 2>&1 | head -n 1`);
}

interface Found extends Attributes {
  readonly kind: "directory" | "other" | "absent";
  readonly differsBelow: boolean;
}

function parse(seen: Observed, wanted: WantedAttributes, path: string): Found {
  const found = /^(?<kind>directory|other|absent)(?: (?<mode>\d+):(?<owner>[^:\n]+):(?<group>[^:\n]+):(?<uid>\d+):(?<gid>\d+))?\n(?<below>same\n|differs\n)?$/.exec(seen.out)?.groups;
  if (seen.code !== 0 || found === undefined) throw new PlanError(`cannot look at ${path}: ${seen.err.trim() || seen.out.trim()}`, "stat and find must be there, and the folder readable");
  const { mode = "0", owner = "", group = "", uid = "", gid = "" } = found;
  return {
    kind: found["kind"] as Found["kind"],
    mode: mode.padStart(4, "0"),
    owner: nameOrId(owner, uid, wanted.owner),
    group: nameOrId(group, gid, wanted.group),
    differsBelow: found["below"] === "differs\n",
  };
}

/** The id stands for the name where the host has no name, and where the arguments give a number. */
function nameOrId(name: string, id: string, wanted: string | undefined): string {
  return name === "UNKNOWN" || /^\d+$/.test(wanted ?? "") ? id : name;
}

export const directory = defineResource({
  kind: "directory",
  summary: "A folder with this mode and owner, or none.",
  args: z
    .strictObject({
      path,
      /** Default: an existing folder keeps its mode, a new one gets "0755". */
      mode: mode.optional(),
      /** Default: kept; a new folder belongs to the user who works on the host. */
      owner: owner.optional(),
      group: owner.optional(),
      state: z.enum(["present", "absent"]).default("present"),
      /** Owner and group hold for everything below, too. Modes below are left alone. */
      recurse: z.boolean().default(false),
      /** Makes missing folders above, with mode 0755. */
      parents: z.boolean().default(false),
      /** With state absent: removes what is inside as well. */
      force: z.boolean().default(false),
    })
    .check(({ value, issues }) => {
      const complain = (message: string) => void issues.push({ code: "custom", message, input: value });
      if (value.recurse && value.owner === undefined && value.group === undefined) complain("recurse needs an owner or a group");
      if (value.force && value.state === "present") complain("force is for state absent");
      if (value.state === "absent" && (value.mode ?? value.owner ?? value.group) !== undefined) complain("state absent takes no mode, owner or group");
      if (value.state === "absent" && isSystemFolder(value.path)) complain(`${value.path} belongs to the system and is never removed`);
    }),
  key: (args) => args.path,
  claims: (args) => [{ target: `file:${args.path}` }],
  probe: look,
  plan(args, seen, { facts }): Change | undefined {
    const found = parse(seen, args, args.path);
    if (found.kind === "other") throw new PlanError(`${args.path} is there and is no folder`, "remove it first with a file or symlink resource of state absent");
    if (args.state === "absent") return found.kind === "absent" ? undefined : removal(args.path, args.force);
    const base = found.kind === "absent" ? NEW_FOLDER : found;
    const to: Attributes = { mode: args.mode ?? base.mode, owner: args.owner ?? base.owner, group: args.group ?? base.group };
    if (found.kind === "absent") return creation(args, to, facts);
    const differences = describeAttributes(found, to);
    if (differences.length === 0 && !found.differsBelow) return undefined;
    return {
      summary: [...differences, ...(found.differsBelow ? ["owner below"] : [])].join(", "),
      apply: Sh.lines(found.differsBelow && ownBelow(args), changeAttributes(args.path, found, to)),
    };
  },
});

function creation(args: z.output<typeof directory.args>, to: Attributes, facts: Facts): Change {
  const parent = args.path.slice(0, args.path.lastIndexOf("/")) || "/";
  const owned = args.owner !== undefined || args.group !== undefined;
  return {
    summary: "create",
    apply: Sh.lines(
      args.parents ? sh`(umask 022; mkdir -p ${parent})` : sh`[ -d ${parent} ] || { echo ${`the folder ${parent} does not exist; parents: true makes it`} >&2; exit 1; }`,
      // Under umask 077: closed until its owner is right.
      sh`mkdir ${args.path}`,
      owned && sh`chown ${`${args.owner ?? ""}${args.group === undefined ? "" : `:${args.group}`}`} ${args.path}`,
      sh`chmod ${exactMode(to.mode)} ${args.path}`,
      relabel(sh`${args.path}`, facts),
    ),
  };
}

/** -h: the owner of a symlink, never of what it points at. */
function ownBelow({ path, owner = "", group }: Args): Sh {
  return sh`chown -Rh ${group === undefined ? owner : `${owner}:${group}`} ${path}/.`;
}

function removal(folder: string, force: boolean): Change {
  if (!force) return { summary: "remove", apply: sh`rmdir ${folder}`, after: { out: "absent\n", err: "", code: 0 } };
  const mountsBelow = sh`grep -qF ${` ${folder.replaceAll("\\", "\\134").replaceAll(" ", "\\040")}/`} /proc/self/mountinfo`;
  return {
    summary: "remove with everything inside",
    // rm goes into what is mounted below, and only GNU's can be told not to.
    apply: Sh.lines(sh`if ${mountsBelow}; then echo ${`something is mounted below ${folder}: unmount it first`} >&2; exit 1; fi`, sh`rm -rf ${folder}`),
    after: { out: "absent\n", err: "", code: 0 },
  };
}
