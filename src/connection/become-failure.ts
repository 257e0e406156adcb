import { BecomeFailed, ConnectionLost, Unreachable } from "../engine/session.ts";
import type { HawserError } from "../errors/index.ts";
import type { Become } from "./target.ts";
import type { Exit } from "./transport.ts";

const WRONG_PASSWORD = /sorry, try again|incorrect password|authentication fail|permission denied/i;
const NO_PASSWORD = /a password is required|authentication required|authorization required|a terminal is required|no tty present|password:/i;
const NO_PERMISSION = /not in the sudoers|not allowed to|may not run|operation not permitted|doas is not enabled|must be suid|effective uid is not 0/i;
/** What nologin(8) says, whatever it was asked to run. */
const NO_SHELL = /this account is currently not available/i;
const NO_USER = /unknown user|user \S+ does not exist|no passwd entry/i;

/** sudo's refusal on hosts with `Defaults requiretty`. */
export function wantsTerminal(noise: string): boolean {
  return /you must have a tty/i.test(noise);
}

/** A prompt that waits: the last thing said, without a line end. */
export function wantsPassword(noise: string): boolean {
  return /(?:password|passcode|verification code)[^\n]*:\s*$/i.test(noise);
}

/** Why a program never printed its first line, from what the host said instead. */
export function becomeFailure(host: string, become: Become, login: string, noise: string, exit: Exit): HawserError {
  const said = lastLine(noise);
  if (exit.lost !== undefined) return new ConnectionLost(`${host}: ${exit.lost}`, { host });
  const ended = exit.code === null ? `signal ${exit.signal}` : `exit code ${exit.code}`;
  if (become.method === "none" || NO_SHELL.test(noise)) {
    return new Unreachable(`${host}: ${login} may log in but gets no shell (${ended})${said && `: ${said}`}`, {
      host,
      hint: `look at the login shell and the start-up files of ${login} on the host`,
      stderr: noise.trim(),
    });
  }
  const { what, hint } = explain(become, login, noise, exit.code, said || ended);
  return new BecomeFailed(`${host}: ${what}`, { host, hint, stderr: noise.trim() });
}

function explain(become: Become, login: string, noise: string, code: number | null, said: string): { what: string; hint: string } {
  const { method, user, password } = become;
  const whose = method === "su" ? user : login;
  if (code === 127) return { what: `${method} is not installed`, hint: `install ${method}, or choose another become method` };
  if (NO_USER.test(noise)) return { what: `${method} knows no user ${user}`, hint: "check the become user" };
  if (NO_PERMISSION.test(noise)) return { what: `${method} does not let ${login} become ${user}: ${said}`, hint: `allow it in the host's ${method} rules, or choose another become method` };
  if (password === undefined && (NO_PASSWORD.test(noise) || WRONG_PASSWORD.test(noise))) {
    return { what: `${method} asks for the password of ${whose} to become ${user}, and none is given`, hint: "set `become: { password }` in the inventory, e.g. `!env SUDO_PASSWORD`" };
  }
  if (password !== undefined && WRONG_PASSWORD.test(noise)) return wrongPassword(become, login);
  return { what: `${method} to ${user} failed: ${said}`, hint: `try it by hand: log in as ${login} and run ${method}` };
}

export function wrongPassword(become: Become, login: string): { what: string; hint: string } {
  const whose = become.method === "su" ? become.user : login;
  return { what: `${become.method} refused the password of ${whose} to become ${become.user}`, hint: `check \`become: { password }\`: ${become.method} wants the password of ${whose}` };
}

function lastLine(noise: string): string {
  const lines = noise.split(/\r?\n/).map((text) => text.trim()).filter(Boolean);
  return lines.at(-1) ?? "";
}
