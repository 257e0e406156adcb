import { Sh, sh } from "../shell/index.ts";

/**
 * Starts a unit and fails, with the last lines of its journal, unless it is active then and half a second later.
 *
 * `systemctl start` waits for units that say when they are ready. A simple service counts as started as soon as its
 * process exists, so one that dies at once would pass for a success; half a second is enough for a bad configuration.
 */
export function awaitActive(name: string, timeoutSeconds: number): Sh {
  return Sh.lines(
    sh`u=${name} n=0`,
    Sh.raw(`lost() { echo "$u $1" >&2; systemctl status --no-pager --lines=0 "$u" >&2 || :; journalctl -u "$u" -n 20 --no-pager -q >&2 2>/dev/null || :; exit 1; }
timeout ${timeoutSeconds} systemctl start "$u" || lost 'did not start'
while :; do
s=$(systemctl is-active "$u") || :
case $s in active | reloading | refreshing)
sleep 0.5 2>/dev/null || sleep 1
if systemctl is-active -q "$u"; then break; fi ;;
activating | deactivating) n=$((n + 1)); sleep 1 ;;
*) lost "is $s after the start" ;;
esac
[ "$n" -lt ${timeoutSeconds} ] || lost "is not active after ${timeoutSeconds} s"
done`),
  );
}
