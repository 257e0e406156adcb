# Managed by hawser: role minio. Writes an object here, looks for it at every other site, deletes it here, and waits until it is gone there.
#   sh canary.sh CONF
# CONF: HOST OWN SITES (`NAME=URL …`) BUCKET WITHIN EVERY KEY TRUSTED SIGNER RUN METRICS
# For every site it leaves `UPTIME PUT_MS SAME DELETE_MS` in RUN: when it was measured, in seconds since boot; how long the object took,
# whether its bytes and its ETag were the same, and how long the deletion took. `none` stands for what did not come within WITHIN s.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
. "$1"
umask 022

# Milliseconds since boot: the clock may be set meanwhile.
uptime() {
  read -r now _ </proc/uptime
  now=${now%.*}${now#*.}0
}
ask() { sh "$SIGNER" "$KEY" "$TRUSTED" "$@"; }
say() {
  printf '%s\n' "$2" >"$RUN/$1.new" && mv -f "$RUN/$1.new" "$RUN/$1"
}

# Waits until ask says what is wanted: awaited STATUS ETAG METHOD URL [FILE]; sets took.
awaited() {
  status=$1 etag=$2
  shift 2
  while :; do
    said=$(ask "$@" 2>/dev/null)
    uptime
    took=$((now - begun))
    case "$said" in "$status $etag" | "$status "*) [ "$etag" = any ] || [ "$said" = "$status $etag" ] && return 0 ;; esac
    if [ "$took" -ge $((WITHIN * 1000)) ]; then
      took=none
      return 1
    fi
    sleep 0.1
  done
}

measure() {
  uptime
  object=$HOST/$now
  body=$RUN/.body copy=$RUN/.copy
  head -c 4096 /dev/urandom >"$body"
  written=$(ask PUT "$OWN/$BUCKET/$object" "$body")
  uptime
  begun=$now
  if [ "${written%% *}" != 200 ]; then
    echo "cannot write to $OWN: $written"
    for site in $SITES; do say "${site%%=*}" "$((now / 1000)) none no none"; done
    return
  fi
  for site in $SITES; do
    name=${site%%=*} url=${site#*=} same=no
    if awaited 200 "${written#* }" GET "$url/$BUCKET/$object" "$copy" && cmp -s "$body" "$copy"; then same=yes; fi
    eval "put_$(word "$name")=\$took same_$(word "$name")=\$same"
    [ "$same" = yes ] || echo "$name has not got what was written here, or has something else: $said"
  done
  gone=$(ask DELETE "$OWN/$BUCKET/$object")
  uptime
  begun=$now
  [ "${gone%% *}" = 204 ] || echo "cannot delete at $OWN: $gone"
  for site in $SITES; do
    name=${site%%=*} url=${site#*=}
    eval "put=\$put_$(word "$name") same=\$same_$(word "$name")"
    # What never came is not there either, which says nothing of deletions.
    if [ "$put" = none ]; then took=none
    else awaited 404 any HEAD "$url/$BUCKET/$object" || echo "$name still has what was deleted here: $said"; fi
    say "$name" "$((now / 1000)) $put $same $took"
  done
}
# A host's name as a part of a variable's.
word() { printf '%s' "$1" | tr -c 'A-Za-z0-9' _; }

tell() {
  [ -d "$METRICS" ] && [ -w "$METRICS" ] || return 0
  {
    echo '# HELP hawser_objects_arrive_seconds Time in which an object that was written here was seen at another site.'
    echo '# TYPE hawser_objects_arrive_seconds gauge'
    echo '# HELP hawser_objects_delete_seconds Time in which a deletion was seen at another site.'
    echo '# TYPE hawser_objects_delete_seconds gauge'
    echo '# HELP hawser_objects_arrived 1 if the object came whole and its deletion too.'
    echo '# TYPE hawser_objects_arrived gauge'
    for site in $SITES; do
      name=${site%%=*}
      read -r _ put same deleted <"$RUN/$name" || continue
      [ "$put" = none ] || echo "hawser_objects_arrive_seconds{site=\"$name\"} $(seconds "$put")"
      [ "$deleted" = none ] || echo "hawser_objects_delete_seconds{site=\"$name\"} $(seconds "$deleted")"
      if [ "$same" = yes ] && [ "$deleted" != none ]; then arrived=1; else arrived=0; fi
      echo "hawser_objects_arrived{site=\"$name\"} $arrived"
    done
  } >"$METRICS/hawser-objects.prom.new" && mv -f "$METRICS/hawser-objects.prom.new" "$METRICS/hawser-objects.prom"
}
seconds() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }

while :; do
  measure
  tell
  sleep "$EVERY"
done
