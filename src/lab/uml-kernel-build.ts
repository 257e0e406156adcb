import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LabError } from "./error.ts";
import { withLock } from "./lock.ts";
import { wantKernelTools } from "./prerequisites.ts";
import { run } from "./run.ts";
import { controllerSources, sourceLine, type AptSource } from "./sources.ts";
import type { OnProgress } from "./types.ts";
import { kernelsFolder } from "./uml-kernel.ts";

/**
 * Debian's next release: its kernel is of 6.17 or later, which stops processes by seccomp. Debian's own User-Mode Linux of that release has neither
 * iptables nor nf_tables for IPv4, so it is built here, from the same source.
 */
const SUITE = "forky";
/** The package that depends on the one with the newest source, as in linux-source-7.2. */
const NEWEST = "linux-source";
const CONFIG = fileURLToPath(new URL("uml-kernel.config", import.meta.url));

/**
 * Builds a kernel for User-Mode Linux from the source that Debian publishes, checked by apt's signatures. Hosts that are made from then on have it;
 * nothing is installed on this machine.
 * @returns its version
 * @throws LabError without a compiler, and where apt has no Debian archive or does not reach it
 */
export async function obtainUmlKernel(onProgress: OnProgress): Promise<string> {
  await wantKernelTools();
  const folder = kernelsFolder();
  return withLock(`kernel ${folder}`, async () => {
    const scratch = join(folder, "making");
    await rm(scratch, { recursive: true, force: true });
    await mkdir(join(scratch, "lists/partial"), { recursive: true });
    try {
      const { name, version, apt } = await newestSource(scratch);
      if (existsSync(join(folder, version))) return version;
      return await build(await unpack(name, apt, scratch, onProgress), scratch, onProgress);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }, () => onProgress({ message: "waiting for another process that builds a kernel" }));
}

/** Lists and cache of its own: the machine's apt does not come to know of the suite. */
async function newestSource(scratch: string): Promise<{ readonly name: string; readonly version: string; readonly apt: readonly string[] }> {
  const { used } = await controllerSources();
  // That of the release itself: the others are of updates, which other suites have elsewhere.
  const archive = used.find(({ suite }) => !suite.includes("-")) as AptSource;
  await writeFile(join(scratch, "sources.list"), `${sourceLine({ ...archive, suite: SUITE, components: ["main"] })}\n`);
  const apt = [`Dir::Etc::sourcelist=${scratch}/sources.list`, "Dir::Etc::sourceparts=/dev/null", `Dir::State::lists=${scratch}/lists`, `Dir::Cache=${scratch}`, "APT::Sandbox::User=root"].flatMap((each) => ["-o", each]);
  await run(["apt-get", "-qq", ...apt, "update"], { hint: "this needs Debian, whose archive has other suites beside its own" });
  const said = await run(["apt-cache", ...apt, "show", "--no-all-versions", NEWEST]);
  // As in `Depends: linux-source-7.2 (= 7.2.12-1)`.
  const [, name, version] = /^Depends: (linux-source-\S+) \(= ([\d.]+)/m.exec(said) ?? [];
  if (name === undefined || version === undefined) throw new LabError(`Debian ${SUITE} has no package ${NEWEST} as it was known`, { evidence: said, hint: "its packages have changed; the machine's own user-mode-linux goes on to work" });
  return { name, version, apt };
}

/** @returns the folder of the source */
async function unpack(name: string, apt: readonly string[], scratch: string, onProgress: OnProgress): Promise<string> {
  onProgress({ message: `fetching the kernel's source of Debian ${SUITE} (160 MB)` });
  await run(["sh", "-euc", 'cd "$1"; shift; "$@"', "sh", scratch, "apt-get", "-qq", ...apt, "download", name]);
  const [file] = (await readdir(scratch)).filter((entry) => entry.endsWith(".deb"));
  await run(["dpkg-deb", "-x", join(scratch, file as string), join(scratch, "package")]);
  await run(["tar", "-C", scratch, "-xJf", join(scratch, `package/usr/src/${name}.tar.xz`)]);
  return join(scratch, name);
}

async function build(source: string, scratch: string, onProgress: OnProgress): Promise<string> {
  const make = (...words: string[]): Promise<string> => run(["make", "-s", "-C", source, "ARCH=um", `O=${join(scratch, "built")}`, ...words]);
  await make("x86_64_defconfig");
  await run([join(source, "scripts/kconfig/merge_config.sh"), "-m", "-O", join(scratch, "built"), join(scratch, "built/.config"), CONFIG]);
  await make("olddefconfig");
  const lost = lostSettings(await readFile(CONFIG, "utf8"), await readFile(join(scratch, "built/.config"), "utf8"));
  if (lost.length > 0) throw new LabError(`${source.split("/").at(-1)} does not have ${lost.join(", ")} as the lab wants it`, { hint: "the kernel has changed; the machine's own user-mode-linux goes on to work" });
  const version = (await make("kernelrelease")).trim();
  const folder = join(kernelsFolder(), version);
  if (existsSync(folder)) return version;
  onProgress({ message: `building Linux ${version} for User-Mode Linux (once; some five minutes on two processors)` });
  await make(`-j${availableParallelism()}`);
  // All is built in; what stands there tells modprobe so.
  await make(`INSTALL_MOD_PATH=${join(scratch, "installed")}`, "modules_install");
  const ready = join(scratch, "ready");
  await mkdir(ready);
  await copyFile(join(scratch, "built/linux"), join(ready, "linux"));
  await rename(join(scratch, "installed/lib/modules"), join(ready, "modules"));
  await rm(join(ready, "modules", version, "build"), { force: true });
  await rename(ready, folder);
  return version;
}

/** Those of the wanted settings that the kernel's own rules took back, or that it no longer has. */
export function lostSettings(wanted: string, got: string): string[] {
  const lines = new Set(got.split("\n"));
  const kept = (line: string): boolean => lines.has(line) || (line.endsWith(" is not set") && !got.includes(`\n${line.split(" ")[1]}=`));
  return wanted.split("\n").filter((line) => /^CONFIG_|^# CONFIG_/.test(line) && !kept(line)).map((line) => line.replace("# ", ""));
}
