import { UNITS } from "./unit.ts";

/** All rules, one a line: `position name tool text`, sorted, so that the file's order is the rules' order. */
export const RULES = "/etc/hawser/firewall.rules";
export const LOADER = "/etc/hawser/firewall-load";
export const UNIT = "hawser-firewall.service";
/** Is there when the unit is enabled. */
export const ENABLED = `${UNITS}/multi-user.target.wants/${UNIT}`;

/** What was loaded, and how the tools listed it right after: by this it is seen that somebody flushed or changed it. */
export const LOADED = "/run/hawser-firewall.loaded";

/** For the loader and the look. `$f` is the file of rules, `$t` a tool. */
export const FUNCTIONS = `own() { sed -n "s/^[^ ]* [^ ]* $1 //p" "$f"; }
tool() {
if [ "$1" = 4 ]; then t=iptables; elif [ -e /proc/net/if_inet6 ]; then t=ip6tables; else return 1; fi
if command -v "$t-legacy" >/dev/null 2>&1; then t=$t-legacy; fi
command -v "$t" >/dev/null 2>&1
}
loaded() {
sed -n '/^[^ ]* [^ ]* nft /p; /^[^ ]* [^ ]* ipt /p' "$f"
if [ -n "$(own nft)" ]; then nft -s list table inet hawser 2>/dev/null || :; fi
for v in 4 6; do
if [ -n "$(own "ipt $v")" ] && tool "$v"; then "$t" -w -S 2>/dev/null | grep HAWSER- || :; fi
done
}`;

/**
 * The table and the chains are hawser's own, accept what no rule decides, and leave all else on the host alone. nft and
 * iptables-restore take the whole or nothing, and every part is tried before the first one is loaded.
 */
export const LOADER_TEXT = `# Managed by hawser: loads the rules of ${RULES}, or of the file that it is given.
set -eu
umask 077
f=\${1:-${RULES}} s=${LOADED}
if ! [ -e "$f" ]; then f=/dev/null; fi
${FUNCTIONS}
# The table is made before it is deleted, for it may not be there.
nft_text() {
printf 'table inet hawser\\ndelete table inet hawser\\n'
if [ -z "$(own nft)" ]; then return; fi
echo 'table inet hawser {'
for c in input forward output; do
printf 'chain %s {\\ntype filter hook %s priority -10; policy accept;\\n' "$c" "$c"
own "nft $c"
echo '}'
done
echo '}'
}
# Naming a chain of ours makes or empties it.
ipt_text() {
echo '*filter'
for c in INPUT FORWARD OUTPUT; do echo ":HAWSER-$c - [0:0]"; done
"$t" -w -S | sed -n 's/^-A \\(.* -j HAWSER-.*\\)$/-D \\1/p'
for c in INPUT FORWARD OUTPUT; do
if [ -n "$(own "ipt $v")" ]; then echo "-I $c -j HAWSER-$c"; else echo "-X HAWSER-$c"; fi
done
own "ipt $v"
echo COMMIT
}
load() {
if [ -n "$(own nft)" ] || grep -qs '^table inet hawser' "$s"; then nft_text | nft \${1:+-c} -f -; fi
for v in 4 6; do
# Without rules for it, iptables is not even asked: that alone would make tables in the kernel.
if [ -z "$(own "ipt $v")" ] && ! grep -qs HAWSER- "$s"; then continue; fi
if ! tool "$v"; then continue; fi
w=''
case $("$t-restore" --help 2>&1) in *wait*) w=-w ;; esac
# Asked for first: iptables-restore holds the lock while it reads.
x=$(ipt_text)
printf '%s\\n' "$x" | "$t-restore" \${w:+"$w"} --noflush \${1:+--test}
done
}
load test
load ''
loaded >"$s.new"
mv -f "$s.new" "$s"
`;

/**
 * Others flush everything when they start, restart or reload: ours is loaded again with them. SELinux lets systemd run
 * nothing from /etc, hence the sh.
 */
export const UNIT_TEXT = `# Managed by hawser
[Unit]
Description=Firewall rules of hawser
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
After=local-fs.target systemd-modules-load.service nftables.service iptables.service ip6tables.service netfilter-persistent.service firewalld.service ufw.service
PartOf=nftables.service iptables.service ip6tables.service netfilter-persistent.service
ReloadPropagatedFrom=nftables.service iptables.service ip6tables.service netfilter-persistent.service
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh ${LOADER}
ExecReload=/bin/sh ${LOADER}

[Install]
WantedBy=multi-user.target nftables.service iptables.service ip6tables.service netfilter-persistent.service
`;
