import { ConnectionLost, HostKeyRefused, Unreachable } from "./errors.ts";

/** Milliseconds between two attempts; doubled each time. */
const FIRST_WAIT = 200;
const LONGEST_WAIT = 2000;

/**
 * Connects until it works or `seconds` have passed; at least once. A refused host key ends it at once, since waiting does
 * not mend it.
 * @throws Unreachable the last attempt's
 */
export async function reconnectWithin<T>(seconds: number, connect: () => Promise<T>): Promise<T> {
  const giveUp = Date.now() + seconds * 1000;
  for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
    try {
      return await connect();
    } catch (error) {
      const mendable = (error instanceof Unreachable || error instanceof ConnectionLost) && !(error instanceof HostKeyRefused);
      if (!mendable || Date.now() + wait > giveUp) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
