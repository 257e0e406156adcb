#!/bin/sh
# Managed by hawser: role keepalived. move-gcp.sh take [--dry-run]: leads packets for the address to this instance.
#
# The network gets a route whose next hop is this instance, and then those of the other gateways go, so that there is one at any time.
# With --dry-run it says what it would ask for, and asks for nothing.
set -eu
. "${MOVER_CONF:-/etc/hawser/vip/mover.conf}"
[ "${1:-}" = take ] || { echo 'usage: move-gcp.sh take [--dry-run]' >&2; exit 2; }
dry=${2:-}

base="$API/compute/v1/projects/$PROJECT"

# The token of the instance's service account, by standard input: a command's words are seen by everybody on the host.
token() {
  [ -z "$dry" ] || return 0
  answer=$(curl -sS -f --max-time 5 -H 'Metadata-Flavor: Google' "$METADATA/computeMetadata/v1/instance/service-accounts/default/token")
  token=${answer#*'"access_token"'*'"'}
  token=${token%%\"*}
}

# call METHOD PATH BODY: the HTTP status is in $status; tries again while the service is busy.
call() {
  if [ -n "$dry" ]; then echo "$1 $base$2${3:+ $3}"; status=200; return; fi
  for wait in 1 2 4 0; do
    status=$(printf 'header = "Authorization: Bearer %s"\n' "$token" | curl -sS -K - --max-time 10 -o /dev/null -w '%{http_code}' -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "$base$2") || status=000
    case $status in 000 | 429 | 5??) sleep $wait ;; *) return ;; esac
  done
}

token
call POST /global/routes "{\"name\":\"$ROUTE\",\"network\":\"$base/global/networks/$NETWORK\",\"destRange\":\"$VIP/32\",\"priority\":100,\"nextHopInstance\":\"$base/zones/$ZONE/instances/$INSTANCE\"}"
# 409: it is there already.
case $status in 2?? | 409) ;; *) echo "the route $ROUTE was not made: HTTP $status; may the service account make routes?" >&2; exit 1 ;; esac
for other in $OTHERS; do
  call DELETE "/global/routes/$other" ''
  case $status in 2?? | 404) ;; *) echo "the route $other was not deleted: HTTP $status" >&2; failed=1 ;; esac
done
[ -z "${failed:-}" ]
