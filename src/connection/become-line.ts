import { line, shellWords, suWords } from "./command-line.ts";
import type { Become } from "./target.ts";

/**
 * The command line that runs `script` as the wanted user, without a terminal. `exec` keeps the login shell from waiting
 * behind us; LC_ALL=C keeps sudo's messages in the language that we read.
 */
export function becomeLine(become: Become, script: string, prompt: string): string {
  const words = {
    none: () => shellWords(script),
    sudo: () => ["env", "LC_ALL=C", "sudo", ...(become.password ? ["-S", "-p", prompt] : ["-n"]), "-H", "-u", become.user, "--", ...shellWords(script)],
    doas: () => ["env", "LC_ALL=C", "doas", "-n", "-u", become.user, "--", ...shellWords(script)],
    su: () => ["env", "LC_ALL=C", "su", ...suWords(become.user, script)],
  }[become.method]();
  return `exec ${line(...words)}`;
}

/** Whether a prompt may come before our own first line. Nothing may be written until then, or a prompt would take it for a password. */
export function mayPrompt(become: Become): boolean {
  // su has no switch that forbids the prompt.
  return become.method === "su" || (become.method !== "none" && become.password !== undefined);
}

/** su and doas read a password from a terminal only, and word their prompts themselves. */
export function needsTerminal(become: Become): boolean {
  return become.password !== undefined && (become.method === "su" || become.method === "doas");
}
