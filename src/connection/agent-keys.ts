import ssh2 from "ssh2";
import type { BaseAgent, ParsedKey, SignCallback, SigningRequestOptions } from "ssh2";

/** An ssh agent that offers only some of its keys. */
class ChosenKeys extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: BaseAgent;
  readonly #keys: readonly ParsedKey[];

  constructor(agent: BaseAgent, keys: readonly ParsedKey[]) {
    super();
    this.#agent = agent;
    this.#keys = keys;
  }

  override getIdentities(callback: (error?: Error, keys?: ParsedKey[]) => void): void {
    callback(undefined, [...this.#keys]);
  }

  override sign(key: ParsedKey | Buffer | string, data: Buffer, options: SigningRequestOptions | SignCallback, callback?: SignCallback): void {
    if (typeof options === "function") this.#agent.sign(key, data, options);
    else this.#agent.sign(key, data, options, callback);
  }
}

export interface AgentKeys {
  readonly agent: BaseAgent<ParsedKey>;
  readonly keys: readonly Buffer[];
}

/**
 * The agent's keys, those of `first` in front: sshd counts each offer against MaxAuthTries (6), so an agent with many keys
 * must not use them up before the right one. With `only`, no others.
 * @throws Error when the agent does not answer
 */
export async function agentKeys(socket: string, first: readonly Buffer[], only: boolean): Promise<AgentKeys> {
  const agent = ssh2.createAgent(socket);
  const found = await new Promise<readonly unknown[]>((resolve, reject) => {
    agent.getIdentities((error, keys) => (error ? reject(error) : resolve(keys ?? [])));
  });
  const parsed = found.map((key) => ssh2.utils.parseKey(key as Buffer)).filter((key): key is ParsedKey => !(key instanceof Error));
  const rank = (key: ParsedKey): number => {
    const at = first.findIndex((blob) => blob.equals(key.getPublicSSH()));
    return at < 0 ? first.length : at;
  };
  const chosen = parsed.filter((key) => !only || rank(key) < first.length).sort((a, b) => rank(a) - rank(b));
  return { agent: new ChosenKeys(agent, chosen), keys: chosen.map((key) => key.getPublicSSH()) };
}
