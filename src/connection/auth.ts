import type { AnyAuthMethod, AuthHandlerMiddleware, ParsedKey } from "ssh2";
import { agentKeys, ChosenKeys, type AgentKeys } from "./agent-keys.ts";
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
  #attempts: readonly Attempt[];
  readonly #tried: Attempt[] = [];
  readonly #skipped: readonly string[];
  readonly #passwordGiven: boolean;
  #accepts: readonly string[] = [];

  constructor(attempts: readonly Attempt[], skipped: readonly string[], passwordGiven: boolean) {
    this.#attempts = attempts;
    this.#skipped = skipped;
    this.#passwordGiven = passwordGiven;
  }

  /** ssh2 asks for the next method; `left` is what the server still takes, once it has said so. */
  readonly handler: AuthHandlerMiddleware = (left: string[] | null, partial, callback): void => {
    if (left) this.#accepts = left;
    if (partial) this.#nextStep();
    // Where plain passwords are taken, a second refusal of the same one would only count towards a lock-out.
    const useful = ({ method }: Attempt): boolean => left === null || (left.includes(method) && !(method === "keyboard-interactive" && left.includes("password")));
    // What is not taken now stays: it may be the second step of a log-in.
    const attempt = this.#attempts.find(useful);
    if (!attempt) return callback(false as never);
    this.#attempts = this.#attempts.filter((other) => other !== attempt);
    this.#tried.push(attempt);
    callback(attempt.next);
  };

  /** One of several methods that a host wants was right. The others may have been refused only because it was not their turn. */
  #nextStep(): void {
    const kind = ({ method }: Attempt): string => (method === "publickey" ? "key" : "password");
    const done = kind(this.#tried.at(-1) as Attempt);
    this.#attempts = [...this.#tried, ...this.#attempts].filter((attempt) => kind(attempt) !== done);
  }

  /** Such as `tried agent (2 keys), ~/.ssh/id_ed25519; no password given`. */
  describe(): string {
    const labels = [...new Set(this.#tried.map(({ label }) => label))];
    const tried = labels.length === 0 ? "nothing to try" : `tried ${labels.join(", ")}`;
    const parts = [tried, ...(this.#skipped.length === 0 ? [] : [`not usable: ${this.#skipped.join(", ")}`])];
    if (!this.#passwordGiven) parts.push("no password given");
    if (this.#accepts.length > 0) parts.push(`the host takes ${this.#accepts.join(", ")}`);
    return parts.join("; ");
  }
}

/** Gathers what there is to log in with. @throws Unreachable for a key that the inventory asks for and that is unusable */
export async function gatherAuth(hop: Hop): Promise<Auth> {
  const { user: username } = hop;
  const skipped: string[] = [];
  const { named, others, offered } = await fromAgent(hop, skipped);
  const files: Attempt[] = [];
  for (const file of hop.keys) {
    const half = offered.length > 0 ? await publicHalf(file.path) : undefined;
    if (half && offered.some((blob) => blob.equals(half))) continue;
    const loaded = await loadKey(file, hop.passphrase, hop.label);
    if ("key" in loaded) files.push({ label: tilde(file.path), method: "publickey", next: { type: "publickey", username, key: loaded.key } });
    else if (!loaded.skipped.endsWith("(not there)")) skipped.push(loaded.skipped);
  }
  skipped.push(...hop.certificates.map((file) => `${tilde(file)} (user certificates are not supported)`));
  // Where somebody names keys, an agent's other keys come last, or they would use up what sshd lets one try.
  const chosen = hop.keys.some((file) => file.from !== "default");
  const attempts = chosen ? [...named, ...files, ...others] : [...named, ...others, ...files];
  const password = hop.password?.reveal();
  if (password !== undefined) {
    attempts.push({ label: "password", method: "password", next: { type: "password", username, password } });
    attempts.push({ label: "keyboard-interactive", method: "keyboard-interactive", next: { type: "keyboard-interactive", username, prompt: answerOnce(password) } });
  }
  return new Auth(attempts, skipped, password !== undefined);
}

async function fromAgent(hop: Hop, skipped: string[]): Promise<{ named: Attempt[]; others: Attempt[]; offered: Buffer[] }> {
  const none = { named: [], others: [], offered: [] };
  if (hop.agent === undefined) return none;
  const wanted = await Promise.all(hop.keys.map((file) => publicHalf(file.path)));
  let found: AgentKeys;
  try {
    found = await agentKeys(hop.agent, wanted.filter((blob) => blob !== undefined));
  } catch {
    skipped.push(`agent (${hop.agentName} does not answer)`);
    return none;
  }
  const others = hop.identitiesOnly ? [] : found.others;
  if (found.named.length + others.length === 0) skipped.push(found.others.length === 0 ? "agent (no keys)" : "agent (none of the keys that IdentitiesOnly leaves)");
  const offer = (keys: readonly ParsedKey[]): Attempt[] =>
    keys.length === 0 ? [] : [{ label: `agent (${keys.length} ${keys.length === 1 ? "key" : "keys"})`, method: "publickey", next: { type: "agent", username: hop.user, agent: new ChosenKeys(found.agent, keys) } }];
  return { named: offer(found.named), others: offer(others), offered: [...found.named, ...others].map((key) => key.getPublicSSH()) };
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
