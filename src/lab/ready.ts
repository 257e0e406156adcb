import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const EVERY_MS = 50;

/**
 * Whether something that says `SSH-` answers.
 * @param within for how many ms it may be silent; the default allows for the longest round-trip time of a lab
 */
export function sshAnswers(address: string, port: number, within = 5000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: within });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", (data) => settle(data.toString("latin1").startsWith("SSH-")));
    for (const event of ["error", "timeout", "close"]) socket.once(event, () => settle(false));
  });
}

/** Whether something accepts a TCP connection within `within` ms. */
export function answers(address: string, port: number, within = 1000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: within });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => settle(true));
    for (const event of ["error", "timeout"]) socket.once(event, () => settle(false));
  });
}

/** Asks again and again until `condition` holds. @returns false when `within` ms are over or `hopeless` says so */
export async function poll(condition: () => Promise<boolean>, within: number, hopeless: () => Promise<boolean> = async () => false): Promise<boolean> {
  const deadline = performance.now() + within;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() > deadline || (await hopeless())) return false;
    await sleep(EVERY_MS);
  }
}
