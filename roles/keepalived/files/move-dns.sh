#!/bin/sh
# Managed by hawser: role keepalived. move-dns.sh take [--dry-run]: gives the name this gateway's address (RFC 2136, signed by TSIG).
#
# With --dry-run it says what it would ask for, and asks for nothing.
set -eu
. "${MOVER_CONF:-/etc/hawser/vip/mover.conf}"
[ "${1:-}" = take ] || { echo 'usage: move-dns.sh take [--dry-run]' >&2; exit 2; }

request="server $SERVER
zone $ZONE
update delete $NAME A
update add $NAME $TTL A $ADDRESS
send"
if [ -n "${2:-}" ]; then echo "$request"; exit; fi
# The key with the rest, by standard input.
printf 'key %s:%s %s\n%s\n' "$ALGORITHM" "$KEY_NAME" "$KEY" "$request" | nsupdate -t 5
