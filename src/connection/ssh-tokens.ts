import { createHash } from "node:crypto";
import { homedir, hostname } from "node:os";
import { UsageError } from "../errors/index.ts";
import { expandHome } from "./paths.ts";
import { localUser } from "./target.ts";

/** The tokens of ssh_config(5) that depend on the host: h, n, r, p and k. */
export type Tokens = Readonly<Record<string, string>>;

/** A path with its tokens, its `${VARIABLES}` and its `~` expanded. @throws UsageError */
export function expandPath(path: string, tokens: Tokens, at: string): string {
  const filled = path.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = process.env[name];
    if (value === undefined) throw new UsageError(`${at}: the environment variable ${name} is not set`);
    return value;
  });
  return expandHome(expandTokens(filled, { ...local(tokens), ...tokens }, at));
}

/** ssh_config(5), TOKENS. @throws UsageError for a token that is not one of these */
export function expandTokens(text: string, tokens: Tokens, at: string): string {
  return text.replaceAll(/%(.?)/g, (token, letter: string) => {
    const value = letter === "%" ? "%" : tokens[letter];
    if (value === undefined) throw new UsageError(`${at}: ${token} is not supported here`);
    return value;
  });
}

function local({ h = "", p = "", r = "" }: Tokens): Tokens {
  const l = hostname();
  return { d: homedir(), u: localUser(), i: String(process.getuid?.() ?? ""), l, L: l.split(".")[0] ?? "", j: "", C: createHash("sha1").update(l + h + p + r).digest("hex") };
}
