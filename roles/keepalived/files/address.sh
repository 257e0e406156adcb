# Managed by hawser: role keepalived. The address that moves, on this host; read by others of this folder.
RUN=/run/hawser-vip

# Hundredths of a second since boot, in $now.
uptime_now() {
  read -r now _ </proc/uptime
  now=${now%.*}${now#*.}
}

# Whether keepalived runs, and was the master when its notify script ran last: one that was killed told nobody.
is_master() {
  read -r state 2>/dev/null <"$RUN/state" && [ "$state" = MASTER ] && read -r pid 2>/dev/null </run/keepalived.pid && [ -d "/proc/$pid" ]
}

# take_address EXPIRY: the kernel takes whole seconds, and may be up to one late (net/ipv4/devinet.c), for which EXPIRY is early.
take_address() {
  if [ "$1" = never ]; then ip addr replace "$VIP/32" dev lo; return; fi
  uptime_now
  left=$((($1 - now) / 100))
  [ $left -lt 1 ] || ip addr replace "$VIP/32" dev lo valid_lft $left preferred_lft $left
}

drop_address() {
  ip addr del "$VIP/32" dev lo 2>/dev/null || :
}
