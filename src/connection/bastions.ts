import { createHash } from "node:crypto";
import { connectHop } from "./connect-hop.ts";
import type { Hop } from "./hop.ts";
import type { SshTransport } from "./ssh-transport.ts";

/**
 * Connections to jump hosts, shared between hosts that go the same way with the same credentials and the same checks. The
 * whole way counts: two regions may both have a bastion at 10.0.0.1, and those are different machines.
 */
export class Bastions {
  readonly #open = new Map<string, Promise<SshTransport>>();
  #closed = false;

  /** The connection to the last hop of `chain`, made when it is not there or gone. @throws Unreachable */
  async reach(chain: readonly Hop[]): Promise<SshTransport> {
    const key = wayOf(chain);
    const standing = this.#open.get(key);
    if (standing) {
      const transport = await standing;
      if (transport.lost === undefined) return transport;
      // Whoever finds it gone first replaces it; the others find the replacement.
      if (this.#open.get(key) !== standing) return await this.reach(chain);
    }
    const connecting = this.#connect(chain);
    this.#open.set(key, connecting);
    // A failure is not remembered: the next host, or the next attempt, tries again.
    connecting.catch(() => this.#open.get(key) === connecting && this.#open.delete(key));
    return await connecting;
  }

  async #connect(chain: readonly Hop[]): Promise<SshTransport> {
    const transport = await connectHop(chain.at(-1) as Hop, await this.via(chain));
    if (this.#closed) await transport.close();
    return transport;
  }

  /** The connection that the last hop of `chain` goes through, if any. */
  async via(chain: readonly Hop[]): Promise<SshTransport | undefined> {
    return chain.length > 1 ? await this.reach(chain.slice(0, -1)) : undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(all.map((opening) => opening.then((transport) => transport.close(), () => {})));
  }
}

/** Everything that decides which machine is reached, as whom, and how its key was checked. Hashed, since it holds secrets. */
function wayOf(chain: readonly Hop[]): string {
  const settings = chain.map(({ label: _label, passphrase, password, ...rest }) => ({ ...rest, passphrase: passphrase?.reveal(), password: password?.reveal() }));
  return createHash("sha256").update(JSON.stringify(settings)).digest("hex");
}
