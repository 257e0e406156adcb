import { quote } from "../shell/index.ts";

/** Linux refuses a longer single argument with "Argument list too long" (MAX_ARG_STRLEN, 32 pages). */
const MAX_ARGUMENT = 131_071;

/** Evaluates its first argument, which is in `encode`'s form, with no positional parameters left. */
const BOOT = 'hwl_s=$(printf %b "$1"); shift; eval "$hwl_s"';

/**
 * Writes text so that every login shell leaves it alone inside single quotes. csh expands `!` there and refuses a newline,
 * fish takes `\'` and `\\` as escapes; printf's %b turns `\0ooo` back into bytes on the other side.
 */
export function encode(text: string): string {
  let out = "";
  for (const byte of Buffer.from(text)) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c && byte !== 0x21;
    out += plain ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, "0")}`;
  }
  return out;
}

/** The words that run `script` under sh when given to exec, sudo or doas. */
export function shellWords(script: string): readonly string[] {
  return ["sh", "-c", BOOT, "sh", checked(script)];
}

/** The words that follow `su`: it takes a command as text and hands the rest of its words to the shell. */
export function suWords(user: string, script: string, redirect = ""): readonly string[] {
  return ["-s", "/bin/sh", "-c", redirect + BOOT, user, "sh", checked(script)];
}

function checked(script: string): string {
  if (script.includes("\0")) throw new TypeError("a shell script cannot hold a NUL byte");
  const encoded = encode(script);
  if (encoded.length <= MAX_ARGUMENT) return encoded;
  throw new RangeError(`a command of ${Buffer.byteLength(script)} bytes is longer than a host takes in one argument (${MAX_ARGUMENT} bytes once encoded); pass data through its input`);
}

/** A command line that sh, csh and fish all read alike. */
export function line(...words: readonly string[]): string {
  return words.map(quote).join(" ");
}
