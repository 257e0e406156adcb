import type { Hop } from "./hop.ts";
import type { SshTransport } from "./ssh-transport.ts";
import { wayOf } from "./way.ts";

/** For whoever keeps connections longer than one run: the world may have changed since one was made. */
export interface BastionRules {
  /** Names a way; connections are shared by those who go the same. */
  readonly way: (chain: readonly Hop[]) => string | Promise<string>;
  /** Whether a connection that stands may be used for one more. */
  readonly trusted: (chain: readonly Hop[], transport: SshTransport) => boolean | Promise<boolean>;
}

const WITHIN_A_RUN: BastionRules = { way: wayOf, trusted: () => true };

/**
 * Connections to jump hosts, shared between hosts that go the same way with the same credentials and the same checks. The
 * whole way counts: two regions may both have a bastion at 10.0.0.1, and those are different machines.
 */
export class Bastions {
  readonly #rules: BastionRules;
  readonly #open = new Map<string, Promise<SshTransport>>();
  /** Not to be used any more, but others still go through them. */
  readonly #retired = new Set<SshTransport>();
  #closed = false;

  constructor(rules: BastionRules = WITHIN_A_RUN) {
    this.#rules = rules;
  }

  /** The connection to the last hop of `chain`, made when it is not there or gone. @throws Unreachable */
  async reach(chain: readonly Hop[]): Promise<SshTransport> {
    const key = await this.#rules.way(chain);
    const standing = this.#open.get(key);
    if (standing) {
      const transport = await standing;
      if (transport.lost === undefined && (await this.#rules.trusted(chain, transport))) return transport;
      // Whoever finds it gone first replaces it; the others find the replacement.
      if (this.#open.get(key) !== standing) return await this.reach(chain);
      if (transport.lost === undefined) this.#retired.add(transport);
    }
    const connecting = this.#connect(chain);
    this.#open.set(key, connecting);
    // A failure is not remembered: the next host, or the next attempt, tries again.
    connecting.catch(() => this.#open.get(key) === connecting && this.#open.delete(key));
    return await connecting;
  }

  async #connect(chain: readonly Hop[]): Promise<SshTransport> {
    // Loaded when it is needed, as in the connector.
    const { connectHop } = await import("./connect-hop.ts");
    const transport = await connectHop(chain.at(-1) as Hop, await this.via(chain));
    if (this.#closed) await transport.close();
    return transport;
  }

  /** The connection that the last hop of `chain` goes through, if any. */
  async via(chain: readonly Hop[]): Promise<SshTransport | undefined> {
    return chain.length > 1 ? await this.reach(chain.slice(0, -1)) : undefined;
  }

  /** Closes those that nothing goes through, as long as `quiet` says that nobody is about to go through one. */
  async closeUnused(quiet: () => boolean): Promise<void> {
    for (const [key, opening] of this.#open) {
      const transport = await opening.catch(() => undefined);
      if (transport === undefined || transport.forwards > 0 || this.#open.get(key) !== opening || !quiet()) continue;
      this.#open.delete(key);
      this.#retired.add(transport);
    }
    const unused = quiet() ? [...this.#retired].filter((transport) => transport.forwards === 0) : [];
    if (unused.length === 0) return;
    for (const transport of unused) this.#retired.delete(transport);
    await Promise.all(unused.map((transport) => transport.close()));
    // The one before it may be unused now.
    await this.closeUnused(quiet);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all([...all.map((opening) => opening.then((transport) => transport.close(), () => {})), ...[...this.#retired].map((transport) => transport.close())]);
  }
}
