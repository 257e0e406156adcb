import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { killCgroup, pidsIn, SHARED_CGROUP } from "./cgroup.ts";
import { LabError, tail } from "./error.ts";
import { CACHE_ADDRESS, CACHE_PORT } from "./names.ts";
import { cacheDirectory } from "./paths.ts";
import { startDetached } from "./detached.ts";
import { answers, poll } from "./ready.ts";
import { ipBatch, run } from "./run.ts";

/** It starts in a few hundredths of a second. */
const ANSWER_MS = 10_000;

/**
 * Starts apt-cacher-ng for all labs of this machine unless it runs: hosts have no other way out, and a package that was
 * fetched once is there for every later lab. It listens on an address of the controller's `lo` that only labs have a
 * route to.
 */
export async function ensurePackageCache(): Promise<void> {
  const cgroup = `${SHARED_CGROUP}/apt-cacher-ng`;
  await ensureAddress();
  if ((await pidsIn(cgroup)).length > 0 && (await answers(CACHE_ADDRESS, CACHE_PORT))) return;
  await killCgroup(cgroup);
  const folder = join(cacheDirectory(), "packages");
  const config = join(folder, "config");
  await mkdir(config, { recursive: true });
  await writeFile(join(config, "acng.conf"), cacheConfig(folder, await upstreamProxy()));
  const log = join(folder, "console.log");
  await startDetached(cgroup, ["apt-cacher-ng", "-c", config], log);
  if (await poll(() => answers(CACHE_ADDRESS, CACHE_PORT), ANSWER_MS)) return;
  throw new LabError(`apt-cacher-ng does not answer on ${CACHE_ADDRESS}:${CACHE_PORT}`, { evidence: tail(await readFile(log, "utf8")) });
}

/** Stops the package cache and gives its address back; its files stay for the next lab. */
export async function stopPackageCache(): Promise<void> {
  await killCgroup(SHARED_CGROUP);
  if (await hasAddress()) await ipBatch(undefined, [`addr delete ${CACHE_ADDRESS}/32 dev lo`]);
}

/**
 * A whole configuration: the packaged one maps Debian's archives to mirrors of its choice, and hosts then waited for
 * mirrors that did not answer.
 */
export function cacheConfig(folder: string, proxy: string | undefined): string {
  const settings = {
    CacheDir: join(folder, "cache"),
    LogDir: join(folder, "log"),
    Port: CACHE_PORT,
    BindAddress: CACHE_ADDRESS,
    ForeGround: 1,
    ConnectProto: "v4 v6",
    ReportPage: "",
    VerboseLog: 0,
    ...(existsSync("/usr/lib/apt-cacher-ng") ? { SupportDir: "/usr/lib/apt-cacher-ng" } : {}),
    ...(proxy === undefined ? {} : { Proxy: proxy }),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

/** The proxy that the controller's own apt uses, if any. */
async function upstreamProxy(): Promise<string | undefined> {
  const value = /^proxy='(.+)'$/m.exec(await run(["apt-config", "shell", "proxy", "Acquire::http::Proxy"]))?.[1];
  return value === "DIRECT" ? undefined : value;
}

async function ensureAddress(): Promise<void> {
  if (!(await hasAddress())) await ipBatch(undefined, [`addr add ${CACHE_ADDRESS}/32 dev lo`]);
}

async function hasAddress(): Promise<boolean> {
  return (await run(["ip", "-4", "-o", "addr", "show", "dev", "lo"])).includes(` ${CACHE_ADDRESS}/`);
}
