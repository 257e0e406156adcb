/**
 * Ends a process group. A group that is gone already is no error: it did end. With `insist` it waits up to two seconds and
 * then kills what is left; `sleep 0.1` is not POSIX, so a host without it sleeps in seconds.
 * No `--` before the group: dash's and busybox's kill take it for a process after a numbered or a named signal.
 */
export function killScript(group: number, signal: "TERM" | "KILL", insist = false): string {
  if (!Number.isSafeInteger(group) || group <= 1) throw new RangeError(`not a process group: ${group}`);
  const send = `kill -${signal} -${group} 2>/dev/null || ! kill -0 -${group} 2>/dev/null || kill -${signal} -${group}`;
  if (!insist) return `${send}\n`;
  return `${send}
i=0
while [ $i -lt 20 ] && kill -0 -${group} 2>/dev/null; do
sleep 0.1 2>/dev/null || { sleep 1; i=$((i + 9)); }
i=$((i + 1))
done
kill -KILL -${group} 2>/dev/null
:
`;
}
