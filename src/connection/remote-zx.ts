import type { ChildProcess, SpawnOptions } from "node:child_process";
import { $, Fail, type Options, type ProcessPromise, type Shell } from "zx/core";
import { frameOf, isOwnCode } from "../errors/frames.ts";
import { quote } from "../shell/index.ts";
import { RemoteChild, type RemoteHost } from "./remote-child.ts";

/** Linux never gives a process a higher id (PID_MAX_LIMIT, 2^22), so these name no process of this machine. */
const FIRST_FAKE_PID = 2 ** 23;
const live = new Map<number, RemoteChild>();
let nextPid = FIRST_FAKE_PID;

// `.timeout()`, `.kill()` and `.abort()` take `kill` from the ambient $ and not from the one that made the command: without
// one dispatcher for all, a made-up pid would reach process.kill() on this machine.
const killHere = $.kill;
$.kill = async (pid, signal = "SIGTERM") => {
  const child = live.get(Number(pid));
  if (child) child.kill(signal);
  else if (Number(pid) < FIRST_FAKE_PID) await killHere(pid, signal);
};

/** Fails like zx does where the shell can: dash learnt pipefail late, and a subshell finds out without ending the script. */
const PREFIX = "set -eu; (set -o pipefail) 2>/dev/null && set -o pipefail; ";

/** Options that zx would apply to this machine, or that would leave the host. */
const LOCAL_OPTIONS = ["cwd", "env", "sync", "shell", "spawn", "spawnSync", "kill", "quote", "prefix", "postfix", "preferLocal", "detached", "stdio"] as const;

/** zx's `$`, its commands running on a host under `sh -eu`. */
export function remoteShell(host: RemoteHost): Shell {
  const spawn = (command: string, _args: unknown, { signal, input }: SpawnOptions & { readonly input?: unknown }): ChildProcess => {
    const child = new RemoteChild(nextPid++, host);
    live.set(child.pid, child);
    child.once("close", () => live.delete(child.pid));
    // zx leaves stdin open for an empty input, and `cat` would wait for ever.
    if (input === "") child.stdin.end();
    if (signal?.aborted) child.kill();
    signal?.addEventListener("abort", () => child.kill(), { once: true });
    void child.start(command);
    return child as unknown as ChildProcess;
  };
  return wrap($({ spawn: spawn as Options["spawn"], spawnSync: notSync, quote, prefix: PREFIX, env: {}, quiet: true }));
}

function notSync(): never {
  throw new TypeError("a command on a host cannot be waited for synchronously: await it");
}

function wrap(shell: Shell): Shell {
  const wrapped = (first: TemplateStringsArray | Partial<Options>, ...args: unknown[]): unknown => {
    if (Array.isArray(first)) return command(shell, wrapped as unknown as Shell, first as unknown as TemplateStringsArray, args);
    const local = LOCAL_OPTIONS.filter((name) => name in first);
    if (local.length > 0) throw new TypeError(`$({ ${local.join(", ")} }) is about this machine and not about the host: say it in the command`);
    return wrap(shell(first as Partial<Options>));
  };
  return new Proxy(wrapped as unknown as Shell, {
    get(target, key, receiver): unknown {
      if (key === "sync") return notSync();
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
}

function command(shell: Shell, wrapped: Shell, pieces: TemplateStringsArray, args: readonly unknown[]): ProcessPromise {
  const promise = calledFrom(callSite(), () => shell(pieces, ...args));
  const nothrow = promise.isNothrow.bind(promise);
  // nothrow is about exit codes. A command whose end nobody knows is no result.
  promise.isNothrow = () => (promise.child as unknown as RemoteChild | undefined)?.failure === undefined && nothrow();
  const pipe = promise.pipe;
  const pipeHere = (dest: unknown, ...rest: unknown[]): unknown => {
    // zx runs a template literal given to pipe() under the ambient $, on this machine.
    if (!Array.isArray(dest)) return (pipe as (to: unknown, ...more: unknown[]) => unknown)(dest, ...rest);
    return pipe(wrapped({ halt: true, signal: promise.signal })(dest as unknown as TemplateStringsArray, ...rest));
  };
  void Object.defineProperty(promise, "pipe", { value: Object.assign(pipeHere, { stdout: pipeHere, stderr: pipe.stderr, stdall: pipe.stdall }) });
  return promise;
}

/** zx takes the first frame with a URL for the caller, which under a loader is this file. */
function calledFrom<T>(place: string, call: () => T): T {
  const original = Object.getOwnPropertyDescriptor(Fail, "getCallerLocation") as PropertyDescriptor;
  Object.defineProperty(Fail, "getCallerLocation", { ...original, value: () => place });
  try {
    return call();
  } finally {
    Object.defineProperty(Fail, "getCallerLocation", original);
  }
}

/** The line of a role, as a stack names it. */
function callSite(): string {
  const frames = (new Error("where").stack ?? "").split("\n").slice(1).map((frame) => frame.trim().replace(/^at /, ""));
  const isTheirs = (frame: string): boolean => {
    const file = frameOf(frame)?.file;
    return file !== undefined && !isOwnCode(file) && !file.includes("/node_modules/");
  };
  return frames.find(isTheirs) ?? "an unknown place";
}
