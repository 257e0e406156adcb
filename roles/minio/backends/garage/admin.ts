import { PlanError, Sh, sh, type Observed } from "hawser";
import { ADMIN_CURL } from "./paths.ts";

const url = (port: number, call: string): string => `http://127.0.0.1:${port}/v2/${call}`;

/** Asks Garage's admin API on this host. */
export const ask = (port: number, call: string): Sh => sh`curl -sSf --max-time 10 -K ${ADMIN_CURL} ${url(port, call)}`;

/** Sets `a` to the answer, or to nothing where Garage has not got what is asked for. Ends with 3 where it does not answer. @param query Shell text behind the call. */
export const askFor = (port: number, call: string, query: Sh = Sh.raw("")): Sh =>
  Sh.lines(
    sh`a=$(curl -sS --max-time 10 -K ${ADMIN_CURL} -w '\n%{http_code}' ${url(port, call)}${query}) || exit 3`,
    Sh.raw(`case $a in
*200) a=\${a%???} ;;
*404) a= ;;
*) printf '%s\\n' "$a" >&2; exit 3 ;;
esac`),
  );

/** Sends what comes on standard input, and prints the answer. An answer that says no is an error. @param query Shell text behind the call. */
export const tell = (port: number, call: string, query: Sh = Sh.raw("")): Sh =>
  Sh.lines(
    sh`{ a=$(curl -sS --max-time 60 -K ${ADMIN_CURL} -H 'Content-Type: application/json' --data-binary @- -w '\n%{http_code}' ${url(port, call)}${query}) || exit 1`,
    Sh.raw(`case $a in *200) printf '%s\\n' "\${a%???}" ;; *) printf '%s\\n' "$a" >&2; exit 1 ;; esac; }`),
  );

/** @throws PlanError where Garage did not answer */
export function answered(seen: Observed): string {
  if (seen.code !== 0) throw new PlanError(`Garage's admin API does not answer: ${seen.err.trim()}`, "journalctl -u hawser-objects");
  return seen.out;
}
