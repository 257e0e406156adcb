#!/bin/sh
# Managed by hawser: role keepalived. check-reach.sh NAME ADDRESS: whether it answers; the lease's daemon reads how it went.
if ping -q -c 1 -W 1 "$2" >/dev/null 2>&1; then failed=0; else failed=1; fi
echo $failed >"/run/hawser-vip/check-$1"
exit $failed
