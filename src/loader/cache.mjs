/**
 * Where compiled code is kept between runs, and whether it still is what the sources say. Plain JavaScript, because it runs
 * before anything was compiled.
 */
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";

/** Milliseconds after which what was replaced is removed: a run that began with it may still load parts of it. */
const KEPT_FOR = 24 * 60 * 60 * 1000;

/** Milliseconds after which is removed what nobody has used: playbooks and copies of hawser that are gone leave theirs behind. */
const KEPT_UNUSED = 30 * KEPT_FOR;

/** Milliseconds by which the kernel's stamps of files may be late: it takes its clock once a tick, at 100 ticks a second or more. */
const TICK = 10;

/**
 * @typedef {[file: string, modified: number, changed: number, size: number]} Input A source as it was when it was compiled.
 * @typedef {{ folder: string, inputs: Input[] }} Record
 */

/**
 * The folder for compiled code, `${XDG_CACHE_HOME:-~/.cache}/hawser/compiled`. Code from it is run, so it must belong to this
 * user alone; where it cannot, a folder for this run only is made.
 * @returns {string}
 */
export function cacheFolder() {
  try {
    const folder = path.join(process.env["XDG_CACHE_HOME"] || path.join(homedir(), ".cache"), "hawser", "compiled");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(folder);
    if (uid === process.geteuid?.() && (mode & 0o022) === 0) return folder;
  } catch {
    // No home, or one that cannot be written to.
  }
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-"));
  chmodSync(folder, 0o700);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * The folder that was compiled from sources which have not changed since.
 * @param {string} cache
 * @param {string} key Names what was compiled.
 * @returns {string | undefined}
 */
export function findFresh(cache, key) {
  try {
    /** @type {Record} */
    const { folder, inputs } = JSON.parse(readFileSync(recordOf(cache, key), "utf8"));
    const full = path.join(cache, folder);
    if (!existsSync(full) || !inputs.every((input) => isUnchanged(input))) return undefined;
    markUsed(full, recordOf(cache, key));
    return full;
  } catch {
    return undefined;
  }
}

/**
 * The sources that something was compiled from last; none when one of them was saved at that moment.
 * @param {string} cache
 * @param {string} key
 * @returns {string[]}
 */
export function sourcesOf(cache, key) {
  try {
    /** @type {Record} */
    const { inputs } = JSON.parse(readFileSync(recordOf(cache, key), "utf8"));
    return inputs.map(([file]) => file).filter((file) => file !== "");
  } catch {
    return [];
  }
}

/**
 * Runs `compile` into a new folder and puts it in the place of the old one, in one step, so that two runs at once do no harm.
 * @param {string} cache
 * @param {string} key
 * @param {(folder: string) => Promise<readonly string[]>} compile Gives the files that it read.
 * @returns {Promise<string>} the folder
 */
export async function refresh(cache, key, compile) {
  const name = `${digest(key)}-${randomBytes(6).toString("hex")}`;
  const folder = path.join(cache, name);
  mkdirSync(folder, { mode: 0o700 });
  try {
    const began = Date.now();
    const inputs = (await compile(folder)).map((file) => inputOf(file));
    // A source that is saved at this moment may be newer than what was read of it.
    const settled = inputs.every(([, , changed]) => changed < began - TICK);
    writeFileSync(path.join(cache, `${name}.json`), JSON.stringify({ folder: name, inputs: settled ? inputs : [["", 0, 0, 0]] }));
    renameSync(path.join(cache, `${name}.json`), recordOf(cache, key));
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  removeOld(cache, digest(key), name);
  return folder;
}

/** Once a day is enough. @param {...string} places */
function markUsed(...places) {
  const now = new Date();
  for (const place of places) if (now.getTime() - statSync(place).mtimeMs > KEPT_FOR) utimesSync(place, now, now);
}

/** @param {string} cache @param {string} key */
const recordOf = (cache, key) => path.join(cache, `${digest(key)}.json`);

/** @param {string} key */
const digest = (key) => createHash("sha256").update(`${process.version} ${key}`).digest("hex").slice(0, 16);

/** @param {string} file @returns {Input} */
function inputOf(file) {
  const { mtimeMs, ctimeMs, size } = statSync(file);
  return [file, mtimeMs, ctimeMs, size];
}

/** @param {Input} input */
function isUnchanged([file, modified, changed, size]) {
  const now = statSync(file, { throwIfNoEntry: false });
  return now !== undefined && now.mtimeMs === modified && now.ctimeMs === changed && now.size === size;
}

/** @param {string} cache @param {string} start @param {string} current */
function removeOld(cache, start, current) {
  for (const name of readdirSync(cache)) {
    if (name === current) continue;
    const full = path.join(cache, name);
    const age = Date.now() - (statSync(full, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > (name.startsWith(`${start}-`) ? KEPT_FOR : KEPT_UNUSED)) rmSync(full, { recursive: true, force: true });
  }
}
