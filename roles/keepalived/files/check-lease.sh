#!/bin/sh
# Managed by hawser: role keepalived. Exits 1 when this host must not have the address.
#
# `fresh` fails on a lease whose end has passed, as when its daemon hangs; that there is none is told by a file that keepalived
# watches. `held` also fails without one, for versions that watch no files.
[ "$1" = held ] || [ -e /run/hawser-vip/lease ] || exit 0
for _ in 1 2 3; do
  # Empty for the moment in which it is written.
  if read -r expiry _ </run/hawser-vip/lease; then break; fi
done 2>/dev/null
read -r now _ </proc/uptime
[ "${expiry:-0}" -gt "${now%.*}${now#*.}" ]
