/** Characters that no POSIX shell treats specially anywhere in a word. */
const PLAIN = /^[\w@%+=:,./-]+$/;

/**
 * Quotes one word for any POSIX shell.
 *
 * zx quotes with `$'…'`, which dash and busybox ash read literally, so hawser never uses it for a host.
 * @throws TypeError on a NUL byte, which no shell word can hold.
 */
export function quote(word: string): string {
  if (word.includes("\0")) throw new TypeError("a shell word cannot hold a NUL byte");
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
