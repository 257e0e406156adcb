import { setTimeout as delay } from "node:timers/promises";
import { HawserError } from "../errors/index.ts";
import { fragment, type Fragment } from "./fragment.ts";
import { type HostContext, phase } from "./host-context.ts";
import { ConnectionLost, ShellEnded } from "./session.ts";
import { Sh } from "../shell/index.ts";

const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/** Seconds between two looks whether the host still is on its old boot. */
const LOOK_EVERY = 1;

/** Reboots the host and waits until it is back with another boot id. */
export async function reboot(cx: HostContext, command: Fragment, withinSeconds: number): Promise<void> {
  const until = performance.now() + withinSeconds * 1000;
  const look = fragment(Sh.raw(`cat ${BOOT_ID}`), undefined, cx.redactor.add);
  const bootId = async (): Promise<string | undefined> => (await cx.remote.look([look]))[0]?.seen.out.trim();
  const before = await bootId();
  const asked = await cx.remote.once(command);
  if (asked && asked.seen.code !== 0) throw new HawserError(`the reboot command exited ${asked.seen.code}`, { stderr: asked.seen.err });
  phase(cx, "reconnecting", "rebooting");
  for (;;) {
    const left = (until - performance.now()) / 1000;
    if (left <= 0) throw new HawserError(`the host did not come back within ${withinSeconds} s`, { hint: "look at its console, or give the reboot more time by `within`" });
    try {
      const now = await bootId();
      if (now !== undefined && now !== "" && now !== before) break;
      await delay(LOOK_EVERY * 1000);
    } catch (error) {
      if (!(error instanceof ConnectionLost) && !(error instanceof ShellEnded)) throw error;
      await cx.remote.session.reconnect(left);
    }
  }
  await cx.renew();
}
