import type { Session } from "../engine/session.ts";
import { probesOf, type Declared } from "./scene.ts";

/** Files by which a host is asked to return to its path sooner. */
export const holdFilesOf = (declared: Declared): string[] => probesOf(declared).flatMap((probe) => (probe.kind === "path" && probe.holdFile !== undefined ? [probe.holdFile] : []));

/** Shell text that asks for `seconds`, for at most `ttl` more: who is killed in between changes nothing for good. */
export const holdScript = (files: readonly string[], seconds: number, ttl: number): string => `set -eu; read -r up _ </proc/uptime; for f in ${files.join(" ")}; do echo "${seconds} $((\${up%.*} + ${ttl}))" >"$f.new"; mv -f "$f.new" "$f"; done`;

/** @returns takes it back */
export async function shortenHold(session: Session, files: readonly string[], seconds: number, ttl: number): Promise<() => Promise<unknown>> {
  await session.$`sh -c ${holdScript(files, seconds, ttl)}`;
  return () => session.$`rm -f ${[...files]}`;
}
