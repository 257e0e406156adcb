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
stat -c '%i %n' ${LOCKS[system]} 2>/dev/null | while read -r i f; do
while read -r _ _ _ _ p d _; do case $d in *:"$i") who "$p" "$f" ;; esac; done </proc/locks
done${system === "rpm" ? `\nfor f in ${PID_FILES}; do if [ -r "$f" ] && read -r p <"$f" && [ -d "/proc/$p" ]; then who "$p" "$f"; fi; done` : ""}
}
who() { c=; if [ -r "/proc/$1/comm" ]; then read -r c <"/proc/$1/comm"; fi; echo "\${c:-a process} (pid $1) holds $2"; }
idle() {
t=0
while b=$(busy) && [ -n "$b" ]; do
if [ "$t" -eq 0 ]; then echo "waiting: $b"; fi
if [ "$t" -ge ${timeout} ]; then echo "another package manager is still at work after ${timeout} s: $b" >&2; exit 1; fi
t=$((t + 2))
sleep 2
done
}`);
}
