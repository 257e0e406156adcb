import type { AnyAuthMethod, AuthHandlerMiddleware } from "ssh2";
import { agentKeys } from "./agent-keys.ts";
import type { Hop } from "./hop.ts";
import { loadKey, publicHalf } from "./key-files.ts";
import { tilde } from "./paths.ts";

interface Attempt {
  readonly label: string;
  /** The protocol's name of the method (RFC 4252). */
  readonly method: "publickey" | "password" | "keyboard-interactive";
  readonly next: AnyAuthMethod;
}

/** The ways to log in, in order, and a record of what became of them. */
export class Auth {
  readonly #attempts: Attempt[];
  readonly #tried: string[] = [];
  readonly #skipped: readonly string[];
  #accepts: readonly string[] = [];

  constructor(attempts: readonly Attempt[], skipped: readonly string[]) {
    this.#attempts = [...attempts];
    this.#skipped = skipped;
  }

  /** ssh2 asks for the next method; `left` is what the server still takes, once it has said so. */
  readonly handler: AuthHandlerMiddleware = (left: string[] | null, _partial, callback): void => {
    if (left) this.#accepts = left;
    for (let attempt = this.#attempts.shift(); attempt; attempt = this.#attempts.shift()) {
      // Where plain passwords are taken, a second refusal of the same one would only count towards a lock-out.
      const pointless = left !== null && (!left.includes(attempt.method) || (attempt.method === "keyboard-interactive" && left.includes("password")));
      if (pointless) continue;
      this.#tried.push(attempt.label);
      return callback(attempt.next);
    }
    callback(false as never);
  };

  /** Such as `tried agent (2 keys), ~/.ssh/id_ed25519; no password given`. */
  describe(): string {
    const tried = this.#tried.length === 0 ? "nothing to try" : `tried ${this.#tried.join(", ")}`;
    const parts = [tried, ...(this.#skipped.length === 0 ? [] : [`not usable: ${this.#skipped.join(", ")}`])];
    if (!this.#tried.includes("password") && !this.#tried.includes("keyboard-interactive")) parts.push("no password given");
    if (this.#accepts.length > 0) parts.push(`the host takes ${this.#accepts.join(", ")}`);
    return parts.join("; ");
  }
}

/** Gathers what there is to log in with. @throws Unreachable for a key that the inventory asks for and that is unusable */
export async function gatherAuth(hop: Hop): Promise<Auth> {
  const { user: username } = hop;
  const attempts: Attempt[] = [];
  const skipped: string[] = [];
  const offered: Buffer[] = [];
  if (hop.agent !== undefined) {
    const wanted = await Promise.all(hop.keys.map((file) => publicHalf(file.path)));
    try {
      const { agent, keys } = await agentKeys(hop.agent, wanted.filter((blob) => blob !== undefined), hop.identitiesOnly);
      offered.push(...keys);
      if (keys.length === 0) skipped.push("agent (no keys)");
      else attempts.push({ label: `agent (${keys.length} ${keys.length === 1 ? "key" : "keys"})`, method: "publickey", next: { type: "agent", username, agent } });
    } catch {
      skipped.push("agent (SSH_AUTH_SOCK does not answer)");
    }
  }
  for (const file of hop.keys) {
    const half = await publicHalf(file.path);
    if (half && offered.some((blob) => blob.equals(half))) continue;
    const loaded = await loadKey(file, hop.passphrase, hop.label);
    if ("key" in loaded) attempts.push({ label: tilde(file.path), method: "publickey", next: { type: "publickey", username, key: loaded.key } });
    else if (!loaded.skipped.endsWith("(not there)")) skipped.push(loaded.skipped);
  }
  const password = hop.password?.reveal();
  if (password !== undefined) {
    attempts.push({ label: "password", method: "password", next: { type: "password", username, password } });
    attempts.push({ label: "keyboard-interactive", method: "keyboard-interactive", next: { type: "keyboard-interactive", username, prompt: answerOnce(password) } });
  }
  return new Auth(attempts, skipped);
}

/** Gives the password to the first hidden question, and nothing to any other: a second one is not about the password. */
function answerOnce(password: string): (name: string, instructions: string, lang: string, prompts: readonly { readonly echo?: boolean }[], finish: (answers: string[]) => void) => void {
  let given = false;
  return (_name, _instructions, _lang, prompts, finish) => {
    finish(
      prompts.map((prompt) => {
        if (given || prompt.echo === true) return "";
        given = true;
        return password;
      }),
    );
  };
}
