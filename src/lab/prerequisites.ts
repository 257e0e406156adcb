import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { LabError } from "./error.ts";
import { engineFault } from "./docker.ts";
import { hasCommand, run } from "./run.ts";
import { absentAs } from "./sources.ts";
import type { Backend, BackendName } from "./types.ts";

/** Something the lab needs and this machine lacks. */
export interface Prerequisite {
  readonly backend: BackendName;
  /** What is missing, as in "systemd-nspawn is not installed". */
  readonly fault: string;
  /** The very command that mends it, when one does. */
  readonly mend?: string;
}

/** Commands that every lab on this machine runs, and the Debian package of each. */
const COMMANDS: Readonly<Record<string, string>> = {
  mmdebstrap: "mmdebstrap",
  "apt-cacher-ng": "apt-cacher-ng",
  socat: "socat",
  nft: "nftables",
  ip: "iproute2",
  tc: "iproute2",
  nsenter: "util-linux",
  unshare: "util-linux",
  setpriv: "util-linux",
  mount: "mount",
  sysctl: "procps",
  "ssh-keygen": "openssh-client",
};

/** What one of them, or the making of a kernel, runs beside that. */
const OWN_COMMANDS = {
  nspawn: { "systemd-nspawn": "systemd-container" },
  uml: { "linux.uml": "user-mode-linux", mke2fs: "e2fsprogs", tar: "tar", ssh: "openssh-client" },
  kernel: { gcc: "gcc", make: "make", flex: "flex", bison: "bison", bc: "bc", xz: "xz-utils", perl: "perl" },
} satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What packages are there for: lab hosts of a backend, or `hawser lab kernel`. */
type Purpose = keyof typeof OWN_COMMANDS;

/** What a backend lacks here; empty when it can run. For `auto`, of all backends. Changes nothing. */
export async function labPrerequisites(backend: Backend): Promise<Prerequisite[]> {
  if (backend === "docker") return dockerFaults();
  if (backend !== "auto") return localFaults(backend);
  return [...(await localFaults("nspawn")), ...(await localFaults("uml")), ...(await dockerFaults())];
}

/**
 * Installs what a backend needs from Debian's archive. Never called by the lab itself; for demo and test scripts.
 * @param purpose a backend, or `kernel` for `obtainUmlKernel`; default: nspawn
 * @returns the packages it installed, none when all were there
 * @throws LabError off Debian, or when not root
 */
export async function installPrerequisites(purpose: Purpose = "nspawn"): Promise<string[]> {
  const packages = await missingPackages(purpose);
  if (packages.length === 0) return [];
  if (process.getuid?.() !== 0 || !(await hasCommand("apt-get")))
    throw new LabError("the lab's prerequisites can only be installed by root on Debian", { hint: `as root: ${installCommand(packages)}` });
  const apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"];
  const lists = (await readdir("/var/lib/apt/lists").catch(absentAs<string[]>([]))).filter((name) => name.includes("_Packages"));
  if (lists.length === 0) await run([...apt, "update"]);
  await run([...apt, "install", "-y", "--no-install-recommends", ...packages], { env: { DEBIAN_FRONTEND: "noninteractive" } });
  return packages;
}

/** The faults as one error. */
export function prerequisitesError(faults: readonly Prerequisite[]): LabError {
  const lines = faults.map(({ backend, fault, mend }) => `${backend}: ${fault}${mend === undefined ? "" : ` (${mend})`}`);
  const mend = faults.find((fault) => fault.mend !== undefined)?.mend;
  return new LabError("this machine cannot run a lab yet", { evidence: lines.join("\n"), ...(mend === undefined ? {} : { hint: mend }) });
}

async function localFaults(backend: "nspawn" | "uml"): Promise<Prerequisite[]> {
  if (process.platform !== "linux") return [{ backend, fault: "it needs Linux" }];
  const faults: Prerequisite[] = [];
  if (process.getuid?.() !== 0) faults.push({ backend, fault: "it needs root, for namespaces and mounts", mend: "run the same command with sudo" });
  if (backend === "uml" && process.arch !== "x64") faults.push({ backend, fault: "User-Mode Linux needs an x86 machine" });
  const packages = await missingPackages(backend);
  if (packages.length > 0) faults.push({ backend, fault: `${packages.join(", ")} not installed`, mend: installCommand(packages) });
  return faults;
}

async function dockerFaults(): Promise<Prerequisite[]> {
  const fault = await engineFault();
  return fault === undefined ? [] : [{ backend: "docker", fault, mend: "start a Docker engine, or point DOCKER_HOST at one" }];
}

async function missingPackages(purpose: Purpose): Promise<string[]> {
  const commands: Readonly<Record<string, string>> = purpose === "kernel" ? OWN_COMMANDS.kernel : { ...COMMANDS, ...OWN_COMMANDS[purpose] };
  const lacking = await Promise.all(Object.entries(commands).map(async ([name, pkg]) => ((await hasCommand(name)) ? undefined : pkg)));
  // What a compiler needs and does not depend on.
  if (purpose === "kernel" && !existsSync("/usr/include/stdio.h")) lacking.push("libc6-dev");
  return [...new Set(lacking.filter((pkg) => pkg !== undefined))];
}

/** @throws LabError that names what building a kernel takes and is not there */
export async function wantKernelTools(): Promise<void> {
  const packages = await missingPackages("kernel");
  if (packages.length > 0) throw new LabError(`a kernel is built with ${packages.join(", ")}`, { hint: installCommand(packages) });
}

const installCommand = (packages: readonly string[]): string => `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
