import { Sh } from "hawser";

/** Whatever hawser made in the cluster has it, with the role's name of it as the value; what has none is left alone. */
export const MANAGED = "hawser.name";

/**
 * A shell function: `api METHOD PATH` asks the engine with the body on standard input, prints what it answers, and fails with what
 * it says. Bodies hold secrets, so no program gets one as an argument and no file holds it. The engine's own client carries it:
 * CentOS 7's curl knows no sockets. The pipe stays open until the answer, since the engine gives up a request whose sender hung up.
 */
export const API = Sh.raw(`api() (
  set +e
  b=$(cat); d=$(mktemp -d) || exit 1
  trap 'rm -rf "$d"' EXIT
  mkfifo "$d/in"
  docker system dial-stdio <"$d/in" >"$d/out" 2>"$d/err" &
  exec 3>"$d/in"
  printf '%s %s HTTP/1.0\\r\\nHost: docker\\r\\nContent-Type: application/json\\r\\nContent-Length: %s\\r\\n\\r\\n%s' "$1" "$2" "\${#b}" "$b" >&3
  wait $!
  exec 3>&-
  read -r _ code _ <"$d/out"
  tr -d '\\r' <"$d/out" | sed '1,/^$/d' >"$d/body"
  case $code in 2??) cat "$d/body" ;; *) { echo "Docker's API answered $code to $1 $2:"; cat "$d/body" "$d/err"; } >&2; exit 1 ;; esac
)`);

/** JSON in which no byte is longer than a character, since the function counts characters. */
export const ascii = (value: unknown): string => JSON.stringify(value).replaceAll(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

/**
 * Everything that the cluster has, a line each: what it is and then JSON. All kinds of this role look by this one text, so a host is
 * asked once. Not a manager: nothing.
 */
export const CLUSTER = Sh.raw(`s=$(docker info --format '{{if .Swarm.ControlAvailable}}swarm {"ID":{{json .Swarm.Cluster.ID}},"Spec":{{json .Swarm.Cluster.Spec}}}{{end}}') || exit 1
case $s in swarm*) printf '%s\\n' "$s" ;; *) exit 0 ;; esac
list() { k=$1; f=$2; shift 2; i=$("$@" -q) || exit 1; [ -z "$i" ] || docker "$k" inspect --format "$k $f" $i || exit 1; }
list node '{"ID":{{json .ID}},"Hostname":{{json .Description.Hostname}},"Spec":{{json .Spec}},"State":{{json .Status.State}}}' docker node ls
list network '{"ID":{{json .ID}},"Name":{{json .Name}},"Driver":{{json .Driver}},"Ingress":{{json .Ingress}},"Internal":{{json .Internal}},"Attachable":{{json .Attachable}},"Options":{{json .Options}},"Labels":{{json .Labels}},"Config":{{json .IPAM.Config}}}' docker network ls --filter scope=swarm --no-trunc
list config '{"ID":{{json .ID}},"Name":{{json .Spec.Name}},"Labels":{{json .Spec.Labels}}}' docker config ls
list secret '{"ID":{{json .ID}},"Name":{{json .Spec.Name}},"Labels":{{json .Spec.Labels}}}' docker secret ls
list service '{"ID":{{json .ID}},"Spec":{{json .Spec}},"Previous":{{json .PreviousSpec}}}' docker service ls`);
