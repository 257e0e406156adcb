/**
 * The keeper: the process that holds connections between runs. It ends by itself when it holds nothing, writes nothing, and
 * has nothing of its starter's but the folders that it needs to know.
 */
import { statSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { lock } from "../file-lock.ts";
import type { Lease } from "./lease.ts";
import { keeperSocket, privateFolder, privateSocket } from "./place.ts";
import { Pool } from "./pool.ts";
import { serve } from "./serve.ts";

/** Milliseconds that a keeper which has just begun waits for its first run. */
const FIRST_VISIT = 10_000;
/** Milliseconds between two looks at whether the socket still is this process's own. */
const LOOK_EVERY = 5000;

/** @returns false where something else listens: another keeper was faster. */
async function listen(server: Server, path: string): Promise<boolean> {
  const unlock = await lock(`${path}.lock`);
  try {
    privateSocket(path);
    if (await answers(path)) return false;
    // Left over from a keeper that was killed.
    rmSync(path, { force: true });
    const umask = process.umask(0o177);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
      process.umask(umask);
    });
    return true;
  } finally {
    await unlock();
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    // One that is too busy to answer is there all the same.
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "ECONNREFUSED" && code !== "ENOENT"));
  });
}

async function main(wanted: string | undefined): Promise<void> {
  process.umask(0o077);
  const path = keeperSocket();
  // Started by other code than this is by now.
  if (path !== wanted) return;
  privateFolder(dirname(path));

  const sockets = new Set<Socket>();
  const leases = new Map<string, Lease>();
  let isYoung = true;
  let isEnding = false;
  const pool = new Pool(() => endIfIdle());
  const server = createServer((socket) => {
    if (isEnding) {
      socket.destroy();
      return;
    }
    isYoung = false;
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      endIfIdle();
    });
    serve(socket, pool, leases);
  });
  const isFirst = await listen(server, path);
  // Whoever has started this one may be gone.
  process.stdout.on("error", () => {});
  process.stdout.write("ready\n");
  if (!isFirst) return;
  const own = statSync(path).ino;
  const isOwn = (): boolean => statSync(path, { throwIfNoEntry: false })?.ino === own;

  const end = async (): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    // First, so that a run that comes now starts another. Closing the server instead would remove whatever is there.
    if (isOwn()) rmSync(path, { force: true });
    await pool.end();
    process.exit(0);
  };
  function endIfIdle(): void {
    if (!isYoung && sockets.size === 0 && pool.empty) void end();
  }
  setTimeout(() => {
    isYoung = false;
    endIfIdle();
  }, FIRST_VISIT);
  // Nobody finds a keeper whose socket is gone: what waits there waits in vain.
  setInterval(() => {
    if (!isOwn()) void pool.close();
    endIfIdle();
  }, LOOK_EVERY);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void end());
  process.on("SIGHUP", () => {});
}

await main(process.argv[2]);
