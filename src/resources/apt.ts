import { Sh, sh } from "../shell/index.ts";
import { aptCommand } from "./apt-commands.ts";
import { PlanError, type Change, type Observed } from "./contract.ts";
import type { PackageArgs } from "./package-args.ts";
import { compareDebian, matchesPin } from "./versions.ts";

/** An empty name keeps apt-cache from writing its caches. */
const NO_CACHE = "-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=";

/** Debian's names of what the kernel calls its machine, where they differ. Of several installed architectures the host's own counts. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64", armv7l: "armhf", i686: "i386", ppc64le: "ppc64el" };

/**
 * Prints words rather than what dpkg says, so that the output after a change can be foreseen: `present`, `absent`,
 * `leftovers` or `broken`, and where it matters the version, the candidate and the age of the lists.
 *
 * A package that is not there costs no fork: dpkg keeps a list of files for every other one. That list is also there
 * after a removal without purge, and what is `present` is asked of dpkg itself.
 */
export function aptProbe(args: PackageArgs, machine: string): Sh {
  const [plain = ""] = args.name.split(":");
  const absent = args.state === "absent";
  const watched = args.hold !== undefined || args.version !== undefined || args.state === "latest";
  return Sh.lines(
    sh`n=${args.name} b=${plain}`,
    Sh.raw(`r='' i=/var/lib/dpkg/info
for f in "$i/$n.list" "$i/$b.list" "$i/$b":*.list; do if [ -e "$f" ]; then r=$(dpkg-query -W -f='|\${Architecture}|\${db:Status-Abbrev}|\${Version}|' "$n" 2>/dev/null); break; fi; done
case $r in *"|${ARCHITECTURES[machine] ?? machine}|"*) r=\${r#*"|${ARCHITECTURES[machine] ?? machine}|"} ;; *) r=\${r#"|"*"|"} ;; esac
s=\${r%%"|"*} v=\${r#*"|"} v=\${v%%"|"*}
case $s in
?i*) echo present ;;
'' | ?n*) ${absent ? "echo absent" : "s="} ;;
?c*) ${absent ? `echo ${args.purge ? "leftovers" : "absent"}` : "s="} ;;
*) echo "broken $s" ;;
esac`),
    !absent && Sh.raw(provided()),
    args.version !== undefined && `if [ -n "$s" ]; then echo "version $v"; fi`,
    watched && "case $s in h*) echo held ;; esac",
    args.state === "latest" && Sh.raw(latest(args.listsAge)),
    Sh.raw(`for f in /var/lib/dpkg/updates/[0-9]*; do if [ -e "$f" ]; then
k=$(stat -c %i /var/lib/dpkg/lock)
if grep -q ":$k " /proc/locks 2>/dev/null; then echo busy; else echo interrupted; fi
break
fi; done`),
  );
}

/** A name that no archive has a package of is a virtual one, and present when something installed provides it. */
function provided(): string {
  return `if [ -z "$s" ]; then
if dpkg-query -W -f='\${db:Status-Abbrev}, \${Provides},\\n' | grep -q "^.i.*, \${b}[ ,]"; then
case $(apt-cache ${NO_CACHE} policy "$n") in '' | *'Candidate: (none)'*) echo present ;; *) echo absent ;; esac
else echo absent; fi
fi`;
}

function latest(hours: number): string {
  return `apt-cache ${NO_CACHE} policy "$n" | sed -n 's/^  Installed: /version /p; s/^  Candidate: /candidate /p'
[ -n "$(find /var/lib/apt/lists -maxdepth 0 -mmin -${Math.ceil(hours * 60)} 2>/dev/null)" ] || echo old-lists`;
}

interface Seen {
  readonly state: "present" | "absent" | "leftovers" | "broken";
  readonly detail: string;
  readonly version: string;
  readonly candidate: string;
  readonly held: boolean;
  readonly oldLists: boolean;
  readonly interrupted: boolean;
}

function parse(args: PackageArgs, seen: Observed): Seen {
  const lines = seen.out.split("\n");
  const [state = "", ...detail] = (lines[0] ?? "").split(" ");
  const after = (word: string) => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? "";
  if (!["present", "absent", "leftovers", "broken"].includes(state)) throw new PlanError(`cannot look at the package ${args.name}: ${seen.err.trim() || "unexpected output"}`, "dpkg-query must work on the host");
  return {
    state: state as Seen["state"],
    detail: detail.join(" ").trim(),
    version: after("version"),
    candidate: after("candidate"),
    held: lines.includes("held"),
    oldLists: lines.includes("old-lists"),
    interrupted: lines.includes("interrupted"),
  };
}

const REPAIR = "run `dpkg --configure -a` on the host, and see why it was interrupted";

/** @throws PlanError when dpkg was interrupted, a hold is in the way, or a downgrade is not allowed. */
export function planApt(args: PackageArgs, observed: Observed): Change | undefined {
  const seen = parse(args, observed);
  if (seen.state === "broken") throw new PlanError(`the package ${args.name} is half installed (${seen.detail})`, REPAIR);
  const change = args.state === "absent" ? planAbsent(args, seen) : planPresent(args, seen);
  if (change && seen.interrupted) throw new PlanError("dpkg was interrupted in the middle of its work", REPAIR);
  return change;
}

function planAbsent(args: PackageArgs, seen: Seen): Change | undefined {
  if (seen.state === "absent") return undefined;
  const merge = { key: `apt remove ${args.purge} ${args.allowRemoval} ${args.lockTimeout}`, item: args.name, apply: (names: readonly string[]) => aptCommand(args, { verb: args.purge ? "purge" : "remove", items: names }) };
  return { summary: seen.state === "leftovers" ? "purge configuration" : args.purge ? "purge" : "remove", apply: merge.apply([args.name]), merge, after: printed("absent") };
}

function planPresent(args: PackageArgs, seen: Seen): Change | undefined {
  const wrong = wrongVersion(args, seen);
  if (seen.state === "present" && !wrong) return planHold(args, seen);
  if (seen.held && args.hold === undefined) throw new PlanError(`${args.name} is held at ${seen.version}`, "say in the resource whether it stays held: hold: true, or hold: false");
  const downgrade = args.version !== undefined && seen.version !== "" && compareDebian(seen.version, args.version.replace(/\*$/, "")) > 0;
  if (downgrade && !args.allowDowngrade) throw new PlanError(`${args.name} ${seen.version} is newer than ${args.version}`, "set allowDowngrade: true to go back");
  const hold = args.hold ?? false;
  // Every flag of the command is in the key: only equal ones become one command.
  const key = `apt install ${hold} ${seen.held} ${downgrade} ${args.allowRemoval} ${args.recommends} ${args.listsAge} ${args.lockTimeout} ${args.state}`;
  const item = args.version === undefined ? args.name : `${args.name}=${args.version}`;
  const apply = (items: readonly string[]) => aptCommand(args, { verb: "install", items, hold, release: seen.held, downgrade, latest: args.state === "latest" });
  const exact = args.version !== undefined && !args.version.endsWith("*");
  const known = args.state === "present" && (args.version === undefined || exact);
  const lines = ["present", ...(exact ? [`version ${args.version}`] : []), ...(hold ? ["held"] : [])];
  return { summary: describe(args, seen, downgrade), apply: apply([item]), merge: { key, item, apply }, ...(known && { after: printed(...lines) }) };
}

function wrongVersion(args: PackageArgs, seen: Seen): boolean {
  if (args.version !== undefined) return !matchesPin(seen.version, args.version);
  return args.state === "latest" && (seen.oldLists || (seen.candidate !== "(none)" && seen.version !== seen.candidate));
}

function describe(args: PackageArgs, seen: Seen, downgrade: boolean): string {
  const target = args.version ?? "";
  if (seen.state !== "present") return `install${target === "" ? "" : ` ${target}`}`;
  if (args.version !== undefined) return `${downgrade ? "downgrade" : "upgrade"} ${seen.version} -> ${target}`;
  if (seen.oldLists) return `refresh the package lists, older than ${args.listsAge} h, and upgrade if they have a newer one`;
  return `upgrade ${seen.version} -> ${seen.candidate}`;
}

function planHold(args: PackageArgs, seen: Seen): Change | undefined {
  if (args.hold === undefined || args.hold === seen.held) return undefined;
  const verb = args.hold ? "hold" : "unhold";
  const apply = (names: readonly string[]) => sh`apt-mark -qq ${verb} ${names}`;
  const lines = ["present", ...(args.version === undefined ? [] : [`version ${seen.version}`]), ...(args.hold ? ["held"] : [])];
  return { summary: verb, apply: apply([args.name]), merge: { key: `apt ${verb}`, item: args.name, apply }, ...(args.state === "present" && { after: printed(...lines) }) };
}

function printed(...lines: readonly string[]): Observed {
  return { out: lines.map((line) => `${line}\n`).join(""), err: "", code: 0 };
}
