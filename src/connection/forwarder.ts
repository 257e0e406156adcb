import type { Duplex } from "node:stream";
import { Bastions } from "./bastions.ts";
import { dialTcp } from "./dial.ts";
import type { Hop } from "./hop.ts";
import { HopResolver, type HostResolver } from "./resolve-hop.ts";
import type { SshTransport } from "./ssh-transport.ts";
import type { Target } from "./target.ts";

/** TCP connections that a host makes for the controller, as `ssh -L` would; nothing listens for them here. */
export interface Forwarder {
  /** A connection to ADDRESS:PORT as the host sees it. @throws Unreachable, or what the host's kernel said */
  connect(address: string, port: number): Promise<Duplex>;
  close(): Promise<void>;
}

/** Connects at the first connection that is asked for, and again when the connection was lost. */
export function forwarderFor(target: Target, resolveJump: HostResolver = () => undefined): Forwarder {
  if (target.connection.kind === "local") return { connect: dialTcp, close: () => Promise.resolve() };
  return new SshForwarder(target, new HopResolver(resolveJump));
}

class SshForwarder implements Forwarder {
  readonly #target: Target;
  readonly #resolver: HopResolver;
  readonly #bastions = new Bastions();
  #opening: Promise<SshTransport> | undefined;

  constructor(target: Target, resolver: HopResolver) {
    this.#target = target;
    this.#resolver = resolver;
  }

  async connect(address: string, port: number): Promise<Duplex> {
    return await (await this.#transport()).forward(address, port);
  }

  async close(): Promise<void> {
    const transport = await this.#opening?.catch(() => undefined);
    await transport?.close();
    await this.#bastions.close();
  }

  /** The connection that stands, or one that all who ask meanwhile share. */
  async #transport(): Promise<SshTransport> {
    const standing = (this.#opening ??= this.#open());
    const transport = await standing.catch((error: unknown) => {
      // A failure is not remembered: whoever comes later tries again.
      if (this.#opening === standing) this.#opening = undefined;
      throw error;
    });
    if (transport.lost === undefined) return transport;
    // Whoever finds it gone first replaces it.
    if (this.#opening === standing) this.#opening = this.#open();
    return await this.#transport();
  }

  async #open(): Promise<SshTransport> {
    const chain = await this.#resolver.chain(this.#target);
    // Loaded here, as in the connector.
    const { connectHop } = await import("./connect-hop.ts");
    return await connectHop(chain.at(-1) as Hop, await this.#bastions.via(chain));
  }
}
