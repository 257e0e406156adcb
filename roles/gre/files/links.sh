# Managed by hawser: GRE tunnels, their static routes and the clamp on TCP's segments, as CONF says.
#   sh links.sh up|check [CONF]     check prints what differs and exits 1
# CONF: link NAME OWN FAR TTL MTU ADDRESS/PREFIX MSS | route NAME NETWORK METRIC SOURCE|-
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
verb=$1 conf=$(cat "${2:-/etc/hawser/gre/links.conf}") || exit 2
# By this a tunnel is known as ours when CONF no longer names it.
ALIAS=hawser-gre
CHAIN=HAWSER-GRE

lines() { printf '%s\n' "$conf" | sed -n "s/^$1 //p"; }
shown() { ip -d -o link show dev "$1" 2>/dev/null; }
ends_right() { case "$(shown "$1") " in *" gre remote $3 local $2 ttl $4 "*) ;; *) return 1 ;; esac; }
mtu_right() { case "$(shown "$1")" in *" mtu $2 "*) ;; *) return 1 ;; esac; }
is_up() { case "$(shown "$1")" in *[\<,]UP[,\>]*) ;; *) return 1 ;; esac; }
is_ours() { case "$(shown "$1")" in *"alias $ALIAS"*) ;; *) return 1 ;; esac; }
has_address() { case "$(ip -4 -o addr show dev "$1" 2>/dev/null)" in *" inet $2 "* | *" inet ${2%/*} peer "*) ;; *) return 1 ;; esac; }
# Routes of BGP to the same network have another metric and stay.
has_route() {
r=$(ip -4 route show exact "$2" dev "$1" 2>/dev/null | grep " metric $3\\b") || return 1
case "$r " in *" src $4 "*) ;; *) [ "$4" = - ] ;; esac
}
our_links() { for n in $(ip -d -o link show 2>/dev/null | sed -n "s/^[0-9]*: \\([^:@]*\\)[:@].*alias $ALIAS.*/\\1/p"); do echo "$n"; done; }
our_routes() { ip -4 route show dev "$1" proto static 2>/dev/null | sed -n 's/^\([0-9./]*\) .*metric \([0-9]*\).*/\1 \2/p'; }
wants_link() { lines link | grep -q "^$1 "; }
wants_route() { case $2 in */*) w=$2 ;; *) w="$2/32" ;; esac; lines route | grep -q "^$1 \\($2\\|$w\\) $3 "; }

table=''
clamp_tool() {
if command -v nft >/dev/null 2>&1 && nft -c add table inet hawser_gre 2>/dev/null; then echo nft
elif command -v iptables-legacy >/dev/null 2>&1; then echo iptables-legacy
elif command -v iptables >/dev/null 2>&1; then echo iptables; fi
}
# Never makes a segment larger: both tools leave smaller values alone.
clamped() {
case $tool in
nft) printf '%s\n' "$table" | grep -q "oifname \"$1\" .*maxseg size set $2\$" ;;
*) printf '%s\n' "$table" | grep -q -- "-o $1 .*--set-mss $2\$" ;;
esac
}
read_clamp() {
case $tool in
nft) table=$(nft list table inet hawser_gre 2>/dev/null) ;;
iptables*) table=$("$tool" -w -t mangle -S 2>/dev/null) ;;
esac
}
clamp() {
case $tool in
nft) {
echo 'table inet hawser_gre'
echo 'delete table inet hawser_gre'
echo 'table inet hawser_gre {'
echo 'chain clamp {'
echo 'type filter hook postrouting priority -150; policy accept;'
lines link | while read -r name own far ttl mtu address mss; do echo "oifname \"$name\" tcp flags & (syn | rst) == syn tcp option maxseg size set $mss"; done
echo '}'
echo '}'
} | nft -f - ;;
*)
"$tool" -w -t mangle -N $CHAIN 2>/dev/null
"$tool" -w -t mangle -F $CHAIN || return 1
"$tool" -w -t mangle -C POSTROUTING -j $CHAIN 2>/dev/null || "$tool" -w -t mangle -I POSTROUTING -j $CHAIN || return 1
lines link | while read -r name own far ttl mtu address mss; do "$tool" -w -t mangle -A $CHAIN -o "$name" -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss "$mss" || exit 1; done ;;
esac
}
clamp_right() {
case $tool in iptables*) printf '%s\n' "$table" | grep -qx -- "-A POSTROUTING -j $CHAIN" || return 1 ;; esac
n=$(printf '%s\n' "$table" | grep -c 'maxseg size set\|--set-mss')
[ "$n" = "$(lines link | grep -c .)" ] || return 1
lines link | while read -r name own far ttl mtu address mss; do clamped "$name" "$mss" || exit 1; done
}

differences() {
lines link | while read -r name own far ttl mtu address mss; do
if [ -z "$(shown "$name")" ]; then echo "$name is missing"; continue; fi
ends_right "$name" "$own" "$far" "$ttl" || echo "$name has other ends"
mtu_right "$name" "$mtu" || echo "$name has another MTU"
has_address "$name" "$address" || echo "$name lacks $address"
is_up "$name" || echo "$name is down"
is_ours "$name" || echo "$name is not marked"
our_routes "$name" | while read -r network metric; do wants_route "$name" "$network" "$metric" || echo "$name has a route to $network of old"; done
done
lines route | while read -r name network metric source; do has_route "$name" "$network" "$metric" "$source" || echo "no route to $network by $name"; done
our_links | while read -r name; do wants_link "$name" || echo "$name is of old"; done
read_clamp
clamp_right || echo 'TCP is not clamped'
}

failed() { echo "links.sh: $*" >&2; exit 1; }
# Only what differs is touched: a healthy tunnel is not.
put_link() {
if [ -z "$(shown "$1")" ]; then
modprobe -q ip_gre
# Something that watches the network's own files may have made it meanwhile.
ip link add "$1" type gre local "$2" remote "$3" ttl "$4" 2>/dev/null || [ -n "$(shown "$1")" ] || ip link add "$1" type gre local "$2" remote "$3" ttl "$4" || failed "$1 cannot be made"
fi
case "$(shown "$1")" in *" gre remote "*) ;; *) failed "$1 is there and is no GRE tunnel" ;; esac
ends_right "$1" "$2" "$3" "$4" || ip tunnel change "$1" mode gre local "$2" remote "$3" ttl "$4" || failed "the ends of $1 cannot be set"
is_ours "$1" || ip link set dev "$1" alias $ALIAS
mtu_right "$1" "$5" || ip link set dev "$1" mtu "$5" || failed "the MTU of $1 cannot be $5"
if ! has_address "$1" "$6"; then ip -4 addr flush dev "$1" && ip -4 addr add "$6" dev "$1" || failed "$1 cannot have $6"; fi
is_up "$1" || ip link set dev "$1" up || failed "$1 cannot be set up"
}
put_route() {
if has_route "$@"; then return; fi
s=''
if [ "$4" != - ]; then
# At boot, the network may still be on its way.
k=0
until [ -n "$(ip -4 -o addr show to "$4")" ] || [ "$k" -ge 300 ]; do k=$((k + 1)); sleep 0.1; done
s="src $4"
fi
ip -4 route replace "$2" dev "$1" proto static metric "$3" $s || failed "no route to $2 by $1"
}
up() {
our_links | while read -r name; do wants_link "$name" || ip link del dev "$name"; done
lines link | while read -r name own far ttl mtu address mss; do
put_link "$name" "$own" "$far" "$ttl" "$mtu" "$address" || exit 1
our_routes "$name" | while read -r network metric; do wants_route "$name" "$network" "$metric" || ip -4 route del "$network" dev "$name" metric "$metric"; done
done || exit 1
lines route | while read -r name network metric source; do put_route "$name" "$network" "$metric" "$source" || exit 1; done || exit 1
read_clamp
clamp_right || clamp || failed 'TCP cannot be clamped'
}

tool=$(clamp_tool)
[ -n "$tool" ] || failed 'there is neither nft nor iptables'
case $verb in
check) d=$(differences); if [ -n "$d" ]; then printf '%s\n' "$d"; exit 1; fi ;;
up) up ;;
*) failed "no $verb" ;;
esac
