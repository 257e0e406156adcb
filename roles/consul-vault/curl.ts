import { sh, Sh, type Secret, type Value } from "hawser";

export interface Request {
  readonly url: string | Value<string>;
  /** Default GET. */
  readonly method?: "GET" | "PUT" | "POST" | "DELETE";
  /** A file of curl's settings with a token, which so stands in no command line. */
  readonly token?: string;
  /** The certificates that the server's must come from. */
  readonly trusted?: string;
  /** Goes in by standard input. */
  readonly body?: string | Secret | Value<string | Secret>;
}

/** Seconds that one request may take. */
const WITHIN = 10;

/**
 * A request; prints the body, a new line and the HTTP status. Fails when there is no answer. A server of Vault that does not lead and
 * cannot pass a request on answers 307 with who leads, and that one is asked.
 */
export function request({ url, method = "GET", token, trusted, body }: Request): Sh {
  const asked = sh`curl -sSL -m ${WITHIN} -X ${method} -w ${"\\n%{http_code}"}${trusted === undefined ? Sh.raw("") : sh` --cacert ${trusted}`}${token === undefined ? Sh.raw("") : sh` -K ${token}`}${body === undefined ? Sh.raw("") : Sh.raw(" --data-binary @-")} ${url}`;
  return body === undefined ? asked : asked.stdin(body);
}

/** Puts the status of the answer in `$r` into `$c`. */
export const STATUS = Sh.raw(`c=\${r##*
}`);

/** Exit 0 when the answer's status is one of these. What the server said otherwise goes to standard error, where `quiet` is not set. */
export function answers(asked: Sh, statuses: readonly number[], { quiet = false } = {}): Sh {
  return Sh.lines(
    sh`r=$(${asked}) || exit ${quiet ? 1 : 2}`,
    STATUS,
    Sh.raw(`case $c in ${statuses.join(" | ")}) ;; *) ${quiet ? "" : `printf '%s\\n' "$r" >&2; `}exit 1 ;; esac`),
  );
}

export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** @throws Error when the command printed no answer */
export function replyOf(out: string): Reply {
  const [, text = "", status = ""] = /^([\s\S]*)\n(\d{3})\s*$/.exec(out) ?? [];
  if (status === "" || status === "000") throw new Error("there is no answer");
  return { status: Number(status), text };
}

/** The JSON of an answer with 200. @throws Error naming another status */
export function jsonOf(out: string): unknown {
  const { status, text } = replyOf(out);
  if (status !== 200) throw new Error(`it answers ${status}: ${text.trim().slice(0, 200)}`);
  return JSON.parse(text);
}

/** curl's settings that send a token. */
export const tokenHeader = (header: "X-Consul-Token" | "X-Vault-Token", token: string): string => `header = "${header}: ${token}"\n`;
