import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LabError } from "./error.ts";

const EVERY_MS = 100;

/**
 * Runs `work` while no other process of this machine does so under the same name.
 *
 * The lock is a listening socket: the kernel takes it back however the holder dies, so there are no stale locks.
 * @param within how long to wait for it, in ms; default 10 minutes, which outlasts building an image
 * @throws LabError when the wait is over
 */
export async function withLock<T>(name: string, work: () => Promise<T>, onWait: () => void = () => {}, within = 600_000): Promise<T> {
  const address = socketAddress(name);
  const deadline = performance.now() + within;
  let told = false;
  let server = await tryListen(address);
  while (server === undefined) {
    if (performance.now() > deadline) throw new LabError(`another process has held the lock "${name}" for ${within / 1000} s`);
    if (!told) onWait();
    told = true;
    await sleep(EVERY_MS);
    server = await tryListen(address);
  }
  try {
    return await work();
  } finally {
    const held = server;
    await new Promise<void>((resolve) => held.close(() => resolve()));
  }
}

/** Linux has sockets that need no file (a leading NUL); elsewhere a file in the temporary folder stands in. */
function socketAddress(name: string): string {
  const key = createHash("sha256").update(name).digest("hex").slice(0, 24);
  return process.platform === "linux" ? `\0hawser-lab-${key}` : join(tmpdir(), `hawser-lab-${key}.sock`);
}

async function tryListen(address: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ path: address, exclusive: true }, resolve);
    });
    server.unref();
    return server;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE") throw new LabError("cannot take the lab's lock", { cause });
    if (!address.startsWith("\0") && !(await answers(address))) await rm(address, { force: true });
    return undefined;
  }
}

/** A socket file outlives its holder; one that nobody listens on is a leftover. */
function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
  });
}
