import { readFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import path from "node:path";
import { readPrivateFile } from "./private-file.ts";
import { expandPath, type Surroundings } from "./surroundings.ts";

/** Seconds that a server may take, where HAWSER_SECRET_TIMEOUT says nothing else. */
const WITHIN = 60;

/** Where `bao login` and `vault login` leave their token. */
const TOKEN_FILE = "~/.vault-token";

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** What is asked of a server, and its answer. */
interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Reads secrets of `!bao MOUNT/PATH#FIELD` from OpenBao or HashiCorp Vault: key-value engines of both versions, and any other path
 * that a GET answers with `data`. Address, token, authority and namespace are those of the servers' own programs: BAO_ADDR, BAO_TOKEN,
 * BAO_CACERT, BAO_NAMESPACE and BAO_TLS_SERVER_NAME, else the same with VAULT_. Each path is asked for once.
 */
export class Bao {
  readonly #around: Surroundings;
  readonly #paths = new Map<string, Promise<Readonly<Record<string, unknown>>>>();
  #ready: Promise<(url: string) => Promise<Answer>> | undefined;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** @throws Error saying why there is no such text; it holds no secret. */
  async read(where: string): Promise<string> {
    const { secret, field } = parsePlace(where);
    const asked = this.#paths.get(secret) ?? this.#fetch(secret);
    this.#paths.set(secret, asked);
    const fields = await asked;
    const value = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (typeof value === "string" && value !== "") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    if (value === undefined || value === null) throw new Error(`${secret} has no field "${field}"; it has ${Object.keys(fields).join(", ") || "none"}`);
    throw new Error(`${secret}#${field} is ${value === "" ? "empty" : "no text"}`);
  }

  async #fetch(secret: string): Promise<Readonly<Record<string, unknown>>> {
    this.#ready ??= this.#client();
    const get = await this.#ready;
    // What the servers' own programs ask, too: where an engine is mounted, and which version of key-value it speaks.
    const mount = await get(`sys/internal/ui/mounts/${encoded(secret)}`);
    const found = mount.status === 200 ? (mount.body["data"] as { path?: unknown; options?: { version?: unknown } | null } | undefined) : undefined;
    const prefix = typeof found?.path === "string" ? found.path : "";
    const versioned = prefix !== "" && found?.options?.version === "2";
    const answer = await get(encoded(versioned ? `${prefix}data/${secret.slice(prefix.length)}` : secret));
    if (answer.status !== 200) throw new Error(refusal(secret, answer, mount));
    const data = answer.body["data"];
    const fields = versioned ? (data as { data?: unknown } | undefined)?.data : data;
    if (typeof fields !== "object" || fields === null) throw new Error(`${secret} holds nothing${versioned ? ": its newest version is deleted" : ""}`);
    return fields as Readonly<Record<string, unknown>>;
  }

  #setting(name: string): string | undefined {
    const { env } = this.#around;
    return [`BAO_${name}`, `VAULT_${name}`].map((each) => env[each]).find((value) => value !== undefined && value !== "");
  }

  async #client(): Promise<(url: string) => Promise<Answer>> {
    const address = this.#setting("ADDR");
    if (address === undefined) throw new Error("the address of the server is not set: BAO_ADDR or VAULT_ADDR, such as https://bao.example.org:8200");
    if (!URL.canParse(address)) throw new Error(`BAO_ADDR is no URL: ${address}`);
    const base = new URL(address);
    if (base.protocol !== "https:" && !(base.protocol === "http:" && LOOPBACK.test(base.hostname))) throw new Error(`${base.protocol}//${base.host} would carry the token in the clear: use https, or an agent on this machine's own address`);
    const headers = { "X-Vault-Token": await this.#token(), "X-Vault-Request": "true", ...optional("X-Vault-Namespace", this.#setting("NAMESPACE")) };
    const authority = this.#setting("CACERT");
    const ca = authority === undefined ? undefined : await readFile(expandPath(this.#around, authority, this.#around.cwd), "utf8").catch((error: NodeJS.ErrnoException) => { throw new Error(`${authority} (BAO_CACERT) cannot be read: ${error.code ?? error.message}`, { cause: error }); });
    const within = this.#seconds();
    const options = { headers, ...optional("ca", ca), ...optional("servername", this.#setting("TLS_SERVER_NAME")) };
    const root = path.posix.join(base.pathname, "v1/");
    return async (url) => await request(new URL(root + url, base), options, within);
  }

  #seconds(): number {
    const { HAWSER_SECRET_TIMEOUT: wanted = "" } = this.#around.env;
    if (wanted !== "" && !(Number(wanted) > 0)) throw new Error(`HAWSER_SECRET_TIMEOUT must be a number of seconds, not "${wanted}"`);
    return wanted === "" ? WITHIN : Number(wanted);
  }

  async #token(): Promise<string> {
    const given = this.#setting("TOKEN");
    if (given !== undefined) return given.trim();
    try {
      return (await readPrivateFile(expandPath(this.#around, TOKEN_FILE, this.#around.cwd), TOKEN_FILE)).trim();
    } catch (error) {
      throw new Error(`there is no token: BAO_TOKEN and VAULT_TOKEN are not set, and ${(error as Error).message}`, { cause: error });
    }
  }
}

const optional = <K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> => (value === undefined ? {} : ({ [key]: value } as Record<K, string>));

const encoded = (text: string): string => text.split("/").map(encodeURIComponent).join("/");

function parsePlace(where: string): { readonly secret: string; readonly field: string } {
  const [, secret = "", field = ""] = /^\/?([^#]+?)\/?#([^#]+)$/.exec(where.trim()) ?? [];
  if (secret === "" || !secret.includes("/")) throw new Error(`"${where.trim()}" is no place of a secret: write mount/path#field, such as kv/app#password`);
  if (secret.split("/").some((part) => part === "" || part === "." || part === "..")) throw new Error(`"${secret}" has a part that is empty or made of dots`);
  return { secret, field };
}

function refusal(secret: string, answer: Answer, mount: Answer): string {
  const said = Array.isArray(answer.body["errors"]) ? answer.body["errors"].filter((each) => typeof each === "string").join("; ").trim() : "";
  if (answer.status === 403 || mount.status === 403) return `the token may not read ${secret}, or there is nothing: ${said === "" ? "permission denied" : said}`;
  if (answer.status === 404) return `there is no ${secret}${said === "" ? "" : `: ${said}`}`;
  if (answer.status === 503) return `the server is sealed or has no leader${said === "" ? "" : `: ${said}`}`;
  return `the server answered ${answer.status} for ${secret}${said === "" ? "" : `: ${said}`}`;
}

interface RequestOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly ca?: string;
  readonly servername?: string;
}

/** One GET. A redirect, by which a standby names the leader, is followed once, to another https address only. */
async function request(url: URL, options: RequestOptions, seconds: number, redirected = false): Promise<Answer> {
  // Loaded where it is used: most inventories ask no server.
  const { get } = await (url.protocol === "https:" ? import("node:https") : import("node:http"));
  const { status, headers, text } = await new Promise<{ status: number; headers: IncomingHttpHeaders; text: string }>((resolve, reject) => {
    const asking = get(url, { ...options, signal: AbortSignal.timeout(seconds * 1000) }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }));
      response.once("error", reject);
    });
    asking.once("error", reject);
  }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.name === "AbortError" || error.name === "TimeoutError" ? `${url.host} did not answer within ${seconds} s` : `${url.host} cannot be asked: ${error.message}`, { cause: error });
  });
  if ((status === 307 || status === 308) && headers.location !== undefined && !redirected) {
    const next = new URL(headers.location, url);
    if (next.protocol === url.protocol) return await request(next, options, seconds, true);
  }
  return { status, body: parsed(text) };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
