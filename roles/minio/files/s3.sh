# Managed by hawser: role minio. One S3 request, signed (AWS Signature Version 4) by this shell and sha256sum, sent by any curl.
#   sh s3.sh KEY TRUSTED METHOD URL [FILE [ANSWER]]
# KEY: a file with ACCESS=… and SECRET=…. URL: its query, if any, in the order of its names, and encoded. FILE: what PUT sends (without it
# nothing), or where GET puts what came. ANSWER: where the answer to anything else is put. Prints `STATUS ETAG`, `000 none` if
# nobody answered. No key is in an argument of a process, and none leaves the host.
set -u
LC_ALL=C
export LC_ALL
. "$1"
trusted=$2 method=$3 url=$4 file=${5-} answer=${6-/dev/null}
rest=${url#*://}
host=${rest%%/*} path=/${rest#*/} query=
case $path in
*\?*)
  # Every name has a value there, and be it an empty one.
  for pair in $(printf '%s' "${path#*\?}" | tr '&' ' '); do
    case $pair in *=*) ;; *) pair=$pair= ;; esac
    query=$query${query:+&}$pair
  done
  path=${path%%\?*}
  ;;
esac

# bytes HEX [XOR LENGTH]: the bytes, each changed by XOR, and filled up with zeros before that.
bytes() {
  hex=$1 xor=${2-0} length=${3-0} octal='' count=0
  while [ -n "$hex" ] || [ "$count" -lt "$length" ]; do
    two=${hex%"${hex#??}"}
    hex=${hex#??}
    value=$((0x${two:-0} ^ xor)) count=$((count + 1))
    octal="$octal\\0$((value >> 6))$((value >> 3 & 7))$((value & 7))"
  done
  printf '%b' "$octal"
}
# printf is the shell's own: what it prints is in no process list.
hash() {
  sum=$(sha256sum)
  printf '%s' "${sum%% *}"
}
# hmac KEY TEXT: HMAC-SHA256 in hexadecimal, of a key in hexadecimal that has at most 64 bytes (RFC 2104).
hmac() {
  inner=$({ bytes "$1" 54 64; printf '%s' "$2"; } | hash)
  { bytes "$1" 92 64; bytes "$inner"; } | hash
}
hexadecimal() { od -An -v -tx1 | tr -d ' \n'; }

if [ "$method" = PUT ] && [ -n "$file" ]; then content=$(hash <"$file"); else content=$(printf '' | hash); fi
now=$(date -u +%Y%m%dT%H%M%SZ)
day=${now%%T*}
headers='host;x-amz-content-sha256;x-amz-date'
request="$method
$path
$query
host:$host
x-amz-content-sha256:$content
x-amz-date:$now

$headers
$content"
scope=$day/us-east-1/s3/aws4_request
text="AWS4-HMAC-SHA256
$now
$scope
$(printf '%s' "$request" | hash)"
key=$(printf '%s' "AWS4$SECRET" | hexadecimal)
for part in "$day" us-east-1 s3 aws4_request; do key=$(hmac "$key" "$part"); done

how="output = \"$answer\""
case $method in
PUT) if [ -n "$file" ]; then send="upload-file = \"$file\""; else send='request = PUT
data = ""'; fi ;;
GET) send='' how="output = \"$file\"" ;;
HEAD) send=head how='' ;;
*) send="request = $method" ;;
esac
# Without the last header, RustFS and MinIO ask the other sites for what they have not got, and it would look as if it had arrived.
# With HTTP/2, the answer of a server that does not want what is sent may be lost. curl before 7.33 has none, and does not know the word.
said=$(
  curl -sS -D - -K - <<END
url = "$url"
http1.1
cacert = "$trusted"
connect-timeout = 5
max-time = 30
header = "Authorization: AWS4-HMAC-SHA256 Credential=$ACCESS/$scope, SignedHeaders=$headers, Signature=$(hmac "$key" "$text")"
header = "x-amz-content-sha256: $content"
header = "x-amz-date: $now"
header = "x-minio-source-proxy-request: false"
$send
$how
END
)
printf '%s\n' "$said" | tr -d '\r' | awk '
toupper($1) ~ /^HTTP\// { status = $2; etag = "none" }
tolower($1) == "etag:" { etag = $2; gsub(/"/, "", etag) }
END { print (status == "" ? "000" : status), (etag == "" ? "none" : etag) }'
