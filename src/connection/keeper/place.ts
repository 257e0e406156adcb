import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../errors/index.ts";
import { tilde } from "../paths.ts";

/** Bytes that the path of a socket may have, its NUL included: 108 on Linux, 104 on macOS and the BSDs (sun_path). */
const LONGEST_PATH = process.platform === "linux" ? 108 : 104;
const HINT = "hawser makes the folder with mode 0700 and the socket with 0600: move away what is there";

/** `$XDG_RUNTIME_DIR/hawser`, where that belongs to this user, else `${XDG_CACHE_HOME:-~/.cache}/hawser/run`. */
export function keeperFolder(): string {
  const runtime = process.env["XDG_RUNTIME_DIR"];
  // sudo and su may leave that of the user from before.
  if (runtime && statSync(runtime, { throwIfNoEntry: false })?.uid === process.geteuid?.()) return join(runtime, "hawser");
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "hawser", "run");
}

/**
 * The socket of the keeper that runs the same code as this process and has the same home folder, as messages shorten paths
 * by it. So the two always understand one another.
 * @throws UsageError when the path is too long for a socket
 */
export function keeperSocket(): string {
  const path = join(keeperFolder(), `${codeDigest()}.sock`);
  if (Buffer.byteLength(path) < LONGEST_PATH) return path;
  throw new UsageError(`no connection can be kept open: the path ${tilde(path)} is too long for a socket`, { hint: "set XDG_RUNTIME_DIR to a folder with a shorter path, or keep_open to off" });
}

/**
 * Makes the folder, and refuses one that others could reach into.
 * @throws UsageError
 */
export function privateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST") throw new UsageError(`no connection can be kept open: cannot make ${tilde(folder)}: ${message}`, { cause: error, hint: "make it with mode 0700, or set keep_open to off" });
  }
  const found = lstatSync(folder);
  if (!found.isDirectory()) throw new UsageError(`no connection can be kept open: ${tilde(folder)} is not a folder`, { hint: HINT });
  refuseOthers(folder, found.uid, found.mode, 0o077);
}

/**
 * Refuses a socket that belongs to somebody else, or that others could use. One that is not there is fine.
 * @throws UsageError
 */
export function privateSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new UsageError(`no connection can be kept open: ${tilde(path)} is not a socket`, { hint: HINT });
  refuseOthers(path, found.uid, found.mode, 0o177);
}

function refuseOthers(path: string, uid: number, mode: number, forbidden: number): void {
  if (uid !== process.geteuid?.()) throw new UsageError(`no connection can be kept open: ${tilde(path)} belongs to the user with the id ${uid}`, { hint: HINT });
  if ((mode & forbidden) === 0) return;
  throw new UsageError(`no connection can be kept open: ${tilde(path)} has mode ${(mode & 0o777).toString(8).padStart(4, "0")}, so others could use it`, { hint: HINT });
}

let digest: string | undefined;

/** Of all code that the two sides of the socket have in common, as it was when it was first asked for. */
function codeDigest(): string {
  if (digest !== undefined) return digest;
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const folders = ["src/connection", "src/connection/keeper", "src/shell", "src/errors", "src/engine/session.ts", "package.json"];
  const files = folders.flatMap((name) => (statSync(join(root, name)).isDirectory() ? readdirSync(join(root, name)).sort().map((file) => `${name}/${file}`) : [name])).filter((name) => /\.(?:ts|json)$/.test(name));
  const hash = createHash("sha256").update(homedir());
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(root, file))).update("\0");
  digest = hash.digest("hex").slice(0, 16);
  return digest;
}
