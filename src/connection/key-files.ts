import { readFile, stat } from "node:fs/promises";
import ssh2 from "ssh2";
import type { ParsedKey } from "ssh2";
import type { Secret } from "../shell/index.ts";
import { Unreachable } from "./errors.ts";
import { tilde } from "./paths.ts";
import type { KeyFile } from "./hop.ts";

/** A usable key, or why it is not. */
export type LoadedKey = { readonly key: ParsedKey } | { readonly skipped: string };

const cache = new Map<string, Promise<LoadedKey>>();

/**
 * Reads a private key. A key that is encrypted costs a deliberately slow derivation, so each is read once per process as
 * long as its file does not change.
 * @throws Unreachable when a key that the inventory asks for is missing, readable by others, or no key
 */
export async function loadKey(file: KeyFile, passphrase: Secret | undefined, host: string): Promise<LoadedKey> {
  const name = tilde(file.path);
  const required = file.from === "inventory";
  const found = await stat(file.path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) {
    if (required) throw new Unreachable(`${host}: cannot read the key ${name}: ${found.code ?? found.message}`, { host, hint: "check `ssh: { key }` in the inventory", cause: found });
    return { skipped: `${name} (${found.code === "ENOENT" ? "not there" : found.code})` };
  }
  // As OpenSSH: a key that others may read is no secret any more.
  if (!file.path.endsWith(".pub") && (found.mode & 0o077) !== 0 && found.uid === process.getuid?.()) {
    const mode = (found.mode & 0o777).toString(8).padStart(4, "0");
    if (required) throw new Unreachable(`${host}: the key ${name} has mode ${mode}, so others on this machine may use it`, { host, hint: `chmod 600 ${name}` });
    return { skipped: `${name} (mode ${mode}, must be 0600)` };
  }
  const id = `${file.path}\0${found.mtimeMs}\0${found.size}\0${passphrase?.reveal() ?? ""}`;
  const loading = cache.get(id) ?? parse(file.path, name, passphrase);
  cache.set(id, loading);
  const loaded = await loading;
  if ("skipped" in loaded && required && !/passphrase/.test(loaded.skipped)) throw new Unreachable(`${host}: unusable key ${loaded.skipped}`, { host, hint: "check `ssh: { key }` in the inventory" });
  return loaded;
}

async function parse(path: string, name: string, passphrase: Secret | undefined): Promise<LoadedKey> {
  let text: Buffer;
  try {
    text = await readFile(path);
  } catch (error) {
    return { skipped: `${name} (${(error as NodeJS.ErrnoException).code})` };
  }
  const parsed = ssh2.utils.parseKey(text, passphrase?.reveal()) as ParsedKey | ParsedKey[] | Error;
  if (parsed instanceof Error) {
    if (/no passphrase given/i.test(parsed.message)) return { skipped: `${name} (encrypted, no passphrase given)` };
    if (passphrase && /integrity|bad passphrase|decrypt/i.test(parsed.message)) return { skipped: `${name} (the passphrase does not open it)` };
    return { skipped: `${name} (${parsed.message})` };
  }
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (!key?.isPrivateKey()) return { skipped: `${name} (a public key; the private one is needed)` };
  return { key };
}

/** The public half of a key file, for finding it in the agent without its passphrase. */
export async function publicHalf(path: string): Promise<Buffer | undefined> {
  const text = await readFile(path.endsWith(".pub") ? path : `${path}.pub`).catch(() => undefined);
  const parsed = text && (ssh2.utils.parseKey(text) as ParsedKey | ParsedKey[] | Error);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key !== undefined && !(key instanceof Error)) return key.getPublicSSH();
  return inOpensshFile(await readFile(path, "latin1").catch(() => ""));
}

/** An OpenSSH key file shows its public half also when it is encrypted; format: PROTOCOL.key of OpenSSH. */
function inOpensshFile(text: string): Buffer | undefined {
  const base64 = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)-----END/.exec(text)?.[1];
  if (base64 === undefined) return undefined;
  const bytes = Buffer.from(base64, "base64");
  let at = "openssh-key-v1\0".length;
  const next = (): Buffer => {
    const length = bytes.readUInt32BE(at);
    at += 4 + length;
    return bytes.subarray(at - length, at);
  };
  try {
    // The cipher, its derivation and that one's options; then the number of keys.
    for (let i = 0; i < 3; i += 1) next();
    at += 4;
    return next();
  } catch {
    return undefined;
  }
}
