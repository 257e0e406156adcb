import { Secret, sh, Sh } from "hawser";

/**
 * What a command prints, with a secret in it replaced by the word `wanted`, and by `others` (for sed) what could be another one. So a look
 * tells whether the secret is the right one, and prints none. No secret stands in a command line: what handles it is the shell's own.
 * @param secret Itself, or the file on the host that holds it, so that a look needs no other look before it.
 */
export function masked(asked: Sh, secret: Secret | string, others: string): Sh {
  const look = Sh.lines(
    "{",
    secret instanceof Secret ? "k=$(cat)" : sh`k=$(cat ${secret}) || exit 2`,
    sh`r=$(${asked} </dev/null) || exit 2`,
    Sh.raw(`o=
while :; do
case $r in
*"$k"*) o=$o\${r%%"$k"*}wanted r=\${r#*"$k"} ;;
*) break ;;
esac
done`),
    sh`printf '%s' "$o$r" | sed ${others}`,
    "}",
  );
  return secret instanceof Secret ? look.stdin(secret) : look;
}
