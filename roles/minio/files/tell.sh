# Managed by hawser: role minio. One signed request, whose answer is printed.
#   sh tell.sh SIGNER KEY TRUSTED METHOD URL [-]
# `-`: what is sent comes from standard input. Ends with 0 where that was done or found, 4 where there is no such thing, and else with 3 and what
# the server said on standard error.
set -u
umask 077
work=$(mktemp -d -p /run) || exit 3
trap 'rm -rf "$work"' EXIT
sent=
if [ "${6-}" = - ]; then
  sent=$work/sent
  cat >"$sent"
fi
if [ "$4" = GET ]; then sent=$work/answer; fi
said=$(sh "$1" "$2" "$3" "$4" "$5" "$sent" "$work/answer" 2>"$work/why")
case $said in
2*) cat "$work/answer" 2>/dev/null || : ;;
404*) exit 4 ;;
*)
  { printf '%s %s: %s\n' "$4" "${5%%\?*}" "${said%% *}"; cat "$work/answer" "$work/why" 2>/dev/null; } >&2
  exit 3
  ;;
esac
