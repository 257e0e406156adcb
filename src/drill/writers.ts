import { setTimeout as sleep } from "node:timers/promises";
import type { Writes } from "../dsl/drill-plan.ts";
import type { Session } from "../engine/session.ts";
import { quote } from "../shell/index.ts";

/** Seconds between two writes of a host, unless the one before takes longer. */
const EVERY = 0.2;
/** Seconds in which the last write of a drill may still be answered. */
const PATIENCE = 10;
/** Seconds between two tries to reach a host that is gone, and between two looks at what has arrived. */
const RETRY = 1;

export interface WritersOptions {
  readonly hosts: readonly { readonly host: string; readonly writes: readonly Writes[] }[];
  readonly connect: (host: string) => Promise<Session>;
  /** Part of every key, so that no other drill's keys are taken for this one's. */
  readonly stamp: string;
}

/** What became of one host's writes to one service. */
export interface Written {
  readonly host: string;
  readonly role: string;
  readonly name: string;
  /** What the service said is kept. */
  readonly acknowledged: number;
  /** What it refused, or said nothing about. */
  readonly refused: number;
  /** What it acknowledged and a host does not have; null where nothing can be read back. */
  readonly lost: number | null;
  /** Hosts that lack some, and how many. */
  readonly missing: Readonly<Record<string, number>>;
}

/** Writes on hosts while something is broken, and looks afterwards whether all that was acknowledged is everywhere. */
export class Writers {
  readonly #options: WritersOptions;
  readonly #writers: readonly Writer[];

  constructor(options: WritersOptions) {
    this.#options = options;
    this.#writers = options.hosts.flatMap(({ host, writes }) => writes.map((each) => new Writer(host, each, options)));
  }

  start(): void {
    for (const writer of this.#writers) writer.start();
  }

  /** Resolves when no host writes any more. */
  async stop(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.stop()));
  }

  /** Looks until everything is everywhere, for at most `seconds`. */
  async settle(seconds: number): Promise<readonly Written[]> {
    const until = performance.now() + seconds * 1000;
    return await Promise.all(this.#writers.map((writer) => this.#settled(writer, until)));
  }

  /** Takes the drill's keys away, as far as the hosts can be reached. */
  async clean(): Promise<void> {
    await Promise.all(this.#writers.map(async ({ host, writes, prefix }) => {
      if (writes.clean !== undefined) await this.#ask(host, prefix, writes.clean.render()).catch(() => {});
    }));
  }

  async #settled({ host, writes, prefix, acknowledged, refused }: Writer, until: number): Promise<Written> {
    const { role, name, read } = writes;
    const told = { host, role, name, acknowledged: acknowledged.length, refused };
    if (read === undefined) return { ...told, lost: null, missing: {} };
    // Each host has a command of its own to read with.
    const readers = this.#options.hosts.flatMap((each) => each.writes.flatMap((other) => (other.role === role && other.name === name && other.read ? [{ host: each.host, script: other.read.render() }] : [])));
    const lacking = await Promise.all(readers.map((reader) => this.#lacking(reader, { prefix, wanted: acknowledged }, until)));
    const missing = Object.fromEntries(readers.flatMap((reader, i) => ((lacking[i]?.size ?? 0) > 0 ? [[reader.host, lacking[i]?.size ?? 0]] : [])));
    return { ...told, lost: new Set(lacking.flatMap((keys) => [...keys])).size, missing };
  }

  async #lacking({ host, script }: { readonly host: string; readonly script: string }, { prefix, wanted }: { readonly prefix: string; readonly wanted: readonly string[] }, until: number): Promise<ReadonlySet<string>> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop
      const there = new Set(await this.#ask(host, prefix, script).catch(() => []));
      const lacking = new Set(wanted.filter((key) => !there.has(key)));
      if (lacking.size === 0 || performance.now() >= until) return lacking;
      // oxlint-disable-next-line no-await-in-loop
      await sleep(RETRY * 1000);
    }
  }

  async #ask(host: string, prefix: string, script: string): Promise<string[]> {
    const session = await this.#options.connect(host);
    try {
      const { stdout } = await session.$({ quiet: true })`sh -c ${`prefix=${quote(prefix)}\n${script}`}`;
      return stdout.split("\n").map((line) => line.trim());
    } finally {
      await session.close();
    }
  }
}

/** One host's writes to one service, one after the other. */
class Writer {
  readonly host: string;
  readonly writes: Writes;
  /** What all of its keys begin with. */
  readonly prefix: string;
  readonly acknowledged: string[] = [];
  #sent = 0;
  #stopped = false;
  #done: Promise<void> = Promise.resolve();
  #session: Session | undefined;
  readonly #connect: () => Promise<Session>;

  constructor(host: string, writes: Writes, { stamp, connect }: WritersOptions) {
    this.host = host;
    this.writes = writes;
    this.prefix = `drill-${stamp}-${host}-`;
    this.#connect = () => connect(host);
  }

  get refused(): number {
    return this.#sent - this.acknowledged.length;
  }

  start(): void {
    this.#done = this.#write();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    // A host that is gone never says that its shell has ended.
    const patience = setTimeout(() => void this.#session?.close(), PATIENCE * 1000);
    await this.#done;
    clearTimeout(patience);
  }

  /** Also on a host that comes back. */
  async #write(): Promise<void> {
    while (!this.#stopped) {
      // oxlint-disable-next-line no-await-in-loop
      const session = await this.#connect().catch(() => undefined);
      // oxlint-disable-next-line no-await-in-loop
      if (session) await this.#through(session);
      // oxlint-disable-next-line no-await-in-loop
      if (!this.#stopped) await sleep(RETRY * 1000);
    }
  }

  /** Until the drill or the connection ends. The host's shell says of each key whether its write was acknowledged. */
  async #through(session: Session): Promise<void> {
    this.#session = session;
    const child = session.$({ nothrow: true, quiet: true })`sh -c ${`while read -r key; do if (\n${this.writes.write.render()}\n) </dev/null >/dev/null 2>&1; then echo "$key 0"; else echo "$key 1"; fi; done`}`;
    let [rest, over] = ["", false];
    const next = (): void => {
      if (over) return;
      if (this.#stopped) return void child.stdin.end();
      child.stdin.write(`${this.prefix}${(this.#sent += 1)}\n`);
    };
    child.stdout.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const [key = "", code] = line.split(" ");
        if (code === "0") this.acknowledged.push(key);
        setTimeout(next, EVERY * 1000);
      }
    });
    next();
    await child.then(() => undefined, () => undefined);
    over = true;
    await session.close();
  }
}
