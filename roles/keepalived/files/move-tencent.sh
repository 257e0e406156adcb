#!/bin/sh
# Managed by hawser: role keepalived. move-tencent.sh take [--dry-run]: binds the elastic address to this gateway's HAVIP.
#
# Requests are signed by TC3-HMAC-SHA256. Inside a subnet a HAVIP follows its holder by ARP; between subnets and regions the elastic
# address is what moves. With --dry-run it says what it would ask for, and asks for nothing.
set -eu
. "${MOVER_CONF:-/etc/hawser/vip/mover.conf}"
[ "${1:-}" = take ] || { echo 'usage: move-tencent.sh take [--dry-run]' >&2; exit 2; }
dry=${2:-}

# Hexadecimal of standard input.
hex() { od -An -v -tx1 | tr -d ' \n'; }
sha256() { openssl dgst -sha256 -r | cut -d ' ' -f 1; }

# bytes HEX [PAD]: those bytes; with a pad, in hexadecimal, filled up to a block of SHA-256 and XORed with it (RFC 2104). By standard
# input and the shell's own printf, so that no key is in a command's words.
bytes() {
  printf "$(printf '%s\n' "$1" | awk -v pad="${2:-}" '
    function digit(c) { return index("0123456789abcdef", c) - 1 }
    function xor(a, b,  bit, sum) { for (bit = 1; bit < 16; bit *= 2) sum += bit * ((int(a / bit) + int(b / bit)) % 2); return sum }
    {
      if (pad == "") pad = "00"; else while (length($0) < 128) $0 = $0 "00"
      for (i = 1; i < length($0); i += 2) printf "\\%03o", 16 * xor(digit(substr($0, i, 1)), digit(substr(pad, 1, 1))) + xor(digit(substr($0, i + 1, 1)), digit(substr(pad, 2, 1)))
    }')"
}

# hmac HEXKEY TEXT: HMAC-SHA256 in hexadecimal, in $mac. openssl takes a key in its words alone, so it is done by hand.
hmac() {
  key=$1
  [ ${#key} -le 128 ] || key=$(bytes "$key" | sha256)
  inner=$({ bytes "$key" 36; printf %s "$2"; } | sha256)
  mac=$({ bytes "$key" 5c; bytes "$inner"; } | sha256)
}

# call ACTION BODY
call() {
  if [ -n "$dry" ]; then echo "POST $API/ $1 $2"; return; fi
  host=${API#*://}
  now=$(date +%s)
  day=$(date -u -d "@$now" +%Y-%m-%d)
  scope="$day/vpc/tc3_request"
  newline='
'
  action=$(printf %s "$1" | tr '[:upper:]' '[:lower:]')
  request="POST$newline/$newline${newline}content-type:application/json${newline}host:$host${newline}x-tc-action:$action$newline${newline}content-type;host;x-tc-action$newline$(printf %s "$2" | sha256)"
  hmac "$(printf %s "TC3$SECRET_KEY" | hex)" "$day"
  hmac "$mac" vpc
  hmac "$mac" tc3_request
  hmac "$mac" "TC3-HMAC-SHA256$newline$now$newline$scope$newline$(printf %s "$request" | sha256)"
  answer=$(curl -sS --max-time 10 -X POST -H 'Content-Type: application/json' -H "Host: $host" -H "X-TC-Action: $1" -H 'X-TC-Version: 2017-03-12' -H "X-TC-Timestamp: $now" -H "X-TC-Region: $REGION" \
    -H "Authorization: TC3-HMAC-SHA256 Credential=$SECRET_ID/$scope, SignedHeaders=content-type;host;x-tc-action, Signature=$mac" -d "$2" "$API/")
}

call HaVipDisassociateAddressIp "{\"AddressIp\":\"$ADDRESS\"}"
# It may have been bound to nothing. Until an earlier one is loose, binding it is refused.
for wait in 1 2 4 8 0; do
  call HaVipAssociateAddressIp "{\"HaVipId\":\"$HAVIP\",\"AddressIp\":\"$ADDRESS\"}"
  case ${answer:-} in *'"Error"'*) sleep $wait ;; *) exit 0 ;; esac
done
echo "$ADDRESS was not bound to $HAVIP: $answer" >&2
exit 1
