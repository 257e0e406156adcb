import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "./error.ts";
import { cacheDirectory } from "./paths.ts";

/** A kernel for hosts of User-Mode Linux. */
export interface UmlKernel {
  /** Shell words that start it. */
  readonly start: readonly string[];
  /** Its modules, in a folder named by its version. */
  readonly modules: string;
}

/** `hawser lab kernel` puts each there in a folder named by its version: hosts that are up go on with the one that they have. */
export const kernelsFolder = (): string => join(cacheDirectory(), "kernels");

/** The newest that was built; else that of the machine's own package. */
export function umlKernel(): UmlKernel {
  const newest = newestOf(existsSync(kernelsFolder()) ? readdirSync(kernelsFolder()) : []);
  if (newest === undefined) return { start: ["linux.uml"], modules: "/usr/lib/uml/modules" };
  const folder = join(kernelsFolder(), newest);
  // Processes are stopped by seccomp where this machine allows that, which takes half of the time that ptrace does (docs/lab.md).
  return { start: [join(folder, "linux"), "seccomp=auto"], modules: join(folder, "modules") };
}

/** Of the kernel that hosts get. @throws LabError when it has no modules */
export function kernelVersion(): string {
  const { modules } = umlKernel();
  const version = newestOf(readdirSync(modules));
  if (version === undefined) throw new LabError(`${modules} is empty`, { hint: "apt-get install -y --reinstall user-mode-linux, or hawser lab kernel" });
  return version;
}

/** Other names, such as that of a kernel which is being built, are passed over. */
const newestOf = (names: readonly string[]): string | undefined =>
  names.filter((name) => /^\d+(\.\d+)+/.test(name)).sort((one, other) => one.localeCompare(other, "en", { numeric: true })).at(-1);
