import { Sh } from "../shell/index.ts";

/** Lock files that package managers hold by fcntl; whoever has one stands in /proc/locks. */
const LOCKS = {
  apt: "/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock",
  rpm: "/var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock",
};

/** Files in which yum and dnf write their process id while they work. */
const PID_FILES = "/run/yum.pid /var/cache/dnf/*.pid /var/lib/dnf/*.pid";

/**
 * Shell functions `busy`, which prints who holds a lock, and `idle`, which waits until nobody does and then fails with
 * the holder's name. apt itself waits for dpkg's lock only (since 1.9.11), and never for the one on the lists; yum and
 * dnf wait without an end.
 */
export function lockFunctions(system: "apt" | "rpm", timeout: number): Sh {
  return Sh.raw(`busy() {
stat -c '%i %n' ${LOCKS[system]} 2>/dev/null | while read -r li lf; do
while read -r _ _ _ _ lp ld _; do case $ld in *:"$li") who "$lp" "$lf" ;; esac; done </proc/locks
done${system === "rpm" ? `\nfor lf in ${PID_FILES}; do if [ -r "$lf" ] && read -r lp <"$lf" && [ -d "/proc/$lp" ]; then who "$lp" "$lf"; fi; done` : ""}
}
who() { lc=; if [ -r "/proc/$1/comm" ]; then read -r lc <"/proc/$1/comm"; fi; echo "\${lc:-a process} (pid $1) holds $2"; }
idle() {
waited=0
while lb=$(busy) && [ -n "$lb" ]; do
if [ "$waited" -eq 0 ]; then echo "waiting: $lb"; fi
if [ "$waited" -ge ${timeout} ]; then echo "another package manager is still at work after ${timeout} s: $lb" >&2; exit 1; fi
waited=$((waited + 2))
sleep 2
done
}`);
}
