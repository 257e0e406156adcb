import { iptablesRules, nftRules, TABLE, type Drop, type Hook, type Rule } from "./firewall.ts";

/** On tmpfs: after a reboot there is neither a rule nor a trace. */
const FOLDER = "/run/hawser/drill";
const HEAL = `${FOLDER}/heal.sh`;
const UNIT = "hawser-drill-heal";
const HOOKS: readonly Hook[] = ["INPUT", "OUTPUT", "FORWARD"];
const PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C; export PATH LC_ALL";

/** Shell text that takes a drill's rules away, whoever made them and however far that got; fails when one is left. */
export const HEAL_SCRIPT = `${PATH}
nft delete table inet ${TABLE} 2>/dev/null
for c in iptables iptables-legacy ip6tables ip6tables-legacy; do
command -v "$c" >/dev/null || continue
for h in ${HOOKS.join(" ")}; do
while "$c" -w -D "$h" -j ${TABLE}_"$h" 2>/dev/null; do :; done
"$c" -w -F ${TABLE}_"$h" 2>/dev/null && "$c" -w -X ${TABLE}_"$h"
done
if "$c" -w -S 2>/dev/null | grep -q ${TABLE}; then exit 1; fi
done
! nft list table inet ${TABLE} >/dev/null 2>&1
`;

/** The controller's address and sshd's port; sudo hides them from its command, and not from its ancestors. */
const FIND_CLIENT = `ssh=\${SSH_CONNECTION:-} p=$$
while [ -z "$ssh" ] && [ "$p" -gt 1 ]; do
ssh=$(tr '\\0' '\\n' <"/proc/$p/environ" | sed -n 's/^SSH_CONNECTION=//p') || ssh=
read -r s <"/proc/$p/stat"; s=\${s##*) }; set -- $s; p=$2
done
if [ -z "$ssh" ]; then echo 'no process here knows the connection of the controller, which must not be cut' >&2; exit 1; fi
set -- $ssh; client=$1 port=$4 family=ip
case $client in *:*) family=ip6 ;; esac`;

/** Lets a timer go: the drill's own, or one of an earlier drill, which would heal this one too soon. */
const LET_GO = `systemctl stop ${UNIT}.timer 2>/dev/null || :
systemctl reset-failed ${UNIT}.service 2>/dev/null || :
if [ -e ${FOLDER}/pid ]; then kill -- "-$(cat ${FOLDER}/pid)" 2>/dev/null || :; rm -f ${FOLDER}/pid; fi`;

/** Whatever becomes of the controller and its connection, the host heals itself. It is known to wait before anything is broken. */
const deadMan = (seconds: number): string => `${LET_GO}
if command -v systemd-run >/dev/null && systemd-run --quiet --unit=${UNIT} --on-active=${seconds} --timer-property=AccuracySec=1s /bin/sh ${HEAL} 2>/dev/null && systemctl is-active --quiet ${UNIT}.timer; then :
else
setsid sh -c 'sleep ${seconds}; sh ${HEAL}' </dev/null >/dev/null 2>&1 &
echo $! >${FOLDER}/pid
sleep 0.2 2>/dev/null || sleep 1
kill -0 "$(cat ${FOLDER}/pid)"
fi`;

/**
 * Shell text that drops what shall be dropped. First the host gets what heals it, and a timer that does so after `seconds`.
 * Prints /proc/uptime where it begins and right before the rules take effect.
 */
export function makeScript(drop: Drop, seconds: number): string {
  const rules = iptablesRules(drop);
  return `set -eu
read -r began _ </proc/uptime; echo "$began"
${PATH}
umask 077
${drop.kind === "isolate" ? `${FIND_CLIENT}\n` : ""}mkdir -p ${FOLDER}
cat >${HEAL} <<'HEAL'
${HEAL_SCRIPT}HEAL
sh ${HEAL}
${deadMan(seconds)}
now() { read -r u _ </proc/uptime; echo "$u"; }
if nft list tables >/dev/null 2>&1 && nft -c -f - >/dev/null 2>&1 <<NFT
${nftRules(drop)}NFT
then now; nft -f - <<NFT
${nftRules(drop)}NFT
else
# Where nftables does not work, its iptables lists rules and can make none.
working() { for c in "$1-legacy" "$1"; do if command -v "$c" >/dev/null && "$c" -w -nL INPUT >/dev/null 2>&1; then echo "$c"; return; fi; done; }
v4=$(working iptables) v6=$(working ip6tables)
if [ -z "$v4" ]; then echo 'neither nft nor iptables works here' >&2; exit 1; fi
for c in $v4 $v6; do
for h in ${HOOKS.join(" ")}; do "$c" -w -N ${TABLE}_"$h"; done
done
${rules.map(appended).join("\n")}
now
for c in $v4 $v6; do
for h in ${HOOKS.join(" ")}; do "$c" -w -I "$h" 1 -j ${TABLE}_"$h"; done
done
fi`;
}

function appended({ hook, rule, family }: Rule): string {
  const append = (command: string): string => `${command} -w -A ${TABLE}_${hook} ${rule}`;
  if (family === "ip") return append('"$v4"');
  const six = `if [ -n "$v6" ]; then ${append('"$v6"')}; fi`;
  return family === "both" ? `${append('"$v4"')}; ${six}` : `if [ $family = ip ]; then ${append('"$v4"')}; el${six}`;
}

/** Shell text that heals now and lets the timer go, in this order: one that fails leaves the timer to try again. */
export const UNMAKE_SCRIPT = `set -eu
${PATH}
if [ -e ${HEAL} ]; then sh ${HEAL}; fi
${LET_GO}
rm -rf ${FOLDER}`;

/** Shell text that prints the host's own IPv4 addresses, one a line. */
export const ADDRESSES_SCRIPT = `while read -r a b c _; do case $a in '|--') leaf=$b ;; /32) case "$b $c" in 'host LOCAL') case $leaf in 127.*) ;; *) echo "$leaf" ;; esac ;; esac ;; esac; done </proc/net/fib_trie`;
