import { $ } from "zx/core";
import { LabError, tail } from "./error.ts";

const quiet = $({ quiet: true, nothrow: true });

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Appended to the error when the command fails. */
  readonly hint?: string;
}

/** What a finished command left behind. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command on the controller and returns how it ended, whatever its exit status. @throws LabError when a signal ended it */
export async function tryRun(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const shell = quiet({ input: options.input ?? "", env: { ...process.env, LC_ALL: "C.UTF-8", ...options.env } });
  const done = await shell`${argv}`;
  if (done.exitCode === null) throw new LabError(`${argv[0]} was ended by ${done.signal ?? "an unknown cause"}`, { evidence: tail(done.stderr) });
  return { code: done.exitCode, stdout: done.stdout, stderr: done.stderr };
}

/** Runs a command on the controller. @returns its standard output @throws LabError when it exits with anything but 0 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await tryRun(argv, options);
  if (code === 0) return stdout;
  const shown = argv.join(" ");
  throw new LabError(`exit status ${code} from: ${shown.length > 200 ? `${shown.slice(0, 200)}…` : shown}`, {
    evidence: tail(stderr || stdout),
    ...(options.hint === undefined ? {} : { hint: options.hint }),
  });
}

/** Whether the controller has a command on its path. */
export async function hasCommand(name: string): Promise<boolean> {
  return (await tryRun(["sh", "-c", 'command -v "$1" >/dev/null', "sh", name])).code === 0;
}

/** Runs `ip -batch` in a network namespace (undefined: the controller's own): one process however many commands. */
export async function ipBatch(namespace: string | undefined, commands: readonly string[]): Promise<void> {
  if (commands.length === 0) return;
  await run(["ip", ...(namespace === undefined ? [] : ["-n", namespace]), "-batch", "-"], { input: `${commands.join("\n")}\n` });
}
