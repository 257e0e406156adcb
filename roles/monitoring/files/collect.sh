# Managed by hawser: role monitoring. Writes what no exporter knows to a file of node_exporter's.
#   sh collect.sh fast|slow
# fast: what an alert is raised by within seconds. slow: what costs more to ask.
#
# What cannot be asked is left out, not guessed: a metric that is missing is told by an alert of its own.
set -u
PATH=${HAWSER_PATH:+$HAWSER_PATH:}/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
umask 022
tier=$1
. "${2:-/etc/hawser/monitoring/collect.conf}"

samples=''
# put NAME LABELS VALUE
put() {
  samples="$samples$1${2:+{$2\}} $3
"
}

# JSON of FRR as one object a line; those that this reads hold no others.
objects() { tr -s ' \n' '  ' | sed 's/}/}\n/g'; }

# links COMMAND: calls it for each tunnel with its labels, name, the other end's inner address, and the peer's host.
links() {
  printf '%s\n' "$LINKS" | while read -r link remote peer region; do
    [ -z "$link" ] || "$1" "link=\"$link\",peer=\"$peer\",peer_region=\"$region\"" "$link" "$remote"
  done
}

link_info() { echo "hawser_link_info{$1} 1"; }

bfd() {
  up=0
  printf '%s\n' "$bfd_peers" | grep -F "\"peer\":\"$3\"" | grep -q '"status":"up"' && up=1
  echo "hawser_bfd_up{$1} $up"
}

bgp() {
  up=0
  found=$(printf '%s\n' "$bgp_peers" | grep -F "\"$3\":")
  case $found in *'"state":"Established"'*) up=1 ;; esac
  echo "hawser_bgp_established{$1} $up"
  received=${found#*\"pfxRcd\":}
  [ "$received" = "$found" ] || echo "hawser_bgp_prefixes_received{$1} ${received%%[!0-9]*}"
}

# swanctl prints an event a line: {gre1 {state=… child-sas {gre1-1 {state=… bytes-in=…}}}}
ipsec() {
  printf '%s\n' "$sas" | awk -v link="$2" -v labels="$1" '
    index($0, "{" link " {") == 0 { next }
    / state=ESTABLISHED/ || /\{state=ESTABLISHED/ {
      at = index($0, " child-sas {")
      n = split(substr($0, at + 12), words, /[ {}]+/)
      for (i = 1; i <= n; i++) {
        if (words[i] == "state=INSTALLED") count++
        if (words[i] ~ /^bytes-in=/) received += substr(words[i], 10)
        if (words[i] ~ /^bytes-out=/) sent += substr(words[i], 11)
      }
    }
    END {
      printf "hawser_ipsec_sas{%s} %d\n", labels, count
      printf "hawser_ipsec_received_bytes_total{%s} %.0f\n", labels, received
      printf "hawser_ipsec_sent_bytes_total{%s} %.0f\n", labels, sent
    }'
}

gather() { samples="$samples$(links "$1")
"; }

fast() {
  if [ -n "$LINKS" ]; then
    gather link_info
    if bfd_peers=$(timeout 3 vtysh -c 'show bfd peers json' 2>/dev/null | objects | sed 's/": */":/g') && [ -n "$bfd_peers" ]; then gather bfd; fi
    if bgp_peers=$(timeout 3 vtysh -c 'show bgp summary json' 2>/dev/null | objects | sed 's/": */":/g') && [ -n "$bgp_peers" ]; then gather bgp; fi
    if sas=$(timeout 3 swanctl --list-sas --raw 2>/dev/null); then gather ipsec; fi
  fi
  if [ -n "$VIP" ]; then
    held=0 lease=0
    [ -z "$(ip -4 -o addr show to "$VIP/32")" ] || held=1
    [ ! -r /etc/hawser/vip/check-lease.sh ] || ! sh /etc/hawser/vip/check-lease.sh held || lease=1
    put hawser_vip_holder "vip=\"$VIP\"" $held
    put hawser_vip_lease "vip=\"$VIP\"" $lease
  fi
  # shellcheck disable=SC2086 # one word each
  set -- $UNITS
  [ $# = 0 ] || for state in $(systemctl is-active "$@"); do
    active=0
    [ "$state" != active ] || active=1
    put hawser_unit_active "unit=\"$1\"" $active
    shift
  done
}

# query DATABASE SQL: rows with a blank between their columns
query() { timeout 5 runuser -u postgres -- "$PG_BIN/psql" -XAtq -F ' ' -p "$PG_PORT" -d "$1" -c "$2" </dev/null 2>/dev/null; }

databases() {
  for database in $DATABASES; do
    rows=$(query "$database" 'select s.slot_name, s.active::int, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), s.confirmed_flush_lsn), 0)::bigint, coalesce(extract(epoch from r.replay_lag), 0) from pg_replication_slots s left join pg_stat_replication r on r.pid = s.active_pid where s.database = current_database()') || continue
    while read -r slot active lag seconds; do
      [ -n "$slot" ] || continue
      put hawser_pg_slot_active "database=\"$database\",slot=\"$slot\"" "$active"
      put hawser_pg_slot_lag_bytes "database=\"$database\",slot=\"$slot\"" "$lag"
      put hawser_pg_replay_lag_seconds "database=\"$database\",slot=\"$slot\"" "$seconds"
    done <<END
$rows
END
    rows=$(query "$database" "select subscription_name, (status = 'replicating')::int from pglogical.show_subscription_status()") || continue
    while read -r subscription replicating; do
      [ -z "$subscription" ] || put hawser_pg_subscription_replicating "database=\"$database\",subscription=\"$subscription\"" "$replicating"
    done <<END
$rows
END
  done
}

swarm() {
  [ "$(timeout 5 docker info --format '{{.Swarm.ControlAvailable}}' 2>/dev/null)" = true ] || return 0
  if managers=$(timeout 8 docker node ls --format '{{.ManagerStatus}}' 2>/dev/null); then
    put hawser_swarm_quorum '' 1
    put hawser_swarm_managers '' "$(printf '%s\n' "$managers" | grep -c .)"
    put hawser_swarm_managers_reachable '' "$(printf '%s\n' "$managers" | grep -c -e Leader -e Reachable)"
  else
    put hawser_swarm_quorum '' 0
  fi
}

etcd() {
  [ -r /etc/hawser-etcd/client.conf ] || return 0
  . /etc/hawser-etcd/client.conf
  healthy=0
  case $(curl -fsS --max-time 5 --cacert "$TRUSTED" --cert "$CERTIFICATE" --key "$KEY" "${ENDPOINTS%% *}/health" 2>/dev/null) in *'"health":"true"'*) healthy=1 ;; esac
  put hawser_etcd_healthy '' $healthy
}

clock() {
  tracking=$(timeout 3 chronyc -c tracking 2>/dev/null) || return 0
  # shellcheck disable=SC2046 # the columns of its CSV
  set -- $(echo "$tracking" | awk -F, '{ print $5, ($14 == "Normal") }')
  put hawser_clock_offset_seconds '' "$1"
  put hawser_clock_synchronised '' "$2"
}

certificates() {
  for file in $CERTIFICATES; do
    [ -r "$file" ] || continue
    end=$(openssl x509 -in "$file" -noout -enddate 2>/dev/null) && end=$(date -d "${end#*=}" +%s) && put hawser_certificate_end_seconds "file=\"$file\"" "$end"
  done
}

slow() {
  [ -z "$DATABASES" ] || databases
  [ -z "$SWARM" ] || swarm
  [ -z "$ETCD" ] || etcd
  clock
  certificates
}

"$tier"
put hawser_collector_time_seconds "tier=\"$tier\"" "$(date +%s)"

# Samples of one name stand together, after what they are.
file=$TEXTFILES/hawser-$tier.prom
printf '%s' "$samples" | awk '
  BEGIN {
    help["hawser_link_info"] = "A tunnel of this host."
    help["hawser_bfd_up"] = "1 while BFD over the tunnel is up."
    help["hawser_bgp_established"] = "1 while BGP over the tunnel is established."
    help["hawser_bgp_prefixes_received"] = "Networks that the peer tells by BGP."
    help["hawser_ipsec_sas"] = "SAs of ESP of the tunnel that are installed, under an IKE SA that is established."
    help["hawser_ipsec_received_bytes_total"] = "Bytes that the installed SAs have received; a new SA begins at 0."
    help["hawser_ipsec_sent_bytes_total"] = "Bytes that the installed SAs have sent; a new SA begins at 0."
    help["hawser_vip_holder"] = "1 while this host has the address that moves."
    help["hawser_vip_lease"] = "1 while this host has the lease of the address that moves."
    help["hawser_unit_active"] = "1 while a unit of systemd is active."
    help["hawser_pg_slot_active"] = "1 while somebody takes the changes of a replication slot."
    help["hawser_pg_slot_lag_bytes"] = "Bytes of WAL that the peer has not confirmed yet."
    help["hawser_pg_replay_lag_seconds"] = "Time until the peer has replayed a change, 0 while there is none."
    help["hawser_pg_subscription_replicating"] = "1 while a subscription of pglogical is replicating."
    help["hawser_swarm_quorum"] = "1 while the managers of Docker Swarm have a quorum, as this manager sees it."
    help["hawser_swarm_managers"] = "Managers of Docker Swarm."
    help["hawser_swarm_managers_reachable"] = "Managers of Docker Swarm that are reached."
    help["hawser_etcd_healthy"] = "1 while the member of the quorum on this host gets a majority."
    help["hawser_clock_offset_seconds"] = "How far the clock is from what chrony takes for the time."
    help["hawser_clock_synchronised"] = "1 while chrony has a source to follow."
    help["hawser_certificate_end_seconds"] = "When a certificate ends, in seconds since 1970."
    help["hawser_collector_time_seconds"] = "When this was written, in seconds since 1970."
  }
  NF == 0 { next }
  { name = $0; sub(/[{ ].*/, "", name); if (!(name in lines)) order[++n] = name; lines[name] = lines[name] $0 "\n" }
  END {
    for (i = 1; i <= n; i++) {
      name = order[i]
      printf "# HELP %s %s\n# TYPE %s %s\n%s", name, help[name], name, (name ~ /_total$/ ? "counter" : "gauge"), lines[name]
    }
  }' >"$file.new" && mv -f "$file.new" "$file"
