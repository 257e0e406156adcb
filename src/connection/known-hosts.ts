import { createHmac } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { UsageError } from "../errors/index.ts";

/** One line of a known_hosts file; format: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". */
export interface KnownHost {
  readonly file: string;
  readonly line: number;
  readonly marker: "none" | "revoked" | "cert-authority";
  readonly hosts: string;
  readonly type: string;
  readonly blob: Buffer;
}

/** The name that a host's key is recorded under: in brackets with the port, unless that is 22. */
export function recordedName(name: string, port: number): string {
  const lower = name.toLowerCase();
  return port === 22 ? lower : `[${lower}]:${port}`;
}

/** Lines of known_hosts files, found by the name that they speak of. */
export class KnownHosts {
  /** In the order of the files. */
  readonly entries: readonly KnownHost[];
  /** By a plain name. */
  readonly #plain = new Map<string, KnownHost[]>();
  /** Hashed ones, and those with a wildcard or a negation: each has to be tried. */
  readonly #others: KnownHost[] = [];
  readonly #order = new Map<KnownHost, number>();

  constructor(entries: readonly KnownHost[]) {
    this.entries = entries;
    for (const [index, entry] of entries.entries()) {
      this.#order.set(entry, index);
      if (/[|*?!]/.test(entry.hosts)) this.#others.push(entry);
      else for (const name of new Set(entry.hosts.toLowerCase().split(","))) this.#plain.set(name, [...(this.#plain.get(name) ?? []), entry]);
    }
  }

  /** The lines that speak of `name`, which is in `recordedName`'s form, in the order in which they stand. */
  of(name: string): readonly KnownHost[] {
    const found = [...(this.#plain.get(name) ?? []), ...this.#others.filter((entry) => matches(entry.hosts, name))];
    return found.toSorted((a, b) => (this.#order.get(a) ?? 0) - (this.#order.get(b) ?? 0));
  }
}

/** What was read, by the files' names and states: a thousand hosts share one file. */
const read = new Map<string, { readonly state: string; readonly known: Promise<KnownHosts> }>();

/** Reads known_hosts files, again only when one has changed; one that is not there is empty. Lines that are not understood are skipped, as ssh does. */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHosts> {
  const states = await Promise.all(files.map((file) => stat(file, { bigint: true }).then(({ ino, size, mtimeNs, ctimeNs }) => `${ino} ${size} ${mtimeNs} ${ctimeNs}`, () => "")));
  const [key, state] = [files.join("\0"), states.join("\0")];
  const before = read.get(key);
  if (before?.state === state) return await before.known;
  const known = readAll(files);
  read.set(key, { state, known });
  return await known;
}

async function readAll(files: readonly string[]): Promise<KnownHosts> {
  const texts = await Promise.all(
    files.map((file) =>
      readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return "";
        throw new UsageError(`cannot read ${file}: ${error.code ?? error.message}`, { cause: error });
      }),
    ),
  );
  return new KnownHosts(texts.flatMap((text, i) => text.split("\n").flatMap((line, at) => parseLine(line, files[i] as string, at + 1) ?? [])));
}

function parseLine(text: string, file: string, line: number): KnownHost | undefined {
  const words = text.trim().split(/\s+/);
  if (words[0] === "" || words[0]?.startsWith("#")) return undefined;
  const mark = words[0]?.startsWith("@") ? words.shift() : undefined;
  const [hosts, type, base64] = words;
  if (hosts === undefined || type === undefined || base64 === undefined) return undefined;
  if (mark !== undefined && mark !== "@revoked" && mark !== "@cert-authority") return undefined;
  const marker = mark === undefined ? "none" : mark === "@revoked" ? "revoked" : "cert-authority";
  return { file, line, marker, hosts, type, blob: Buffer.from(base64, "base64") };
}

/** Whether a line's host field speaks of `name`, which is in `recordedName`'s form. A negated match excludes the line. */
export function matches(hosts: string, name: string): boolean {
  if (hosts.startsWith("|1|")) return matchesHash(hosts, name);
  let found = false;
  for (const pattern of hosts.toLowerCase().split(",")) {
    const negated = pattern.startsWith("!");
    if (!glob(negated ? pattern.slice(1) : pattern).test(name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

/** `|1|salt|hash`: HMAC-SHA1 of the name, keyed with the salt, both in base64. */
function matchesHash(hosts: string, name: string): boolean {
  const [salt, hash] = hosts.slice(3).split("|");
  if (salt === undefined || hash === undefined) return false;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest().equals(Buffer.from(hash, "base64"));
}

function glob(pattern: string): RegExp {
  return new RegExp(`^${pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`);
}
