import type { Session } from "../../src/engine/session.ts";
import type { Become, Connection, Target } from "../../src/connection/index.ts";
import { LOGIN, type Sshd } from "./sshd.ts";

export interface Ran {
  readonly out: Buffer;
  readonly err: Buffer;
  readonly text: string;
}

let count = 0;

/** Runs a script the way the engine does: it prints the end line on both streams. */
export async function run(session: Session, script: string, signal?: AbortSignal, showable = false): Promise<Ran> {
  const end = `the-end-${(count += 1)}`;
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  await session.request(`${script}\nprintf '\\n%s\\n' ${end}; printf '\\n%s\\n' ${end} >&2\n`, { end, onStdout: (chunk) => out.push(Buffer.from(chunk)), onStderr: (chunk) => err.push(Buffer.from(chunk)), ...(signal && { signal }), showable });
  return { out: Buffer.concat(out), err: Buffer.concat(err), text: Buffer.concat(out).toString() };
}

/** A target on a test server. */
export function targetOn(server: Sshd, connection: Partial<Connection> = {}, become: Become = { method: "none", user: LOGIN }, host = "web1"): Target {
  const base: Connection = { kind: "ssh", address: "127.0.0.1", port: server.port, user: LOGIN, keys: [server.key], agent: false, knownHosts: `${server.folder}/known_hosts`, hostKeyChecking: "strict", config: false, connectTimeout: 10, keepalive: 15 };
  return { host, connection: { ...base, ...connection }, become };
}

/** Waits until something holds, and fails when it does not within `seconds`. */
export async function until(holds: () => boolean | Promise<boolean>, seconds = 10): Promise<void> {
  for (const giveUp = Date.now() + seconds * 1000; !(await holds()); ) {
    if (Date.now() > giveUp) throw new Error(`${holds.toString()} did not come true within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
