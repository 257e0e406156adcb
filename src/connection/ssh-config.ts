import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import { parse, type SSHConfig } from "ssh-config";
import { UsageError } from "../errors/index.ts";
import { expandHome, tilde } from "./paths.ts";

/** What the ssh client configuration says about one host; only what hawser acts on. */
export interface HostConfig {
  readonly hostName?: string;
  readonly port?: number;
  readonly user?: string;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** A socket, `none`, or undefined for SSH_AUTH_SOCK. */
  readonly identityAgent?: string;
  readonly proxyJump?: string;
  readonly knownHosts?: readonly string[];
  readonly hostKeyChecking?: string;
  readonly hostKeyAlias?: string;
  /** Seconds. */
  readonly keepalive?: number;
  /** Seconds. */
  readonly connectTimeout?: number;
}

/** OpenSSH's limit on nested Include (READCONF_MAX_DEPTH). */
const MAX_DEPTH = 16;

/**
 * Reads an ssh client configuration. A missing file is empty.
 * @throws UsageError for what would change the connection and is not supported: an Include under Host or Match, Match exec, ProxyCommand
 */
export async function readSshConfig(file: string): Promise<SSHConfig> {
  try {
    return parse(await readText(file, 0));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${tilde(file)}: ${(error as Error).message}`, { cause: error });
  }
}

async function readText(file: string, depth: number): Promise<string> {
  if (depth > MAX_DEPTH) throw new UsageError(`${tilde(file)}: Include is nested deeper than ${MAX_DEPTH}`);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
  let section = "";
  const lines: string[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    const [, keyword = "", value = ""] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? [];
    const word = keyword.toLowerCase();
    if (word === "host" || word === "match") section = word;
    if (word === "match" && /\bexec\b/i.test(value)) throw new UsageError(`${tilde(file)}:${i + 1}: Match exec would run a program, which hawser does not`, { hint: "set the host's connection in the inventory, or `ssh: { config: false }`" });
    if (word !== "include") {
      lines.push(line);
    } else if (section !== "" && !/^(?:host\s+\*|match\s+all)$/i.test(lastSection(lines))) {
      throw new UsageError(`${tilde(file)}:${i + 1}: an Include under ${section} is not supported`, { hint: "move it to the top of the file, or set `ssh: { config }` to another file" });
    } else {
      for (const path of await includes(value)) lines.push(await readText(path, depth + 1));
      // What follows applies to all hosts again, and not to the last Host of the included file.
      lines.push("Host *");
    }
  }
  return lines.join("\n");
}

function lastSection(lines: readonly string[]): string {
  return lines.findLast((line) => /^\s*(?:host|match)\s/i.test(line))?.trim() ?? "";
}

/** The files that an Include names, in lexical order; relative ones are in ~/.ssh, wildcards work in the last part of a path. */
async function includes(value: string): Promise<string[]> {
  const words = [...value.matchAll(/"([^"]*)"|(\S+)/g)].map((found) => found[1] ?? found[2] ?? "");
  const found = await Promise.all(
    words.map(async (word) => {
      const path = word.startsWith("~") || isAbsolute(word) ? expandHome(word) : join(homedir(), ".ssh", word);
      if (!/[*?]/.test(path)) return [path];
      const wanted = new RegExp(`^${basename(path).replaceAll(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`);
      const names = await readdir(dirname(path)).catch(() => []);
      return names.filter((name) => wanted.test(name) && !name.startsWith(".")).sort().map((name) => join(dirname(path), name));
    }),
  );
  return found.flat();
}

/** What a configuration says about the name that one would give to ssh. */
export function configFor(config: SSHConfig, name: string, user: string | undefined): HostConfig {
  const found = config.compute(user === undefined ? { Host: name } : { Host: name, User: user }, { ignoreCase: true, matchExec: false });
  const text = (key: string): string | undefined => {
    const value = found[key];
    return Array.isArray(value) ? value.join(" ") : value;
  };
  const list = (key: string): string[] | undefined => {
    const value = found[key];
    return value === undefined ? undefined : Array.isArray(value) ? value : [value];
  };
  const command = text("proxycommand");
  if (command !== undefined && command.toLowerCase() !== "none") {
    throw new UsageError(`the ssh configuration gives ${name} a ProxyCommand, which is not supported`, { hint: "use ProxyJump, or `ssh: { jump }` in the inventory" });
  }
  const hostName = text("hostname")?.replaceAll("%h", name).replaceAll("%%", "%");
  const effective = { h: hostName ?? name, n: name, r: text("user") ?? "", p: text("port") ?? "22" };
  const jump = text("proxyjump");
  const alias = text("hostkeyalias");
  const agent = text("identityagent");
  const checking = text("stricthostkeychecking");
  return {
    ...(hostName !== undefined && { hostName }),
    ...(found["port"] !== undefined && { port: Number(text("port")) }),
    ...(found["user"] !== undefined && { user: text("user") as string }),
    identityFiles: (list("identityfile") ?? []).filter((file) => file.toLowerCase() !== "none").map((file) => tokens(file, effective)),
    identitiesOnly: text("identitiesonly")?.toLowerCase() === "yes",
    ...(agent !== undefined && { identityAgent: agent }),
    ...(jump !== undefined && jump.toLowerCase() !== "none" && { proxyJump: jump }),
    ...(found["userknownhostsfile"] !== undefined && { knownHosts: (list("userknownhostsfile") ?? []).flatMap((value) => value.split(/\s+/)).map((file) => tokens(file, effective)) }),
    ...(checking !== undefined && { hostKeyChecking: checking.toLowerCase() }),
    ...(alias !== undefined && { hostKeyAlias: alias }),
    ...(found["serveraliveinterval"] !== undefined && { keepalive: seconds(text("serveraliveinterval") as string) }),
    ...(found["connecttimeout"] !== undefined && { connectTimeout: seconds(text("connecttimeout") as string) }),
  };
}

/** The tokens of ssh_config(5) that make sense in a file name. */
function tokens(file: string, values: { readonly h: string; readonly n: string; readonly r: string; readonly p: string }): string {
  const all: Record<string, string> = { ...values, d: homedir(), "%": "%" };
  return expandHome(file.replaceAll(/%([a-zA-Z%])/g, (whole, letter: string) => all[letter] ?? whole));
}

/** sshd_config(5), TIME FORMATS: plain seconds, or numbers with s, m, h. */
function seconds(text: string): number {
  const unit: Record<string, number> = { "": 1, s: 1, m: 60, h: 3600 };
  let total = 0;
  for (const [, count, letter] of text.toLowerCase().matchAll(/(\d+)([smh]?)/g)) total += Number(count) * (unit[letter ?? ""] ?? 1);
  return total;
}
