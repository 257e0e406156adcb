# Managed by hawser: which path the traffic for a region takes.
#   sh path.sh CONF
# CONF: REGION NETWORKS SERVERS TCP_SERVERS TARGETS RETURN_AFTER SOCKET METRIC
# BFD tells BGP that a tunnel is dead, BGP takes its routes away, and the kernel says so at once: nothing is polled for that.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
. "$1"
FOLDER=/run/hawser/path
mkdir -p "$FOLDER"

say() { echo "$REGION: $*"; }
uptime() {
  read -r now _ </proc/uptime
  now=${now%.*}
}

# A drill may ask for another wait: "SECONDS UPTIME", good until then.
hold() {
  wait=$RETURN_AFTER
  if read -r asked until 2>/dev/null <"$FOLDER/$REGION.return" && [ "$now" -lt "$until" ]; then wait=$asked; fi
}

tunnel_is_up() {
  routes=$(ip -4 route show proto bgp) || return 1
  for network in $NETWORKS; do case "
$routes" in *"
$network "*) ;; *)
    missing=$network
    return 1
    ;;
  esac done
}

# New requests go the public way; those that wait for an answer through the tunnel are asked again by HAProxy as soon as their
# connection is gone, which ss does where the kernel can (INET_DIAG_DESTROY), and TCP_USER_TIMEOUT elsewhere.
leave_tunnel() {
  commands=''
  for server in $SERVERS; do commands="$commands;set server $server state maint"; done
  for server in $TCP_SERVERS; do commands="$commands;shutdown sessions server $server"; done
  tell_haproxy
}
drop_stuck() { for target in $TARGETS; do ss -K -tn dst "${target%:*}" dport = ":${target##*:}" >/dev/null 2>&1; done; }

enter_tunnel() {
  commands=''
  for server in $SERVERS; do commands="$commands;set server $server state ready"; done
  tell_haproxy
}

# HAProxy answers a command that it carried out with nothing but an empty line.
tell_haproxy() {
  said=''
  [ -n "$commands" ] || return 0
  said=$(
    socat -t 2 - "UNIX-CONNECT:$SOCKET" 2>&1 <<EOF
${commands#;}
EOF
  )
  # shellcheck disable=SC2086 # its lines become one
  set -- $said
  [ $# = 0 ] || said=" HAProxy: $*"
}

# Whole or not at all, for whoever reads it meanwhile.
show() {
  printf '%s\n' "$path" >"$FOLDER/.$REGION" && mv -f "$FOLDER/.$REGION" "$FOLDER/$REGION"
  value=0
  [ "$path" = public ] || value=1
  printf '%s\n' '# HELP hawser_path_tunnel 1 while traffic for a region takes the tunnel, 0 while it takes the public path.' '# TYPE hawser_path_tunnel gauge' "hawser_path_tunnel{region=\"$REGION\"} $value" '# HELP hawser_path_switches_total Changes of the path since the watcher began.' '# TYPE hawser_path_switches_total counter' "hawser_path_switches_total{region=\"$REGION\"} $switches" >"$METRIC.new" && mv -f "$METRIC.new" "$METRIC"
}

switches=0 ticks=0 since='' said='' missing=''
path=$(cat "$FOLDER/$REGION" 2>/dev/null) || path=''
case $path in tunnel | public) ;; *)
  path=public
  if tunnel_is_up; then path=tunnel; fi
  ;;
esac
say "$path path at start"
show
if [ "$path" = public ]; then leave_tunnel; else enter_tunnel; fi

look() {
  if tunnel_is_up; then
    uptime
    if [ "$path" = public ]; then
      hold
      if [ -z "$since" ]; then
        since=$now
        say "the tunnel is up; traffic returns in $wait s"
      fi
      if [ $((now - since)) -ge "$wait" ]; then
        path=tunnel switches=$((switches + 1)) since=''
        enter_tunnel
        show
        say "tunnel, up for $wait s without a break.$said"
      fi
    fi
  else
    if [ "$path" = tunnel ]; then
      path=public switches=$((switches + 1))
      leave_tunnel
      show
      say "public path: BGP has no route to $missing any more.$said"
      drop_stuck
    elif [ -n "$since" ]; then say "the tunnel went down again"; fi
    since=''
  fi
  # HAProxy may have been started or loaded again, and knows nothing then.
  ticks=$((ticks + 1))
  if [ "$path" = public ] && [ $((ticks % 5)) = 0 ]; then leave_tunnel; fi
}

# Time is looked at to return. Elsewhere events do, and a look now and then is for those that were missed.
tick() { while read -r shown <"$FOLDER/$REGION"; do
  if [ "$shown" = public ]; then sleep 1; else sleep 5; fi
  echo tick
done; }

# Without its events the watcher is worth nothing: systemd starts it again.
{
  (
    ip -4 monitor route
    kill $$
  ) &
  tick
} | while read -r _; do look; done
