import { ENABLED, FUNCTIONS, LOADED, RULES } from "./firewall-loader.ts";

/** Says what is wrong with one rule, and nothing when it is at work. A file on the host, as it is long. */
export const WATCHER = "/etc/hawser/firewall-look";

/** By D-Bus, as firewall-cmd takes half a second each time. `$c` is the default zone's object. */
const FIREWALLD = `ask() {
o=$1 i=$2
shift 2
case $(busctl -- call org.fedoraproject.FirewallD1 "/org/fedoraproject/FirewallD1$o" "org.fedoraproject.FirewallD1$i" "$@" 2>/dev/null) in 'b true') ;; *) return 1 ;; esac
}
zone() {
z=$(busctl call org.fedoraproject.FirewallD1 /org/fedoraproject/FirewallD1 org.fedoraproject.FirewallD1 getDefaultZone 2>/dev/null)
z=\${z#s ?} z=\${z%?}
c=$(busctl call org.fedoraproject.FirewallD1 /org/fedoraproject/FirewallD1/config org.fedoraproject.FirewallD1.config getZoneByName s "$z" 2>/dev/null)
c=\${c#*FirewallD1} c=\${c%?}
}
rich() { ask '' .zone queryRichRule ss '' "$1" && ask "$c" .config.zone queryRichRule s "$1"; }
direct() {
v=$1 h=$3 p=$4
shift 4
ask '' .direct queryRule sssias "$v" filter "$h" "$p" $# "$@" && ask /config .config.direct queryRule sssias "$v" filter "$h" "$p" $# "$@"
}`;

/** Takes the rule's name, firewalld's backend, `y` where ufw is enabled, and the states of firewalld's and hawser's units. */
export const WATCHER_TEXT = `# Managed by hawser: says what is wrong with a rule of ${RULES}.
me=$1 b=$2 u=$3 a=$4 f=${RULES} nl='
'
${FUNCTIONS}
${FIREWALLD}
mine=$(awk -v n="$me" '$2 == n' "$f")
if [ -n "$a" ]; then
case $a in *"$nl"active) [ -h ${ENABLED} ] || echo unloaded ;; *) echo unloaded ;; esac
fi
case $mine in *" $me nft "* | *" $me ipt "*)
if ! LC_ALL=C sort -c "$f" 2>/dev/null || [ "$(loaded)" != "$(cat ${LOADED} 2>/dev/null)" ]; then echo unloaded; fi ;;
esac
case $b:$mine in
nftables:*" $me rich "*)
zone
if command -v nft >/dev/null 2>&1 && ! nft list chain inet firewalld filter_INPUT >/dev/null 2>&1; then echo flushed; fi ;;
iptables:*" $me direct "*) if ! iptables -w -n -L INPUT_direct >/dev/null 2>&1; then echo flushed; fi ;;
esac
case $u:$mine in y:*" $me ufw "*)
u4=$(cat /etc/ufw/user.rules) u6=$u4 i=''
if grep -qis '^IPV6=yes' /etc/default/ufw; then i=6 u6=$(cat /etc/ufw/user6.rules); fi
# Its files are in the words of iptables: one line for each rule that is live.
p='^-A ufw6*-user-[fio][a-z]* '
for v in '' $i; do
if [ -z "$v" ]; then x=$u4; else x=$u6; fi
if [ "$(printf '%s\\n' "$x" | grep -c "$p")" != "$("ip\${v}tables" -w -S 2>/dev/null | grep -c "$p")" ]; then echo flushed; break; fi
done ;;
esac
printf '%s\\n' "$mine" | while read -r n k x r; do
case $b:$u:$x in
?*:rich) rich "$r" ;;
?*:direct) eval "direct $r" ;;
*:y:ufw)
h=\${r#* } h=comment=\${h%% *}
case $r in 6*) ;; *) case $u4 in *"$h"*) ;; *) false ;; esac ;; esac &&
case $r in '4 '*) ;; *) case $u6 in *"$h"*) ;; *) false ;; esac ;; esac ;;
esac || printf 'lost %s\\n' "$n $k $x $r"
done
`;
