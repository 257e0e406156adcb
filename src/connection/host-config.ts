import { UsageError } from "../errors/index.ts";
import type { ConfigLine } from "./ssh-config.ts";
import { hostMatches, matchApplies, wantsFinal } from "./ssh-config-match.ts";
import { expandPath, expandTokens, type Tokens } from "./ssh-tokens.ts";
import { localUser } from "./target.ts";

/** What the ssh client configuration says about one host; only what hawser acts on. */
export interface HostConfig {
  readonly hostName?: string;
  readonly port?: number;
  readonly user?: string;
  readonly identityFiles: readonly string[];
  readonly certificates: readonly string[];
  readonly identitiesOnly: boolean;
  /** A socket, `none`, or undefined for SSH_AUTH_SOCK. */
  readonly identityAgent?: string;
  /** In the order of the hops; empty for `none`. */
  readonly proxyJump?: readonly string[];
  readonly knownHosts?: readonly string[];
  readonly globalKnownHosts?: readonly string[];
  readonly hostKeyChecking?: string;
  readonly hostKeyAlias?: string;
  /** Seconds. */
  readonly keepalive?: number;
  /** Seconds. */
  readonly connectTimeout?: number;
  readonly family?: 4 | 6;
  readonly bindAddress?: string;
}

/** What the inventory says already, and so the configuration cannot change. */
export interface Given {
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  /** The way is known: ProxyJump and ProxyCommand do not count, as with `ssh -J`. */
  readonly jump: boolean;
}

/** Keywords that change where or how ssh connects, that hawser cannot follow, and so may not pass over. */
const REFUSED: readonly (readonly [keyword: string, hint: string])[] = [
  ["ProxyCommand", "use ProxyJump, or `ssh: { jump }` in the inventory"],
  ["CanonicalizeHostname", "write the full name as `ssh: { address }` in the inventory"],
  ["BindInterface", "use BindAddress"],
  ["RevokedHostKeys", "use @revoked lines in a known_hosts file"],
  ["KnownHostsCommand", "record the key in a known_hosts file"],
];

type Found = Map<string, { readonly words: readonly string[]; readonly at: string }>;
/** Files by how they are written, with the line that names them first. */
type Files = Readonly<Record<"identityfile" | "certificatefile", Map<string, string>>>;

/**
 * What a configuration says about the name that one would give to ssh.
 * @throws UsageError for what would change the connection and is not supported, with file and line
 */
export function configFor(config: readonly ConfigLine[], name: string, given: Given): HostConfig {
  const found: Found = new Map();
  const files: Files = { identityfile: new Map(), certificatefile: new Map() };
  gather(config, name, given, found, files, false);
  // The second reading goes by the name that the first one has found, as if that had been given to ssh.
  if (wantsFinal(config)) {
    if (!found.has("hostname")) found.set("hostname", { words: [name.replaceAll("%", "%%")], at: "" });
    gather(config, name, given, found, files, true);
  }
  for (const [keyword, hint] of REFUSED) {
    const line = found.get(keyword.toLowerCase());
    if (line && !/^(?:none|no)$/i.test(line.words.join(" "))) throw new UsageError(`${line.at}: ${keyword} applies to ${name}, and is not supported`, { hint: `${hint}, or set \`ssh: { config: false }\`` });
  }
  return settings(found, files, name, given);
}

/** The first value of each keyword wins; IdentityFile and CertificateFile add up. */
function gather(lines: readonly ConfigLine[], name: string, given: Given, found: Found, files: Files, final: boolean): void {
  for (const line of lines) {
    const { keyword, words } = line;
    const hostName = (): string => found.get("hostname")?.words[0]?.replaceAll(/%([h%])/g, (_, letter: string) => (letter === "h" ? name : "%")) ?? name;
    if (keyword === "host") {
      if (!hostMatches(words, final ? hostName().toLowerCase() : name)) continue;
    } else if (keyword === "match") {
      if (!matchApplies(line, { name, hostName: hostName(), user: given.user ?? found.get("user")?.words[0] ?? localUser(), final })) continue;
    } else if (keyword === "identityfile" || keyword === "certificatefile") {
      const file = words[0] as string;
      if (!files[keyword].has(file)) files[keyword].set(file, line.at);
      continue;
    } else if (keyword !== "include") {
      // Of these two the first one decides, also when it says `none`.
      const way = keyword === "proxyjump" || keyword === "proxycommand";
      if (!found.has(keyword) && !(way && (given.jump || found.has("proxyjump") || found.has("proxycommand")))) found.set(keyword, line);
      continue;
    }
    gather(line.inside, name, given, found, files, final);
  }
}

function settings(found: Found, files: Files, name: string, given: Given): HostConfig {
  const text = (keyword: string): string | undefined => found.get(keyword)?.words.join(" ");
  const place = (keyword: string): string => found.get(keyword)?.at ?? "";
  const bare: Tokens = { h: name, n: name, r: "", p: "", k: name };
  const hostName = text("hostname") === undefined ? undefined : expandTokens(text("hostname") as string, { h: name }, place("hostname"));
  const port = text("port") === undefined ? undefined : portOf(text("port") as string, place("port"));
  const alias = text("hostkeyalias")?.toLowerCase();
  const host = (hostName ?? name).toLowerCase();
  const tokens: Tokens = { ...bare, h: host, r: given.user ?? text("user") ?? localUser(), p: String(given.port ?? port ?? 22), k: alias ?? host };
  const paths = (keyword: string): readonly string[] | undefined => found.get(keyword)?.words.filter((file) => file !== "none" && file !== "/dev/null").map((file) => expandPath(file, tokens, place(keyword)));
  const all = (keyword: keyof Files): string[] => [...files[keyword]].filter(([file]) => file.toLowerCase() !== "none").map(([file, at]) => expandPath(file, tokens, at));
  const agent = text("identityagent");
  const jump = text("proxyjump");
  const family = text("addressfamily")?.toLowerCase();
  return defined({
    hostName,
    port,
    user: text("user"),
    identityFiles: all("identityfile"),
    certificates: all("certificatefile"),
    identitiesOnly: text("identitiesonly")?.toLowerCase() === "yes",
    identityAgent: agent === undefined || agent === "none" || agent === "SSH_AUTH_SOCK" ? agent : expandPath(agent.replace(/^\$(\w+)$/, "${$1}"), tokens, place("identityagent")),
    proxyJump: jump === undefined || jump.toLowerCase() === "none" ? undefined : jump.split(",").map((spec) => expandTokens(spec.trim(), tokens, place("proxyjump"))),
    knownHosts: paths("userknownhostsfile"),
    globalKnownHosts: paths("globalknownhostsfile"),
    hostKeyChecking: text("stricthostkeychecking")?.toLowerCase(),
    hostKeyAlias: alias,
    keepalive: seconds(text("serveraliveinterval"), place("serveraliveinterval")),
    // 0 and `none` leave the limit to the system; that is minutes, so ours is kept.
    connectTimeout: seconds(text("connecttimeout"), place("connecttimeout")) || undefined,
    family: family === "inet" ? 4 : family === "inet6" ? 6 : undefined,
    bindAddress: text("bindaddress"),
  });
}

type Undefinable<T> = { [K in keyof T]: T[K] | undefined };

/** Keys without a value are left out, as `exactOptionalPropertyTypes` wants it. */
function defined(config: Undefinable<HostConfig>): HostConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as unknown as HostConfig;
}

function portOf(text: string, at: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new UsageError(`${at}: ${JSON.stringify(text)} is no port`);
  return port;
}

/** sshd_config(5), TIME FORMATS: plain seconds, or numbers with s, m, h, d, w. */
function seconds(text: string | undefined, at: string): number | undefined {
  if (text === undefined || text === "none") return undefined;
  if (!/^(?:\d+[smhdw]?)+$/i.test(text)) throw new UsageError(`${at}: ${JSON.stringify(text)} is no time`);
  const unit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
  let total = 0;
  for (const [, count, letter] of text.toLowerCase().matchAll(/(\d+)([smhdw]?)/g)) total += Number(count) * (unit[letter ?? ""] ?? 1);
  return total;
}
