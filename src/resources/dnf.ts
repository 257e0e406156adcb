import { Sh, sh } from "../shell/index.ts";
import { PlanError, type Change, type Observed } from "./contract.ts";
import type { Facts } from "./facts.ts";
import type { PackageArgs } from "./package-args.ts";
import { lockFunctions } from "./package-locks.ts";
import { compareRpm, matchesRpmPin, splitRpm } from "./versions.ts";

/** rpm's `epoch:version-release`, with 0 where a package has no epoch. */
const FULL = "%|EPOCH?{%{EPOCH}}:{0}|:%{VERSION}-%{RELEASE}";

interface Lock {
  readonly plugin: string;
  readonly list: string;
  /** How the plugin writes a package that is locked at its version, as a format of rpm. */
  readonly entry: string;
  readonly install: string;
}

function versionlock(manager: Facts["packageManager"]): Lock {
  return manager === "yum"
    ? { plugin: "/etc/yum/pluginconf.d/versionlock.conf", list: "/etc/yum/pluginconf.d/versionlock.list", entry: "%|EPOCH?{%{EPOCH}}:{0}|:%{NAME}-%{VERSION}-%{RELEASE}.*", install: "yum-plugin-versionlock" }
    : { plugin: "/etc/dnf/plugins/versionlock.conf", list: "/etc/dnf/plugins/versionlock.list", entry: "%{NAME}-%|EPOCH?{%{EPOCH}}:{0}|:%{VERSION}-%{RELEASE}.*", install: "python3-dnf-plugin-versionlock" };
}

const bare = (name: string): string => name.replace(/\.(?:x86_64|i[3-6]86|aarch64|noarch|ppc64le|s390x)$/, "");

/** A pattern of the shell for the entries of one package in the plugin's list. */
const entryPattern = (manager: Facts["packageManager"], name: string): Sh => (manager === "yum" ? sh`[0-9]*:${bare(name)}-[0-9]*` : sh`${bare(name)}-[0-9]*:*`);

/**
 * The function `q`: rpm -q that leaves no trace. Whoever may write to the database touches its files by reading it
 * (sqlite's -shm, Berkeley DB's __db.*), so root asks as nobody; should nobody not be able to read it, as root after all.
 */
const QUERY = `if [ -w /var/lib/rpm ] || [ -w /usr/lib/sysimage/rpm ]; then
q() {
o=$(chroot --userspec=65534:65534 / rpm -q "$@" 2>/dev/null) && c=0 || c=1
case $c$o in
0* | *'not installed'* | *'no package provides'*) ;;
*) o=$(rpm -q "$@" 2>/dev/null) && c=0 || c=1 ;;
esac
printf '%s\\n' "$o"
return $c
}
else
q() { rpm -q "$@" 2>/dev/null; }
fi`;

/** Words, so that the output after a change can be foreseen: `present`, `absent`, and where it matters versions and the lock. */
export function rpmProbe(args: PackageArgs, { packageManager }: Facts): Sh {
  const lock = versionlock(packageManager);
  const watched = args.hold !== undefined || args.version !== undefined;
  return Sh.lines(
    QUERY,
    sh`n=${args.name}`,
    args.version === undefined ? `if q "$n" >/dev/null; then echo present` : sh`if v=$(q --qf ${`version ${FULL}\\n`} "$n"); then printf 'present\\n%s\\n' "$v"`,
    args.state === "present" && args.version === undefined && `elif q --whatprovides "$n" >/dev/null; then echo present`,
    "else echo absent; fi",
    watched && Sh.lines(`if [ -e ${lock.plugin} ]; then`, `if [ -r ${lock.list} ]; then while read -r l; do`, sh`case $l in ${entryPattern(packageManager, args.name)}) echo held; break ;; esac`, `done <${lock.list}; fi`, "else echo no-versionlock; fi"),
  );
}

interface Seen {
  readonly present: boolean;
  readonly versions: readonly string[];
  readonly held: boolean;
  readonly canHold: boolean;
}

function parse(args: PackageArgs, seen: Observed): Seen {
  const [state, ...lines] = seen.out.trim().split("\n");
  if (state !== "present" && state !== "absent") throw new PlanError(`cannot look at the package ${args.name}: ${seen.err.trim() || "unexpected output"}`, "rpm must work on the host");
  return {
    present: state === "present",
    versions: lines.filter((line) => line.startsWith("version ")).map((line) => line.slice("version ".length)),
    held: lines.includes("held"),
    canHold: !lines.includes("no-versionlock"),
  };
}

/** @throws PlanError for what dnf and yum cannot do without writing, a lock in the way, or a downgrade that is not allowed. */
export function planRpm(args: PackageArgs, observed: Observed, facts: Facts): Change | undefined {
  if (args.state === "latest") throw new PlanError("which version is the latest cannot be looked up without writing dnf's caches and logs", "pin a version, or the beginning of one: `2.4.*`");
  const seen = parse(args, observed);
  const lock = versionlock(facts.packageManager);
  if (args.hold !== undefined && args.hold !== seen.held && !seen.canHold) throw new PlanError(`${args.name} cannot be held: ${facts.packageManager} has no versionlock plugin`, `install ${lock.install} first, and name it in \`needs\``);
  if (args.state === "absent") return seen.present ? planAbsent(args, facts) : undefined;
  const right = args.version === undefined || seen.versions.some((version) => matchesRpmPin(version, args.version ?? ""));
  return seen.present && right ? planHold(args, seen, facts) : planInstall(args, seen, facts);
}

function planAbsent(args: PackageArgs, facts: Facts): Change {
  const apply = (names: readonly string[]) =>
    Sh.lines(
      lockFunctions("rpm", args.lockTimeout),
      "idle",
      // rpm names what else needs them; dnf and yum would take that away too, without a word.
      !args.allowRemoval && sh`rpm -e --test ${names} || { echo "this would remove more: declare it absent too, or set allowRemoval: true" >&2; exit 1; }`,
      sh`${facts.packageManager} -y -q --setopt=clean_requirements_on_remove=False remove ${names}`,
    );
  return { summary: "remove", apply: apply([args.name]), merge: { key: `rpm remove ${args.allowRemoval} ${args.lockTimeout}`, item: args.name, apply }, ...(args.hold === undefined && { after: printed("absent") }) };
}

function planInstall(args: PackageArgs, seen: Seen, facts: Facts): Change {
  const [installed] = seen.versions;
  if (seen.present && seen.held && args.hold === undefined) throw new PlanError(`${args.name} is held at ${installed}`, "say in the resource whether it stays held: hold: true, or hold: false");
  const downgrade = args.version !== undefined && installed !== undefined && compareRpm(installed, args.version.replace(/[.*]+$/, "")) > 0;
  if (downgrade && !args.allowDowngrade) throw new PlanError(`${args.name} ${installed} is newer than ${args.version}`, "set allowDowngrade: true to go back");
  const { packageManager } = facts;
  const hold = args.hold ?? false;
  const apply = (names: readonly string[]) => {
    const plain = names.map((name) => name.split(" ")[0] ?? name);
    return Sh.lines(
      lockFunctions("rpm", args.lockTimeout),
      "idle",
      ...(seen.held ? plain.map((name) => unlock(packageManager, name)) : []),
      sh`${packageManager} -y -q ${Sh.raw(flags(args, packageManager))} ${downgrade ? "downgrade" : "install"} ${names.map((name) => specOf(packageManager, name))}`,
      ...(hold ? plain.map((name) => lockAt(packageManager, name)) : []),
    );
  };
  const item = args.version === undefined ? args.name : `${args.name} ${args.version}`;
  const exact = /^\d+:.+-[^-*]+$/.test(args.version ?? "");
  const after = args.version === undefined ? (args.hold === undefined ? printed("present") : undefined) : exact ? printed("present", `version ${args.version}`, ...(seen.canHold ? (hold ? ["held"] : []) : ["no-versionlock"])) : undefined;
  const summary = installed === undefined ? `install${args.version === undefined ? "" : ` ${args.version}`}` : `${downgrade ? "downgrade" : "upgrade"} ${installed} -> ${args.version}`;
  return { summary, apply: apply([item]), merge: { key: `rpm install ${hold} ${seen.held} ${downgrade} ${args.recommends} ${args.allowRemoval} ${args.lockTimeout}`, item, apply }, ...(after && { after }) };
}

/** yum would pass over a missing name in silence; dnf allows nothing to be removed unless it is told so. */
function flags(args: PackageArgs, manager: Facts["packageManager"]): string {
  if (manager === "yum") return "--setopt=skip_missing_names_on_install=False";
  return [args.recommends !== undefined && `--setopt=install_weak_deps=${args.recommends ? "True" : "False"}`, args.allowRemoval && "--allowerasing"].filter((flag) => typeof flag === "string").join(" ");
}

/** `name version` as the tool wants it: dnf puts an epoch before the version, yum before the name, and only with a release. */
function specOf(manager: Facts["packageManager"], item: string): string {
  const [name = "", version] = item.split(" ");
  if (version === undefined) return name;
  if (manager === "dnf" || !version.includes(":")) return `${name}-${version}`;
  const { epoch, version: upstream, release } = splitRpm(version);
  return release === "" ? `${name}-${upstream}` : `${epoch}:${name}-${upstream}-${release}`;
}

function planHold(args: PackageArgs, seen: Seen, { packageManager }: Facts): Change | undefined {
  if (args.hold === undefined || args.hold === seen.held) return undefined;
  const lines = ["present", ...seen.versions.map((version) => `version ${version}`), ...(args.hold ? ["held"] : [])];
  return { summary: args.hold ? "hold" : "unhold", apply: args.hold ? lockAt(packageManager, args.name) : unlock(packageManager, args.name), after: printed(...lines) };
}

function lockAt(manager: Facts["packageManager"], name: string): Sh {
  const { list, entry } = versionlock(manager);
  return Sh.lines(unlock(manager, name), sh`rpm -q --qf ${`${entry}\\n`} ${name} >>${list}`);
}

/** The plugin's list is rewritten without the package, in place: it keeps its mode and label. */
function unlock(manager: Facts["packageManager"], name: string): Sh {
  const { list } = versionlock(manager);
  return Sh.lines(
    sh`if [ -s ${list} ]; then
k=$(while IFS= read -r l; do case $l in ${entryPattern(manager, name)}) ;; *) printf '%s\\n' "$l" ;; esac; done <${list})
printf '%s\\n' "$k" >${list}
fi`,
  );
}

function printed(...lines: readonly string[]): Observed {
  return { out: lines.map((line) => `${line}\n`).join(""), err: "", code: 0 };
}
