#!/bin/sh
# Managed by hawser: role keepalived. Told by keepalived of every change of its state.
#
# Two changes soon after one another run this twice at once, in any order. So what counts is no argument but what keepalived did
# before it told: as the master it has its mark on lo.
set -u
. /etc/hawser/vip/vip.conf
. /etc/hawser/vip/address.sh
exec 9>"$RUN/notify.lock"
flock 9
case $(ip -4 -o addr show dev lo to "$MARK/32") in
  *"$MARK"*) state=MASTER ;;
  *) state=OTHER ;;
esac
read -r before 2>/dev/null <"$RUN/state" || before=
echo $state >"$RUN/state"
if [ $state = MASTER ]; then
  if [ "$MODE" = static ]; then take_address never
  elif read -r expiry _ 2>/dev/null <"$RUN/lease"; then take_address "$expiry"; fi
else
  drop_address
fi
if [ $state = MASTER ] && [ "$before" != MASTER ] && [ -n "$MOVER" ]; then
  # The cloud's answer may take seconds, and keepalived's next word must not wait for it.
  sh "/etc/hawser/vip/move-$MOVER.sh" take 2>&1 9>&- | logger -t hawser-vip 9>&- &
fi
