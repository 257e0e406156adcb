import { isDeepStrictEqual } from "node:util";
import type { Session } from "../../engine/session.ts";
import type { InventoryHost } from "../../inventory/index.ts";
import { lent } from "../lent-session.ts";

interface Kept {
  readonly session: Session;
  readonly host: InventoryHost;
  lost: boolean;
}

/** Sessions that stay open from one check to the next. */
export class KeptSessions {
  readonly #kept = new Map<string, Kept>();

  /** A host's session: the one that is open, while the host is reached in the same way, else one that `open` makes. */
  async open(host: InventoryHost, open: (host: InventoryHost) => Promise<Session>): Promise<Session> {
    const known = this.#kept.get(host.name);
    if (known && !known.lost && isDeepStrictEqual([known.host.connection, known.host.become], [host.connection, host.become])) return this.#lend(known);
    void known?.session.close();
    this.#kept.delete(host.name);
    const made: Kept = { session: await open(host), host, lost: false };
    this.#kept.set(host.name, made);
    return this.#lend(made);
  }

  /** A request that fails leaves a session in which nobody knows what still runs: it is not used again. */
  #lend(kept: Kept): Session {
    const session = lent(kept.session);
    const request: Session["request"] = async (script, options) => {
      try {
        await kept.session.request(script, options);
      } catch (error) {
        kept.lost = true;
        throw error;
      }
    };
    return Object.defineProperties({ ...session, request }, { requests: { get: () => kept.session.requests } });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#kept.values()].map(({ session }) => session.close()));
    this.#kept.clear();
  }
}
