import { Bastions } from "../bastions.ts";
import { connectHop } from "../connect-hop.ts";
import { placeOf, type Hop } from "../hop.ts";
import type { SshTransport } from "../ssh-transport.ts";
import { Lease } from "./lease.ts";
import { digestOf, stillTrusted } from "./trust.ts";
import type { KeptConnection } from "./wire.ts";

type Shown = Pick<KeptConnection, "host" | "address" | "user">;

interface Idle {
  readonly digest: string;
  readonly transport: SshTransport;
  readonly shown: Shown;
  /** By the clock on the wall, which goes on while a laptop sleeps. */
  readonly since: number;
  readonly until: number;
  readonly timer: NodeJS.Timeout;
}

/**
 * The connections that stand: those that a run uses, and those that wait for one. A connection is used by one session at a
 * time, as without keeping, so that two runs never share sshd's MaxSessions; a second run makes one more.
 */
export class Pool {
  readonly #bastions = new Bastions({ way: digestOf, trusted: stillTrusted });
  readonly #idle = new Set<Idle>();
  readonly #leases = new Set<Lease>();
  readonly #onChange: () => void;
  #connecting = 0;

  /** `onChange` is called whenever there may be less to hold than before. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** True when nothing is held, and nobody is about to. */
  get empty(): boolean {
    return this.#idle.size === 0 && this.#leases.size === 0 && this.#connecting === 0;
  }

  /**
   * A connection for one session: one that waits, else a new one.
   * @param keepOpen Seconds that it stays open afterwards.
   * @param again The session had one that did not work, so those that wait are not trusted either.
   * @throws Unreachable, UsageError
   */
  async take(chain: readonly Hop[], keepOpen: number, again: boolean): Promise<Lease> {
    return await this.#busy(async () => {
      const shown = shownOf(chain.at(-1) as Hop);
      // A machine with two names has a connection for each: messages call it by its name.
      const digest = `${shown.host} ${await digestOf(chain)}`;
      const transport = (await this.#waiting(chain, digest, again)) ?? (await this.#connect(chain));
      const anew = (): Promise<SshTransport> => this.#busy(() => this.#connect(chain));
      const lease: Lease = new Lease(shown, transport, anew, (left) => {
        this.#leases.delete(lease);
        if (left) this.#keep(digest, shown, left, keepOpen);
        this.#changed();
      });
      this.#leases.add(lease);
      return lease;
    });
  }

  list(): KeptConnection[] {
    const now = Date.now();
    const waiting = [...this.#idle].map(({ shown, since, until }) => ({ ...shown, idle: Math.round((now - since) / 1000), closesIn: Math.max(0, Math.round((until - now) / 1000)) }));
    return [...waiting, ...[...this.#leases].map(({ shown }) => shown)];
  }

  /** Closes what waits; what is in use is closed after its use. Of these hosts only, or of all. */
  async close(hosts?: readonly string[]): Promise<void> {
    const meant = (host: string): boolean => hosts === undefined || hosts.includes(host);
    for (const lease of this.#leases) if (meant(lease.shown.host)) lease.keepsNot();
    await Promise.all([...this.#idle].filter(({ shown }) => meant(shown.host)).map((idle) => this.#drop(idle)));
  }

  /** Closes everything, in use or not. */
  async end(): Promise<void> {
    for (const lease of this.#leases) lease.release();
    await this.close();
    await this.#bastions.close();
  }

  /** The newest of those that wait is taken first, so that the others may time out. */
  async #waiting(chain: readonly Hop[], digest: string, again: boolean): Promise<SshTransport | undefined> {
    for (;;) {
      const found = [...this.#idle].findLast((idle) => idle.digest === digest);
      if (!found) return undefined;
      this.#idle.delete(found);
      clearTimeout(found.timer);
      const { transport, until } = found;
      if (!again && transport.lost === undefined && Date.now() < until && (await stillTrusted(chain, transport)) && transport.lost === undefined) {
        transport.doubt();
        return transport;
      }
      void transport.close();
    }
  }

  async #connect(chain: readonly Hop[]): Promise<SshTransport> {
    const transport = await connectHop(chain.at(-1) as Hop, await this.#bastions.via(chain));
    void transport.gone.then(() => this.#changed());
    return transport;
  }

  #keep(digest: string, shown: Shown, transport: SshTransport, keepOpen: number): void {
    const since = Date.now();
    const idle: Idle = { digest, transport, shown, since, until: since + keepOpen * 1000, timer: setTimeout(() => void this.#drop(idle), keepOpen * 1000) };
    this.#idle.add(idle);
    void transport.gone.then(() => this.#drop(idle));
  }

  async #drop(idle: Idle): Promise<void> {
    clearTimeout(idle.timer);
    if (!this.#idle.delete(idle)) return;
    await idle.transport.close();
    this.#changed();
  }

  async #busy<T>(work: () => Promise<T>): Promise<T> {
    this.#connecting += 1;
    try {
      return await work();
    } finally {
      this.#connecting -= 1;
      this.#changed();
    }
  }

  #changed(): void {
    void this.#bastions.closeUnused(() => this.#connecting === 0);
    this.#onChange();
  }
}

function shownOf(hop: Hop): Shown {
  return { host: hop.label, address: placeOf(hop).slice(hop.user.length + 1), user: hop.user };
}
