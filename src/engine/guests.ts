import type { OnNode } from "../dsl/items.ts";
import { everyResource } from "../dsl/items.ts";
import { HawserError, type SourceLine } from "../errors/index.ts";
import type { Inventory, InventoryHost } from "../inventory/index.ts";
import type { Facts } from "../resources/facts.ts";
import type { HostContext } from "./host-context.ts";
import { HostRun } from "./host-run.ts";
import { LookBook } from "./looks.ts";
import type { Redactor } from "./redactor.ts";
import type { RoleOnHost } from "./resolve.ts";
import { Semaphore } from "./semaphore.ts";
import { targetNamed, TargetLost, TargetNeeded } from "./targets.ts";

/** A host on which others act in a play. */
export interface Guest {
  readonly run: HostRun;
  /** One host at a time is at work here. */
  readonly turn: Semaphore;
  readonly book: LookBook;
  readonly kinds: { facts: Facts };
  /** How often others have changed it. */
  work: number;
  /** What was so when a section's first look was made; another stamp now says that it is old. */
  readonly looked: Map<OnNode, string>;
}

export interface GuestOptions {
  readonly inventory: Pick<Inventory, "hosts">;
  /** The run's own hosts. */
  readonly runs: ReadonlyMap<string, HostRun>;
  readonly open: (host: InventoryHost) => HostRun;
  readonly redactor: Redactor;
}

/** The hosts that declarations act on besides their own: hosts of the run, and others, which are connected to when they are needed. */
export class Guests {
  readonly #options: GuestOptions;
  readonly #own = new Map<string, HostRun>();
  readonly #lost = new Map<string, unknown>();
  readonly #guests = new Map<string, Guest>();

  constructor(options: GuestOptions) {
    this.#options = options;
  }

  /** The facts of other hosts may have changed since the last play. */
  beginPlay(): void {
    this.#guests.clear();
  }

  /** Connections that only others' work needs. */
  get own(): readonly HostRun[] {
    return [...this.#own.values()];
  }

  /** Handlers that this run declares for hosts outside of it, and that are owed there. */
  owed(): Map<string, string[]> {
    return new Map([...this.#own].map(([name, run]) => [name, [...run.pending].filter((id) => run.declares.has(id))] as const).filter(([, ids]) => ids.length > 0));
  }

  /** @throws TargetNeeded when its facts are to be asked for, UsageError when there is no such host, TargetLost when it cannot be worked on. */
  find(name: string, source: SourceLine): { readonly host: InventoryHost; readonly facts: Facts } {
    const host = targetNamed(this.#options.inventory, name, source);
    if (this.#lost.has(name)) throw new TargetLost(`${name}, which it acts on, cannot be worked on: ${(this.#lost.get(name) as Error).message}`, { source, cause: this.#lost.get(name) });
    const guest = this.#guests.get(name);
    if (!guest) throw new TargetNeeded(host);
    return { host, facts: guest.kinds.facts };
  }

  /** Connects where it is needed, locks the host and reads its facts. What goes wrong is told to whoever asks for it. */
  async prepare(host: InventoryHost): Promise<void> {
    const { runs, redactor } = this.#options;
    try {
      const own = runs.get(host.name);
      const run = own?.connected ? own : await this.#open(host);
      const { facts } = run;
      if (!facts) throw new HawserError("its facts are not known");
      const kinds = { facts };
      this.#guests.set(host.name, { run, turn: new Semaphore(1), kinds, book: new LookBook(kinds, redactor), work: 0, looked: new Map() });
    } catch (error) {
      this.#lost.set(host.name, error);
    }
  }

  async #open(host: InventoryHost): Promise<HostRun> {
    const run = this.#own.get(host.name) ?? this.#options.open(host);
    this.#own.set(host.name, run);
    await run.prepare([]);
    return run;
  }

  /** After a reboot, or when the lock went with a session. */
  async renew(guest: Guest, roles: readonly RoleOnHost[]): Promise<void> {
    await guest.run.prepare(roles);
    guest.kinds.facts = guest.run.facts ?? guest.kinds.facts;
  }

  has(name: string): boolean {
    return this.#guests.has(name);
  }

  get(name: string): Guest {
    const guest = this.#guests.get(name);
    if (!guest) throw new HawserError(`${name} is not prepared`);
    return guest;
  }

  /** The first look at everything that others' declarations act on: one request a host. @returns hosts that did not answer, and why */
  async look(sections: readonly { readonly node: OnNode; readonly cx: HostContext }[]): Promise<Map<string, Error>> {
    const byHost = new Map<string, { readonly node: OnNode; readonly cx: HostContext }[]>();
    for (const section of sections) byHost.set(section.node.host, [...(byHost.get(section.node.host) ?? []), section]);
    const lost = new Map<string, Error>();
    await Promise.all([...byHost].map(async ([name, own]) => {
      const guest = this.get(name);
      for (const { node } of own) for (const { id } of node.handlers) guest.run.declares.add(id);
      try {
        const wanted = guest.book.fragments(own.flatMap(({ node, cx }) => everyResource(node.items).filter((each) => cx.skips(each) === undefined)));
        if (wanted.length > 0) guest.book.record(wanted, await guest.run.remote.look(wanted));
        for (const { node, cx } of own) guest.looked.set(node, stampOf(guest, cx));
      } catch (error) {
        lost.set(name, error as Error);
      }
    }));
    return lost;
  }
}

/** Changes when either side was worked on, and with it what a look may show. */
export function stampOf({ run, work }: Guest, { counts }: HostContext): string {
  return [work, run.counts.changed, run.counts.failed, counts.changed, counts.failed].join(" ");
}
