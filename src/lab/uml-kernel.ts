import { existsSync, readdirSync } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LabError } from "./error.ts";
import { withLock } from "./lock.ts";
import { cacheDirectory } from "./paths.ts";
import { run } from "./run.ts";
import { controllerSources, sourceLine, type AptSource } from "./sources.ts";
import type { OnProgress } from "./types.ts";

/** Its kernel starts programs twice as fast as that of Debian 12. Debian's later ones, of 2026, have neither iptables nor nf_tables for IPv4. */
const SUITE = "trixie";
const PACKAGES = ["user-mode-linux", "libc6"];
/** What the program names as its loader, and what stands there instead: beside it, since it is started in its own folder. */
const [LOADER, OWN_LOADER] = ["/lib64/ld-linux-x86-64.so.2\0", "ld.so\0"];

/** A kernel for hosts of User-Mode Linux. */
export interface UmlKernel {
  /** Shell words that start it. */
  readonly start: readonly string[];
  /** Where it has to be started; undefined: anywhere. */
  readonly folder: string | undefined;
  /** Its modules, in a folder named by its version. */
  readonly modules: string;
}

/** `hawser lab kernel` puts each there in a folder named by its version: hosts that are up go on with the one that they have. */
export const kernelsFolder = (): string => join(cacheDirectory(), "kernels");

/** The newest that was obtained; else that of the machine's own package. */
export function umlKernel(): UmlKernel {
  const versions = existsSync(kernelsFolder()) ? readdirSync(kernelsFolder()).filter((name) => /^\d+(\.\d+)+$/.test(name)) : [];
  const newest = versions.sort((one, other) => one.localeCompare(other, "en", { numeric: true })).at(-1);
  const folder = join(kernelsFolder(), newest ?? "");
  if (newest === undefined) return { start: ["linux.uml"], folder: undefined, modules: "/usr/lib/uml/modules" };
  return { start: ["env", `LD_LIBRARY_PATH=${join(folder, "lib")}`, join(folder, "linux.uml")], folder, modules: join(folder, "modules") };
}

/** Of the kernel that hosts get. */
export const kernelVersion = (): Promise<string> => versionIn(umlKernel().modules);

/** Names come sorted as text; there is one version at a time. */
async function versionIn(modules: string): Promise<string> {
  const version = (await readdir(modules)).sort().at(-1);
  if (version === undefined) throw new LabError(`${modules} is empty`, { hint: "apt-get install -y --reinstall user-mode-linux, or hawser lab kernel" });
  return version;
}

/**
 * Takes a newer kernel for User-Mode Linux out of Debian's archive, with the C library that it wants, both checked by apt's signatures. Hosts
 * that are made from then on have it; nothing is installed on this machine.
 * @returns its version
 * @throws LabError where apt has no Debian archive, or does not reach it
 */
export async function obtainUmlKernel(onProgress: OnProgress): Promise<string> {
  const folder = kernelsFolder();
  return await withLock(`kernel ${folder}`, async () => {
    const scratch = join(folder, "making");
    await rm(scratch, { recursive: true, force: true });
    await mkdir(join(scratch, "lists/partial"), { recursive: true });
    try {
      await unpack(scratch, onProgress);
      await assemble(scratch);
      const version = await versionIn(join(scratch, "kernel/modules"));
      if (!existsSync(join(folder, version))) await rename(join(scratch, "kernel"), join(folder, version));
      return version;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }, () => onProgress({ message: "waiting for another process that obtains a kernel" }));
}

/** Both packages, taken apart into the folder `root`. Lists and cache of its own: the machine's apt does not come to know of the suite. */
async function unpack(scratch: string, onProgress: OnProgress): Promise<void> {
  const { used } = await controllerSources();
  // That of the release itself: the others are of updates, which other suites have elsewhere.
  const archive = used.find(({ suite }) => !suite.includes("-")) as AptSource;
  await writeFile(join(scratch, "sources.list"), `${sourceLine({ ...archive, suite: SUITE, components: ["main"] })}\n`);
  const own = [`Dir::Etc::sourcelist=${scratch}/sources.list`, "Dir::Etc::sourceparts=/dev/null", `Dir::State::lists=${scratch}/lists`, `Dir::Cache=${scratch}`, "APT::Sandbox::User=root"].flatMap((each) => ["-o", each]);
  onProgress({ message: `fetching the kernel of Debian ${SUITE} (once; 40 MB)` });
  await run(["apt-get", "-qq", ...own, "update"], { hint: "this needs Debian, whose archive has other suites beside its own" });
  await run(["sh", "-euc", 'cd "$1"; shift; "$@"', "sh", scratch, "apt-get", "-qq", ...own, "download", ...PACKAGES]);
  for (const file of (await readdir(scratch)).filter((name) => name.endsWith(".deb"))) await run(["dpkg-deb", "-x", join(scratch, file), join(scratch, "root")]);
}

async function assemble(scratch: string): Promise<void> {
  const [root, kernel] = [join(scratch, "root"), join(scratch, "kernel")];
  await mkdir(join(kernel, "lib"), { recursive: true });
  await rename(join(root, "usr/lib/uml/modules"), join(kernel, "modules"));
  const libraries = join(root, "usr/lib/x86_64-linux-gnu");
  for (const name of await readdir(libraries)) if (/^lib(c|m|dl|rt|pthread|util)\.so\.\d+$/.test(name)) await copyFile(join(libraries, name), join(kernel, "lib", name));
  await copyFile(join(libraries, "ld-linux-x86-64.so.2"), join(kernel, "ld.so"));
  await writeFile(join(kernel, "linux.uml"), withOwnLoader(await readFile(join(root, "usr/bin/linux.uml"))));
  for (const name of ["ld.so", "linux.uml"]) await chmod(join(kernel, name), 0o755);
}

/** The same program, started by the loader beside it: that of an older system refuses it. */
export function withOwnLoader(program: Buffer): Buffer {
  const at = program.indexOf(LOADER);
  if (at < 0) throw new LabError("the kernel's program names no loader that is known", { hint: "the packages of Debian have changed; use the machine's own user-mode-linux" });
  const changed = Buffer.from(program);
  changed.fill(0, at, at + LOADER.length).write(OWN_LOADER, at);
  return changed;
}
