import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Observed } from "../../../src/resources/contract.ts";

export const SHELLS = ["dash", "bash", "busybox"] as const;
export type ShellName = (typeof SHELLS)[number];

/** A shell on this machine, with a folder of its own and, when asked for, namespaces of its own. */
export interface TestHost {
  readonly shell: ShellName;
  /** A new folder, removed when the test ends. */
  readonly root: string;
  /** Runs one script as the engine does. `setE` as for an apply. */
  run(script: string, options?: { setE?: boolean }): Observed;
}

export interface HostOptions {
  /** Mounts stay inside the test. */
  readonly privateMounts?: boolean;
  /** A network without anything but `lo`, and mounts that stay inside the test. */
  readonly privateNetwork?: boolean;
  /** Added to the environment of the scripts, e.g. a TMPDIR that cannot be used. */
  readonly env?: Readonly<Record<string, string>>;
  /** Folders in front of PATH, e.g. with fakes of system commands. */
  readonly path?: readonly string[];
  /** The busybox shell sees busybox's commands only. True adds the machine's own behind them. Default false. */
  readonly systemCommands?: boolean;
}

/** One test per shell. */
export function onEveryShell(name: string, body: (host: TestHost) => void | Promise<void>, options: HostOptions = {}): void {
  for (const shell of SHELLS) void test(`${name} (${shell})`, () => withHost(shell, options, body));
}

export async function withHost(shell: ShellName, options: HostOptions, body: (host: TestHost) => void | Promise<void>): Promise<void> {
  const root = mkdtempSync("/tmp/hawser-test-");
  const spaces = options.privateNetwork === true ? ["--mount", "--net"] : ["--mount"];
  const keeper = options.privateMounts === true || options.privateNetwork === true ? spawn("unshare", [...spaces, "--propagation", "private", "sleep", "infinity"], { stdio: "ignore" }) : undefined;
  try {
    if (keeper?.pid !== undefined) awaitNamespace(keeper.pid);
    await body({ shell, root, run: (script, { setE = false } = {}) => runScript(shell, root, keeper?.pid, script, setE, options) });
  } finally {
    keeper?.kill("SIGKILL");
    rmSync(root, { recursive: true, force: true });
    rmSync(`${root}.sh`, { force: true });
  }
}

function awaitNamespace(pid: number): void {
  const read = () => spawnSync("readlink", [`/proc/${pid}/ns/mnt`, "/proc/self/ns/mnt"]).stdout.toString().trim().split("\n");
  for (let i = 0; i < 200; i++) {
    const [theirs, ours] = read();
    // unshare becomes sleep once the namespace and its propagation are set up.
    if (theirs !== ours && readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "sleep") return;
  }
  throw new Error("unshare made no mount namespace; the tests need root");
}

function runScript(shell: ShellName, root: string, namespace: number | undefined, script: string, setE: boolean, options: HostOptions): Observed {
  // Outside the folder under test, which a test may fill up or compare.
  const file = `${root}.sh`;
  writeFileSync(file, `umask 077\ncd /\n(\n${setE ? "set -e\n" : ""}${script}\n)\n`);
  const interpreter = shell === "busybox" ? [join(busyboxCommands(), "ash"), file] : [shell, file];
  const command = namespace === undefined ? interpreter : ["nsenter", "--target", String(namespace), ...(options.privateNetwork === true ? ["--mount", "--net"] : ["--mount"]), ...interpreter];
  const system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const own = shell === "busybox" ? (options.systemCommands === true ? `${busyboxCommands()}:${system}` : busyboxCommands()) : system;
  const PATH = [...(options.path ?? []), own].join(":");
  const done = spawnSync("/usr/bin/env", ["-i", `PATH=${PATH}`, "LC_ALL=C", "HOME=/root", ...Object.entries(options.env ?? {}).map(([k, v]) => `${k}=${v}`), ...absolute(command)], {
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  return { out: done.stdout.toString(), err: done.stderr.toString(), code: done.status ?? 255 };
}

/** The first word with its folder: PATH is the host's, not ours. */
function absolute(command: readonly string[]): string[] {
  const [first = "", ...rest] = command;
  const found = ["/usr/bin", "/bin", "/usr/sbin"].map((folder) => join(folder, first)).find((file) => existsSync(file));
  return [first.startsWith("/") ? first : found ?? first, ...rest.map((word) => (word === "dash" || word === "bash" ? `/bin/${word}` : word))];
}

let busyboxFolder: string | undefined;

after(() => {
  if (busyboxFolder !== undefined) rmSync(busyboxFolder, { recursive: true, force: true });
});

/** A folder with one link per busybox command. */
function busyboxCommands(): string {
  if (busyboxFolder !== undefined) return busyboxFolder;
  busyboxFolder = mkdtempSync("/tmp/hawser-busybox-");
  for (const applet of spawnSync("busybox", ["--list"]).stdout.toString().trim().split("\n")) symlinkSync("/bin/busybox", join(busyboxFolder, applet));
  return busyboxFolder;
}
