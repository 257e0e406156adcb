import { randomBytes } from "node:crypto";
import type { Writable } from "node:stream";
import type { ChannelEvents, Exit } from "./transport.ts";

/** A shell script running on a host as the wanted user, past every banner and prompt. */
export interface Program {
  readonly stdin: Writable;
  /** The process group on the host. Rejects when the program never began: BecomeFailed, Unreachable or ConnectionLost. */
  readonly started: Promise<number>;
  readonly closed: Promise<Exit>;
  destroy(): void;
}

export interface ProgramRequest {
  /** POSIX shell text. */
  readonly script: string;
  readonly events: ChannelEvents;
  /** Called for each exchange that is waited for. */
  readonly onExchange: () => void;
}

/** A word that nothing on a host can print by chance. */
export function randomWord(): string {
  return `hawser-${randomBytes(12).toString("hex")}`;
}

/**
 * What every program begins with: the same environment everywhere, then `mark` and the process group on both streams.
 * The group comes from /proc, since a shell under sudo is not always the leader of its group; field 5 of proc(5)'s stat,
 * counted behind the name in parentheses.
 */
export function opening(mark: string): string {
  return `LC_ALL=C; export LC_ALL; umask 077; cd /
PATH=\${PATH:-/usr/local/bin:/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin; export PATH
hwl_g=$$
if [ -r /proc/$$/stat ] && read -r hwl_s </proc/$$/stat; then hwl_s=\${hwl_s##*) }; set -- $hwl_s; hwl_g=$3; set --; fi
printf '\\n%s %s\\n' ${mark} "$hwl_g"; printf '\\n%s %s\\n' ${mark} "$hwl_g" >&2
`;
}
