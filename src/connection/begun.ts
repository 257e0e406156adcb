import { BecomeFailed } from "../engine/session.ts";
import { becomeFailure, wantsPassword } from "./become-failure.ts";
import type { Program } from "./program.ts";
import type { Become } from "./target.ts";

/** Seconds until a become that neither asks nor starts is given up; PAM delays a refusal by about two. */
const BECOME_TIMEOUT = 30;
/** Milliseconds between two looks at what a host has said. */
const LOOK_EVERY = 100;

/**
 * Waits for the first line of a program that may be asked for a password; lets go of the program when it does not come.
 * @throws BecomeFailed, Unreachable, ConnectionLost
 */
export async function begun(program: Program, host: string, become: Become, noise: () => string): Promise<void> {
  const giveUp = Date.now() + BECOME_TIMEOUT * 1000;
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      // su cannot be told not to ask: without a password to send, its prompt is the refusal.
      if (!become.password && wantsPassword(noise())) reject(becomeFailure(host, become, become.user, noise(), { code: 1, signal: null }));
      else if (Date.now() > giveUp) reject(slow(host, become, noise()));
    }, LOOK_EVERY);
  });
  try {
    await Promise.race([program.started, stuck]);
  } catch (error) {
    program.destroy();
    throw error;
  } finally {
    clearInterval(timer);
  }
}

function slow(host: string, become: Become, said: string): BecomeFailed {
  return new BecomeFailed(`${host}: ${become.method} neither asked for a password nor started a shell within ${BECOME_TIMEOUT} s`, {
    host,
    hint: `try ${become.method} by hand on the host: it may ask a question that hawser does not know`,
    ...(said && { stderr: said }),
  });
}
