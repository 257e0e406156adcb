import { Sh, sh } from "../shell/index.ts";
import { lockFunctions } from "./package-locks.ts";
import type { PackageArgs } from "./package-args.ts";

/** The first comment line of our policy-rc.d; by it a leftover of a crash is recognised. */
const POLICY_MARK = "# hawser: an install starts nothing that did not run before";

/** Nothing asks, and needrestart neither asks nor restarts: services are restarted by handlers. */
export const APT_ENVIRONMENT = "export DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none UCF_FORCE_CONFFOLD=1 NEEDRESTART_MODE=l NEEDRESTART_SUSPEND=1";

export interface AptWork {
  readonly verb: "install" | "remove" | "purge";
  /** Names, or `name=version`. */
  readonly items: readonly string[];
  readonly hold?: boolean | undefined;
  /** A hold is in the way. */
  readonly release?: boolean;
  readonly downgrade?: boolean;
  /** The lists must be fresh, or it is an error. */
  readonly latest?: boolean;
}

/** One apt-get for all items. */
export function aptCommand(args: PackageArgs, work: AptWork): Sh {
  const names = work.items.map((item) => item.split("=")[0] ?? item);
  const flags = [
    "-y",
    "-q",
    "-o Dpkg::Options::=--force-confold",
    "-o Dpkg::Options::=--force-confdef",
    `-o DPkg::Lock::Timeout=${args.lockTimeout}`,
    work.verb === "install" && !args.allowRemoval && "--no-remove",
    work.downgrade && "--allow-downgrades",
    work.release && "--allow-change-held-packages",
    args.recommends !== undefined && `-o APT::Install-Recommends=${args.recommends}`,
  ].filter((flag) => typeof flag === "string");
  return Sh.lines(
    lockFunctions("apt", args.lockTimeout),
    APT_ENVIRONMENT,
    "idle",
    work.verb === "install" ? freshLists(args, work) : !args.allowRemoval && onlyThese(work.verb, names),
    Sh.raw(POLICY),
    "idle",
    sh`apt-get ${Sh.raw(flags.join(" "))} ${work.verb} ${work.items}`,
    work.hold && sh`apt-mark -qq hold ${names}`,
    work.release && work.hold === false && sh`apt-mark -qq unhold ${names}`,
  );
}

/**
 * Fetches the lists when they are missing, old, or do not know what is wanted. The folder's time says when they were
 * fetched: the files in it carry the server's times. A failure is an error only where the newest version is asked for:
 * one dead repository does not keep the others' packages away.
 */
function freshLists(args: PackageArgs, work: AptWork): Sh {
  return Sh.lines(
    `fresh() { set -- /var/lib/apt/lists/*_Packages*; [ -e "$1" ] && [ -n "$(find /var/lib/apt/lists -maxdepth 0 -mmin -${Math.ceil(args.listsAge * 60)})" ]; }`,
    sh`if ! fresh || ! apt-get -s -q install ${work.items} >/dev/null 2>&1; then`,
    `if apt-get -q update; then touch /var/lib/apt/lists; else ${work.latest ? "exit 1" : "echo 'the package lists could not be refreshed' >&2"}; fi`,
    "fi",
  );
}

/** What a removal drags along may be what another resource declares. */
function onlyThese(verb: string, names: readonly string[]): Sh {
  return Sh.lines(
    sh`more='' these=${` ${names.map((name) => name.split(":")[0]).join(" ")} `}`,
    sh`for p in $(apt-get -s -q ${verb} ${names} | sed -n -e 's/^Remv \\([^ ]*\\) .*/\\1/p' -e 's/^Purg \\([^ ]*\\) .*/\\1/p'); do`,
    `case $these in *" \${p%%:*} "*) ;; *) more="$more $p" ;; esac
done
if [ -n "$more" ]; then echo "this would remove more:$more; declare them absent too, or set allowRemoval: true" >&2; exit 1; fi`,
  );
}

/**
 * Debian's maintainer scripts ask /usr/sbin/policy-rc.d before they start or restart a service. Ours allows it for what
 * was running, so that an upgrade leaves no old program behind, and for nothing else. An administrator's own is kept.
 */
const POLICY = `f=/usr/sbin/policy-rc.d
if ! [ -e "$f" ] || grep -qF '${POLICY_MARK}' "$f"; then
trap 'rm -f "$f"' EXIT
trap 'exit 1' HUP INT TERM
a=$(systemctl list-units --state=active,activating,reloading --plain --no-legend --no-pager 2>/dev/null | while read -r u _; do printf '%s ' "$u"; done)
printf '%s\\n' '#!/bin/sh' '${POLICY_MARK}. Removed when the install ends.' 'case $1 in --*) shift ;; esac' 'case $2 in *start*) ;; *) exit 0 ;; esac' "case ' $a' in *\\" \\$1 \\"* | *\\" \\$1.service \\"*) exit 0 ;; esac" 'exit 101' >"$f"
chmod 755 "$f"
fi`;
