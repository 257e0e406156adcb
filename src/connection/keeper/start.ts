import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../../bin/keeper.mjs", import.meta.url));
/** Milliseconds that a keeper may take to listen; it may have to be compiled first. */
const READY_WITHIN = 15_000;
/** What the keeper needs to know to find its socket and the compiled code. Nothing else, since an environment may hold secrets. */
const ENVIRONMENT = ["HOME", "USER", "LOGNAME", "PATH", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME"];

const starting = new Map<string, Promise<boolean>>();

/** Starts the keeper that is to listen at `path`, and waits for it. Where two start at once, one of them gives way. */
export function startKeeper(path: string): Promise<boolean> {
  const under = starting.get(path) ?? start(path).finally(() => starting.delete(path));
  starting.set(path, under);
  return under;
}

/** @returns whether something listens there now. */
function start(path: string): Promise<boolean> {
  const env = Object.fromEntries(ENVIRONMENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  const child = spawn(process.execPath, [PROGRAM, path], { detached: true, cwd: "/", env, stdio: ["ignore", "pipe", "ignore"] });
  child.unref();
  return new Promise((resolve) => {
    const done = (isReady: boolean) => (): void => {
      clearTimeout(timer);
      child.stdout.destroy();
      resolve(isReady);
    };
    const timer = setTimeout(done(false), READY_WITHIN);
    child.once("error", done(false));
    child.stdout.once("data", done(true));
    child.stdout.once("close", done(false));
  });
}
