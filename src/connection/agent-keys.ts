import ssh2 from "ssh2";
import type { BaseAgent, ParsedKey, SignCallback, SigningRequestOptions } from "ssh2";

/** An ssh agent that offers only these of its keys. */
export class ChosenKeys extends ssh2.BaseAgent<ParsedKey> {
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
  readonly agent: BaseAgent;
  /** Those that key files name, in the files' order. */
  readonly named: readonly ParsedKey[];
  readonly others: readonly ParsedKey[];
}

/**
 * The agent's keys. Those that key files name are told apart: sshd counts each offer against MaxAuthTries (6), so an agent
 * with many keys must not use them up before the right one.
 * @throws Error when the agent does not answer
 */
export async function agentKeys(socket: string, wanted: readonly Buffer[]): Promise<AgentKeys> {
  const agent = ssh2.createAgent(socket);
  const found = await new Promise<readonly unknown[]>((resolve, reject) => {
    agent.getIdentities((error, keys) => (error ? reject(error) : resolve(keys ?? [])));
  });
  const keys = found.map((key) => ssh2.utils.parseKey(key as Buffer)).filter((key): key is ParsedKey => !(key instanceof Error));
  const is = (key: ParsedKey, blob: Buffer): boolean => blob.equals(key.getPublicSSH());
  return { agent, named: wanted.flatMap((blob) => keys.filter((key) => is(key, blob))), others: keys.filter((key) => !wanted.some((blob) => is(key, blob))) };
}
