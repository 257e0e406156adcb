import { createHash } from "node:crypto";
import type { Observed } from "../resources/contract.ts";
import { quote, type Secret, type Sh } from "../shell/index.ts";

/** Exit status that a shell gives for a missing command; a missing user counts as one. */
const NOT_FOUND = 127;

/** Shell text as one user: what a look or an apply consists of once its late values are known. */
export interface Fragment {
  readonly text: string;
  readonly user: string | undefined;
  readonly sensitive: boolean;
}

/** @throws ValuePending while a late value in it is not known. */
export function fragment(command: Sh, user: string | undefined, onReveal: (secret: Secret) => void): Fragment {
  return { text: command.render(onReveal), user, sensitive: command.sensitive };
}

/**
 * The fragment as text to evaluate in a subshell of the session's user. Another user gets it by standard input, so that
 * nothing of it stands in the process list.
 * @param strict Stop at the first failing line.
 */
export function evaluable(part: Fragment, { strict }: { strict: boolean }): string {
  const body = strict ? `set -e\n${part.text}` : part.text;
  if (part.user === undefined) return body;
  const user = quote(part.user);
  const inner = `umask 077; cd /; HOME=~${part.user}; USER=${user}; LOGNAME=${user}; export HOME USER LOGNAME; eval ${quote(body)} </dev/null`;
  return [
    `id -u ${user} >/dev/null 2>&1 || { echo "there is no user ${part.user}" >&2; exit ${NOT_FOUND}; }`,
    `if command -v runuser >/dev/null 2>&1; then printf '%s\\n' ${quote(inner)} | runuser -u ${user} -- sh`,
    `else printf '%s\\n' ${quote(inner)} | su -s /bin/sh ${user} -c 'exec sh'; fi`,
  ].join("\n");
}

/** What a repeated look is compared by: everything that it printed on standard output and its status, or the status alone. */
export function digest(out: Buffer | string, code: number): string {
  return createHash("sha256").update(out).update(`#${code}`).digest("hex");
}

/** One look at the host, as it came back. */
export interface Look {
  readonly seen: Observed;
  readonly digest: string;
  /** It was not answered within the time-out. */
  readonly timedOut?: boolean;
  /** From the answer before it to its own, as they came in. Undefined for the first of a request. */
  readonly seconds?: number;
}

export function lookOf(out: Buffer, err: Buffer, code: number): Look {
  return { seen: { out: out.toString(), err: err.toString(), code }, digest: digest(out, code) };
}

/** The look that a change expects after itself. */
export function expectedLook(after: Observed): Look {
  return { seen: after, digest: digest(after.out, after.code) };
}
