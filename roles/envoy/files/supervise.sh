# Managed by hawser: role envoy. Keeps one Envoy running, and hands its sockets to a new one without closing them.
#
#   supervise.sh run         until it is told to stop; HUP is a hot restart, TERM a drained stop
#   supervise.sh reload PID  asks the one that runs for a hot restart, and says how that went
#   supervise.sh fits        whether the program on the disk can take over from the one that runs
#
# Envoy's own text on hot restarts: the new process (one epoch more) makes itself ready, takes the listening sockets from the old one,
# which then asks its clients to leave (drain time) and ends (parent shutdown time).
set -u
export LC_ALL=C
SETTINGS=${HAWSER_ENVOY_SETTINGS:-/etc/hawser-envoy/supervise.conf}
. "$SETTINGS"

say() { echo "hawser: $*" >&2; }
ask() { curl -s --max-time 2 "$@" 2>/dev/null; }
admin() { ask "http://127.0.0.1:$ADMIN_PORT/$1"; }
tell() { ask -o /dev/null -X POST "http://127.0.0.1:$ADMIN_PORT/$1"; }

# A child that has ended stays in /proc until it is waited for.
alive() { grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status"; }

# spawn EPOCH: its process is $child. Settings are read anew, so that they change with a hot restart.
spawn() {
  . "$SETTINGS"
  "$PROGRAM" -c "$BOOTSTRAP" --base-id "$BASE_ID" --restart-epoch "$1" --drain-time-s "$DRAIN_S" --parent-shutdown-time-s "$PARENT_SHUTDOWN_S" --log-level "$LOG_LEVEL" ${CONCURRENCY:+--concurrency "$CONCURRENCY"} &
  child=$!
}

# live EPOCH PID: waits until that process serves; fails when it has ended before.
live() {
  while alive "$2"; do
    info=$(admin server_info)
    case $info in *'"restart_epoch": '"$1"[!0-9]*) case $info in *'"state": "LIVE"'*) return 0 ;; esac ;; esac
    sleep 0.1
  done
  return 1
}

# report WORD TEXT: for `reload`, which waits for another number.
report() {
  attempts=$((attempts + 1))
  echo "$attempts $1 $2" >"$RUN/restart.new" && mv -f "$RUN/restart.new" "$RUN/restart"
}

# Shells run a trap in the midst of another one: one that is asked for meanwhile comes after it.
asked() {
  [ -z "$restarting" ] || { again=1; return; }
  restarting=1 again=1
  while [ -n "$again" ]; do
    again=''
    [ -n "$stopping" ] || hot_restart
  done
  restarting=''
}

hot_restart() {
  # A third one would end the oldest at once, with what it still serves.
  while [ -n "$parting" ] && alive "$parting"; do sleep 0.2; done
  next=$((epoch + 1))
  say "hot restart: epoch $next"
  spawn "$next"
  if live "$next" "$child"; then
    parting=$current current=$child epoch=$next
    report ok "epoch $epoch"
  else
    wait "$child"
    report failed "the new Envoy ended with $? before it served: the old one goes on, journalctl -u hawser-envoy says why"
    say 'hot restart failed: the old Envoy goes on'
  fi
}

# Peers see by their health checks that this one leaves; then clients are asked to; then it ends, when nobody asks any more.
stop() {
  stopping=1
  say 'draining'
  tell healthcheck/fail
  sleep "$LEAVE_S"
  tell 'drain_listeners?graceful'
  waited=0
  while alive "$current" && [ "$waited" -lt "$DRAIN_S" ]; do
    busy=$(admin 'stats?filter=downstream_rq_active$' | grep -v '^http\.admin\.\|^http\.metrics\.' | grep -c ': [1-9]')
    [ "$busy" -gt 0 ] || break
    sleep 1
    waited=$((waited + 1))
  done
  for pid in $current $parting $child; do kill -TERM "$pid" 2>/dev/null; done
}

run() {
  status=0 epoch=0 attempts=0 child='' current='' parting='' stopping='' restarting='' again=''
  : >"$RUN/restart"
  trap asked HUP
  trap stop TERM INT
  spawn 0
  current=$child
  while alive "$current"; do
    wait "$current"
    status=$?
  done
  if [ -n "$stopping" ]; then
    # What was handed over before may be the last that somebody waits for.
    wait
    exit 0
  fi
  say "envoy ended with $status"
  exit 1
}

reload() {
  before=$(cut -d ' ' -f 1 "$RUN/restart")
  kill -HUP "$1" || exit 1
  while kill -0 "$1" 2>/dev/null; do
    read -r number word text <"$RUN/restart" || number=
    if [ -n "$number" ] && [ "$number" != "$before" ]; then
      [ "$word" = ok ] && exit 0
      say "$text"
      exit 1
    fi
    sleep 0.1
  done
  say 'the supervisor has ended'
  exit 1
}

fits() {
  running=$(admin hot_restart_version)
  # It says so on standard error, or on standard output.
  [ -n "$running" ] && [ "$running" = "$("$PROGRAM" --hot-restart-version 2>&1 | tail -n 1)" ]
}

case ${1-} in
  run) run ;;
  reload) reload "$2" ;;
  fits) fits ;;
  *) say "run, reload PID or fits, not \"${1-}\""; exit 64 ;;
esac
