# Managed by hawser: role keepalived. Holds the lease of the address that moves, or waits for it. For bash, whose read has a time-out.
#
# A lease of etcd ends TTL seconds after it was renewed last, whoever notices. What this host may assume of it is counted from before
# the renewal was asked for, on the clock since boot, which no time server sets, and ends a second early. All that is in doubt counts
# as lost. The address itself has that end as its lifetime in the kernel: it goes without any process.
set -u
export LC_ALL=C
. /etc/hawser/vip/vip.conf
. /etc/hawser-etcd/client.conf
. /etc/hawser/vip/address.sh

# Hundredths of a second, all of them.
TTL_CS=$((TTL * 100))
EARLY=100
# Between looks at who leads the quorum.
LEADER_EVERY=1000
NEAREST=${ENDPOINTS%% *}
held= lease= expiry=0 last= free_since= was_master= held_since=0 aside_until=0 leader_at=0 refused= settled=
link= connected=

say() { echo "$*"; }

# connect ENDPOINT: a connection that stays, since a handshake of TLS for each renewal would cost a small host more than the rest of
# what it does. openssl carries it: requests through a pipe, answers into a file, which read takes in one piece. From a pipe it would take
# each byte by itself, and that was a quarter of a small host's time.
connect() {
  disconnect
  address=${1#https://}
  openssl s_client -quiet -verify_return_error -verify_ip "${address%:*}" -CAfile "$TRUSTED" -cert "$CERTIFICATE" -key "$KEY" -connect "$address" <"$RUN/to" >>"$RUN/from" 2>/dev/null 7>&- 9>&- &
  link=$! connected=$1
}

# With it goes what was under way.
disconnect() {
  [ -n "$connected" ] || return 0
  kill "$link" 2>/dev/null
  wait "$link" 2>/dev/null
  connected=
  while read -r -t 0.01 -u 7 _ || [ $? -eq 0 ]; do :; done
}

# reply: one answer of HTTP/1.1 before $deadline; its body, one object of JSON, is in $answer. A member that was stopped closes its
# connection: nobody waits for that one.
reply() {
  local all head length
  while :; do
    IFS= read -r -d '' all <"$RUN/from"
    case $all in *$'\r\n\r\n'*)
      head=${all%%$'\r\n\r\n'*} answer=${all#*$'\r\n\r\n'}
      head=${head,,}
      case $head in
        *$'\ncontent-length:'*)
          length=${head#*$'\ncontent-length:'} length=${length%%$'\r'*}
          [ ${#answer} -lt $((length)) ] || return 0 ;;
        # A size, the object, and the empty chunk that ends it.
        *$'\ntransfer-encoding: chunked'*)
          case $answer in *$'\r\n0\r\n'*) answer=${answer#*$'\r\n'} answer=${answer%%$'\r\n'*}; return 0 ;; esac ;;
      esac ;;
    esac
    uptime_now
    [ $now -lt $deadline ] || return 1
    [ -d "/proc/$link" ] || return 1
    rest 0.03
  done
}

# ask PATH BODY LIMIT: asks members of the quorum in turn, beginning with the one that answered last; the answer is in $answer.
ask() {
  local last_moment=$((now + $3)) endpoint
  for endpoint in $ENDPOINTS; do
    deadline=$((now + REQUEST))
    [ $deadline -le $last_moment ] || deadline=$last_moment
    [ $deadline -gt $now ] || break
    [ "$connected" = "$endpoint" ] || connect "$endpoint"
    : >"$RUN/from"
    printf 'POST %s HTTP/1.1\r\nHost: etcd\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' "$1" ${#2} "$2" >&7
    if reply; then
      case $answer in
        # gRPC's 5 is "not found": that is an answer. So is the empty object, of a transfer.
        *'"error"'*'"code":5'* | *'"header"'* | '{}') prefer "$endpoint"; uptime_now; return 0 ;;
      esac
    fi
    disconnect
    uptime_now
  done
  return 1
}

prefer() {
  case $ENDPOINTS in "$1" | "$1 "*) return ;; esac
  local others= each
  for each in $ENDPOINTS; do [ "$each" = "$1" ] || others="$others $each"; done
  ENDPOINTS="$1$others"
}

# There is no time to wait for two that do not answer. After this host's own member the witness: of the others it is the one that a cut
# between the regions leaves. Where the witness leads, a member without an answer has most likely lost it: the others are asked, and then the
# own one again, which has found another leader by then.
in_order() {
  local each witness= others=
  for each in $ENDPOINTS; do
    case $each in
      "$NEAREST") ;;
      *"//$WITNESS:"*) witness=" $each" ;;
      *) others="$others $each" ;;
    esac
  done
  if [ -z "$settled" ]; then ENDPOINTS="$NEAREST$witness$others"; else ENDPOINTS="$NEAREST$others $NEAREST$witness"; fi
}

# rest SECONDS: a sleep that is no process.
rest() {
  read -r -t "$1" -u 9 _
}

# field NAME: the first such string in $answer.
field() {
  case $answer in *"\"$1\":\""*) value=${answer#*"\"$1\":\""}; value=${value%%\"*} ;; *) value= ;; esac
}

# hold SENT: the lease is good for this host until a second before it ends at the quorum, if that was asked for at SENT.
hold() {
  expiry=$(($1 + TTL_CS - EARLY))
  echo "$expiry $lease" >"$RUN/lease"
  if [ -z "$held" ]; then
    held=yes was_master= held_since=$now
    say "holds lease $lease"
    echo 0 >"$RUN/track"
  elif is_master; then
    take_address "$expiry"
  fi
}

# The address first: the rest only tells others.
lose() {
  drop_address
  echo 1 >"$RUN/track"
  rm -f "$RUN/lease"
  held=
  say "holds the lease no more: $1"
}

give_back() {
  lose "$1"
  uptime_now
  ask /v3/lease/revoke "{\"ID\":\"$lease\"}" $REQUEST || say 'nobody was told: it ends by itself'
  aside_until=$((now + ASIDE))
}

renew() {
  sent=$now
  case $ENDPOINTS in "$NEAREST "*) in_order ;; esac
  if ask /v3/lease/keepalive "{\"ID\":\"$lease\"}" $((expiry - now)); then
    field TTL
    case $value in '' | 0) lose 'it ended at the quorum' ;; *) hold $sent ;; esac
  elif [ $now -ge $expiry ]; then
    lose 'no majority answered in time'
  fi
}

# Whether keepalived, which watches this host's health, makes use of the lease; if not, another host shall.
used() {
  if is_master; then was_master=yes
  elif [ -n "$was_master" ]; then give_back 'keepalived gave the address up'
  elif [ $((now - held_since)) -gt $GRACE ]; then give_back 'keepalived did not take the address'
  fi
}

# Who leads the quorum takes the leader with it when it is lost: an election comes first, in which nobody can renew, and the new leader
# starts all leases anew. So the witness shall lead, whichever gateway is lost then and wherever the way between them is cut; where
# it cannot, at least not this host, whose loss is the one that another host waits for.
lead_elsewhere() {
  leader_at=$((now + LEADER_EVERY))
  local own_member leader rest id member url at= witness= witness_at= other= no=$refused
  # Only this host's own member says whether it is itself. One that has a leader again is asked first again as well.
  status_of "$NEAREST" || return
  field member_id; own_member=$value
  field leader; leader=$value
  [ -n "$leader" ] || return
  prefer "$NEAREST"
  [ "$leader" != "$settled" ] || return
  ask /v3/cluster/member/list '{}' $REQUEST || return
  rest=$answer
  while :; do
    case $rest in *'"ID":"'*) rest=${rest#*'"ID":"'} ;; *) break ;; esac
    id=${rest%%\"*} member=${rest%%'"ID":"'*}
    url=${member#*'"clientURLs":["'} url=${url%%\"*}
    if [ "$id" = "$leader" ]; then at=$url; fi
    case $member in
      *'"isLearner":true'*) ;;
      *"//$WITNESS:"*) witness=$id witness_at=$url ;;
      *) [ "$id" = "$own_member" ] || [ "$id" = "$no" ] || other=${other:-$id} ;;
    esac
  done
  refused=
  settled=
  if [ "$leader" = "$witness" ]; then settled=$leader; return; fi
  if [ -n "$witness" ] && [ "$witness" != "$no" ] && follows "$witness_at" "$leader"; then other=$witness
  elif [ "$leader" != "$own_member" ]; then return; fi
  [ -n "$other" ] && [ -n "$at" ] || return
  if ask_at "$at" /v3/maintenance/transfer-leadership "{\"targetID\":\"$other\"}"; then say "member $other leads the quorum, not $leader"; else refused=$other; fi
}

# ask_at ENDPOINT PATH BODY: as ask, of this member alone.
ask_at() {
  local ENDPOINTS=$1
  ask "$2" "$3" $REQUEST
}

# status_of ENDPOINT: what this member says of itself. One that does not answer is asked again a minute later.
status_of() {
  ask_at "$1" /v3/maintenance/status '{}' && return
  leader_at=$((now + 6 * LEADER_EVERY))
  return 1
}

# follows ENDPOINT LEADER: whether the member there has the same leader. One that is cut off is not to lead: the quorum would take no change
# until the leader has given up on it.
follows() {
  status_of "$1" || return
  field leader
  [ "$value" = "$2" ]
}

contend() {
  [ $now -ge $aside_until ] || return
  # From the nearest member, without asking the others: it only says whether to try.
  ask /v3/kv/range "{\"key\":\"$LEASE_KEY\",\"serializable\":true}" $((2 * REQUEST)) || { free_since=; return; }
  field value
  if [ -n "$value" ]; then
    last=$value free_since=
    # This host's own, of before its daemon or the host itself started anew.
    if [ "$value" = "$OWN" ]; then field lease; lease=$value; adopt; else forget; fi
    return
  fi
  forget
  [ -n "$free_since" ] || free_since=$now
  turn_of_this_host
  [ $((now - free_since)) -ge $turn ] || return
  sent=$now
  ask /v3/lease/grant "{\"TTL\":\"$TTL\"}" $((2 * REQUEST)) || return
  field ID
  lease=$value
  [ -n "$lease" ] || return
  ask /v3/kv/txn "{\"compare\":[{\"key\":\"$LEASE_KEY\",\"target\":\"CREATE\",\"result\":\"EQUAL\",\"create_revision\":\"0\"}],\"success\":[{\"request_put\":{\"key\":\"$LEASE_KEY\",\"value\":\"$OWN\",\"lease\":\"$lease\"}}]}" $((2 * REQUEST)) || return
  case $answer in
    *'"succeeded":true'*) [ $now -ge $((sent + TTL_CS - EARLY)) ] || hold $sent ;;
    *) ask /v3/lease/revoke "{\"ID\":\"$lease\"}" $REQUEST ;;
  esac
}

adopt() {
  sent=$now
  ask /v3/lease/keepalive "{\"ID\":\"$lease\"}" $REQUEST || return
  field TTL
  case $value in '' | 0) ;; *) hold $sent ;; esac
}

# What a daemon that was killed left behind.
forget() {
  [ -e "$RUN/lease" ] || return 0
  echo 1 >"$RUN/track"
  rm -f "$RUN/lease"
}

# Those that are preferred go first, but for the one that just lost it; whoever sees little of the others waits longer.
turn_of_this_host() {
  turn=0
  for each in $AHEAD; do [ "$each" = "$last" ] || turn=$((turn + 50)); done
  for each in $CHECKS; do
    read -r failed 2>/dev/null <"$RUN/check-$each" || failed=0
    turn=$((turn + failed * 50))
  done
}

# On the way down keepalived has stopped before: the next holder need not wait. A restart of this daemon alone changes nothing.
ended() {
  if [ -n "$held" ] && ! is_master; then uptime_now; give_back 'stopping'; fi
  disconnect
  exit 0
}
trap ended TERM INT

for pipe in to idle; do [ -p "$RUN/$pipe" ] || mkfifo -m 600 "$RUN/$pipe"; done
rm -f "$RUN/from"
(umask 077; : >"$RUN/from")
# For both ways, so that neither an open nor a write waits for the other end.
exec 7<>"$RUN/to" 9<>"$RUN/idle"
while read -r -t 0.01 -u 7 _ || [ $? -eq 0 ]; do :; done
in_order
uptime_now
[ -e "$RUN/lease" ] || echo 1 >"$RUN/track"
while :; do
  uptime_now
  if [ -n "$held" ]; then renew; else contend; fi
  if [ -n "$held" ]; then used; fi
  if [ -n "$held" ] && [ $now -ge $leader_at ] && [ $((expiry - now)) -gt 250 ]; then lead_elsewhere; fi
  # Often where a moment counts: when the lease is about to end, or is to be had. Each answer costs a small host some hundred reads.
  if [ -n "$held$free_since" ] && [ $((expiry - now)) -le 250 ]; then rest 0.4; else rest 1; fi
done
