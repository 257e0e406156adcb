import { spawn } from "node:child_process";
import type { Surroundings } from "./surroundings.ts";

/** Seconds that a program which prints a secret may take; a person may have to touch a key or unlock a wallet meanwhile. */
export const COMMAND_SECONDS = 60;

/** Characters of a program's standard error that a message repeats. */
const SHOWN = 500;

/**
 * Runs a program without a shell and returns what it printed, which nothing logs.
 * @param seconds After which it is stopped. Default 60.
 * @throws Error that names the program, its exit code and its standard error, never its output.
 */
export async function runForSecret(argv: readonly string[], around: Pick<Surroundings, "env" | "cwd">, seconds = COMMAND_SECONDS): Promise<string> {
  const [program = "", ...args] = argv;
  // Terminal and environment stay, so that it can ask for a password by itself; standard input is nobody's answer.
  const child = spawn(program, args, { cwd: around.cwd, env: around.env, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
    // A grandchild may hold the pipes open.
    child.stdout.destroy();
    child.stderr.destroy();
  }, seconds * 1000);
  try {
    // oxlint-disable-next-line promise/avoid-new
    const { code, signal } = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve({ code, signal }));
    });
    const said = Buffer.concat(err).toString().trim().slice(-SHOWN);
    if (late) throw new Error(`${program} did not end within ${seconds} s and was stopped${said === "" ? "" : `: ${said}`}`);
    if (code !== 0) throw new Error(`${program} ${code === null ? `was ended by ${String(signal)}` : `exited ${code}`}${said === "" ? " and said nothing on standard error" : `: ${said}`}`);
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(out));
  } catch (error) {
    throw plainly(error, program);
  } finally {
    clearTimeout(timer);
  }
}

function plainly(error: unknown, program: string): Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return new Error(`${program} cannot be run: there is no such program`, { cause: error });
  if (code === "EACCES") return new Error(`${program} cannot be run: it is not executable`, { cause: error });
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return new Error(`what ${program} printed is not UTF-8 text`, { cause: error });
  return error instanceof Error ? error : new Error(`${program} cannot be run`);
}
