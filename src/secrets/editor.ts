import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { basename, join } from "node:path";
import { UsageError } from "../errors/index.ts";
import { privateFolder, type PrivateFolder } from "./private-folder.ts";

/** Options that keep an editor from writing what it edits elsewhere: swap files, registers, undo. */
const DISCREET: Readonly<Record<string, string>> = { vim: "-n -i NONE --cmd 'set noundofile nobackup'", nvim: "-n -i NONE --cmd 'set noundofile nobackup'" };

const SIGNALS = ["SIGTERM", "SIGHUP"] as const;

export interface EditOptions {
  /** Default process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The file's name for the editor, whose ending it may go by. */
  readonly name: string;
  /** Told when the plain text has to be on a disk. */
  readonly warn?: (message: string) => void;
  /** Looks at what was edited; what it throws is handed to `again`. */
  readonly check: (edited: string) => Promise<void>;
  /** Whether to edit once more after an error. */
  readonly again: (error: Error) => Promise<boolean>;
}

/**
 * Lets a person edit a text with $VISUAL, else $EDITOR, else vi. The text is in a private folder meanwhile, in memory where
 * there is a place for that, and wiped whatever happens but a kill -9.
 * @throws UsageError when the editor cannot be run or fails
 */
export async function edit(text: string, { env = process.env, name, warn, check, again }: EditOptions): Promise<string> {
  const folder = privateFolder(env);
  if (!folder.inMemory) warn?.(`there is no tmpfs here: while it is edited, the plain text is on the disk, in ${folder.path}`);
  const stop = guard(folder);
  try {
    const file = join(folder.path, basename(name).replace(/\.age$/, ""));
    await writeFile(file, text, { mode: 0o600 });
    for (;;) {
      await runEditor(env, file, stop.onSignal);
      const edited = await readFile(file, "utf8").catch((error: unknown) => {
        throw new UsageError("the editor removed the file: nothing was changed", { cause: error });
      });
      try {
        await check(edited);
        return edited;
      } catch (error) {
        if (!(error instanceof Error) || !(await again(error))) throw error;
      }
    }
  } finally {
    stop.dispose();
    folder.wipe();
  }
}

/** Wipes the folder also when the process is told to end, or ends. */
function guard(folder: PrivateFolder): { onSignal: (kill: (signal: NodeJS.Signals) => void) => () => void; dispose: () => void } {
  const kills = new Set<(signal: NodeJS.Signals) => void>();
  const wipe = (): void => folder.wipe();
  const onEnd = (signal: NodeJS.Signals): void => {
    for (const kill of kills) kill(signal);
    folder.wipe();
    process.exit(128 + constants.signals[signal]);
  };
  // The terminal sends these to the editor as well, and it is the editor's to say what they mean.
  const ignore = (): void => {};
  process.on("exit", wipe);
  for (const signal of SIGNALS) process.on(signal, onEnd);
  for (const signal of ["SIGINT", "SIGQUIT"] as const) process.on(signal, ignore);
  return {
    onSignal: (kill) => {
      kills.add(kill);
      return () => kills.delete(kill);
    },
    dispose: () => {
      process.off("exit", wipe);
      for (const signal of SIGNALS) process.off(signal, onEnd);
      for (const signal of ["SIGINT", "SIGQUIT"] as const) process.off(signal, ignore);
    },
  };
}

async function runEditor(env: Readonly<Record<string, string | undefined>>, file: string, onSignal: (kill: (signal: NodeJS.Signals) => void) => () => void): Promise<void> {
  const editor = [env["VISUAL"], env["EDITOR"], "vi"].find((candidate) => candidate !== undefined && candidate.trim() !== "") ?? "vi";
  const options = DISCREET[basename(editor.trim())] ?? "";
  // As git: the variable is a shell command, such as "code --wait". Where it is a plain one, signals reach the editor itself.
  const exec = /^[\w./ -]+$/.test(editor) ? "exec " : "";
  const child = spawn("/bin/sh", ["-c", `${exec}${editor} ${options} "$@"`, editor, file], { stdio: "inherit", env });
  const off = onSignal((signal) => void child.kill(signal));
  try {
    // oxlint-disable-next-line promise/avoid-new
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (code !== 0) throw new UsageError(`the editor (${editor}) ${code === null ? "was ended by a signal" : `exited ${code}`}: nothing was changed`, { hint: "VISUAL or EDITOR names the editor" });
  } finally {
    off();
  }
}
