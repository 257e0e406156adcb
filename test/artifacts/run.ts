import { spawn } from "node:child_process";

/** The last of what a program said, for an error. */
const TAIL = 2000;

/**
 * Runs a program at the lowest priority, its standard error going to ours as well.
 * @returns what it printed
 * @throws Error with the end of what it said, when it fails or is not installed
 */
export async function run(program: string, args: readonly string[], { cwd, env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {}): Promise<string> {
  const child = spawn("nice", ["-n", "19", program, ...args], { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const said = { out: "", err: "" };
  child.stdout.on("data", (text: Buffer) => (said.out += text.toString()));
  child.stderr.on("data", (text: Buffer) => {
    said.err = (said.err + text.toString()).slice(-TAIL);
    process.stderr.write(text);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code === 0) return said.out;
  // nice's own code for a program that there is not.
  if (code === 127) throw new Error(`${program} is not installed`);
  throw new Error(`${program} ${args[0] ?? ""} ${code === null ? "was killed" : `exited ${code}`}: ${(said.err || said.out.slice(-TAIL)).trim()}`);
}
