import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a test and a suite have in common: a way to clean up. */
interface Scope {
  after(clean: () => void | Promise<void>): void;
}

/** A folder that is gone when the test is over. */
export function temporary(t: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), "hawser-keys-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface KeyPair {
  readonly path: string;
  /** Type and base64, without the comment. */
  readonly publicKey: string;
  readonly blob: Buffer;
}

/** A key that ssh-keygen made. */
export function keyPair(folder: string, name: string, options: { readonly type?: string; readonly passphrase?: string; readonly format?: string } = {}): KeyPair {
  const path = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-t", options.type ?? "ed25519", "-N", options.passphrase ?? "", "-C", name, ...(options.format === undefined ? [] : ["-m", options.format]), "-f", path]);
  const [type, base64 = ""] = readFileSync(`${path}.pub`, "utf8").split(" ");
  return { path, publicKey: `${type} ${base64}`, blob: Buffer.from(base64, "base64") };
}

/** An ssh-agent that holds these keys, in this order, until the test is over; the path of its socket. */
export async function startAgent(t: Scope, folder: string, keys: readonly KeyPair[]): Promise<string> {
  const socket = join(folder, `agent-${keys.length}-${process.hrtime.bigint()}`);
  const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  t.after(async () => {
    child.kill();
    await ended;
  });
  // It says where its socket is once that is there.
  await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), ended]);
  for (const { path } of keys) execFileSync("ssh-add", ["-q", path], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "ignore" });
  return socket;
}
