import type { Connector } from "../engine/session.ts";
import { Bastions } from "./bastions.ts";
import type { Hop } from "./hop.ts";
import { LocalTransport } from "./local-transport.ts";
import { HopResolver, type HostResolver } from "./resolve-hop.ts";
import { HostSession } from "./session.ts";
import type { Target } from "./target.ts";
import type { Transport } from "./transport.ts";

export interface ConnectorOptions {
  /** Looks up jump hosts that are named as in the inventory. Default: none are. */
  readonly resolveJump?: HostResolver;
}

/** Sessions over ssh. `open` connects and logs in; the shell is opened by the first request. */
export function sshConnector(options: ConnectorOptions = {}): Connector<Target> {
  const resolver = new HopResolver(options.resolveJump ?? (() => undefined));
  const bastions = new Bastions();
  const connect = async (target: Target, again: boolean): Promise<Transport> => {
    const chain = await resolver.chain(target);
    const { keepOpen = 0 } = target.connection;
    if (keepOpen > 0) {
      const { borrow } = await import("./keeper/borrow.ts");
      const kept = await borrow(target.host, chain, keepOpen, again);
      if (kept) return kept;
    }
    // Loaded here: the protocol takes a tenth of a second to load, and most commands connect to no host.
    const { connectHop } = await import("./connect-hop.ts");
    return await connectHop(chain.at(-1) as Hop, await bastions.via(chain));
  };
  return new OpenSessions(connect, () => bastions.close());
}

/** Sessions on this machine: the same shell, the same protocol, become included. */
export function localConnector(): Connector<Target> {
  return new OpenSessions((target) => Promise.resolve(new LocalTransport(target.host)), () => Promise.resolve());
}

/** Sessions to any target: its `connection.kind` decides. */
export function connectorFor(options: ConnectorOptions = {}): Connector<Target> {
  const ssh = sshConnector(options);
  const local = localConnector();
  return {
    open: (target) => (target.connection.kind === "local" ? local : ssh).open(target),
    close: async () => void (await Promise.all([ssh.close(), local.close()])),
    leave: () => {
      ssh.leave();
      local.leave();
    },
  };
}

class OpenSessions implements Connector<Target> {
  readonly #connect: (target: Target, again: boolean) => Promise<Transport>;
  readonly #closeRest: () => Promise<void>;
  readonly #open = new Set<HostSession>();

  /** @param connect Told whether it is once more, after the first connection was lost. */
  constructor(connect: (target: Target, again: boolean) => Promise<Transport>, closeRest: () => Promise<void>) {
    this.#connect = connect;
    this.#closeRest = closeRest;
  }

  async open(target: Target): Promise<HostSession> {
    const session = new HostSession(target, await this.#connect(target, false), () => this.#connect(target, true), () => this.#open.delete(session));
    this.#open.add(session);
    return session;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((session) => session.close()));
    await this.#closeRest();
  }

  leave(): void {
    for (const session of this.#open) session.leave();
    void this.close();
  }
}
