import type { InventoryHost } from "../inventory/index.ts";
import { HawserError } from "../errors/index.ts";
import { factsProbe, parseFacts } from "../resources/facts-probe.ts";
import type { Facts } from "../resources/facts.ts";
import { parseRoleFact, roleFacts } from "./declare.ts";
import type { HostCounts, Unstamped } from "./events.ts";
import { fragment, type Look } from "./fragment.ts";
import type { StageFolder } from "./host-context.ts";
import { handlerIdOf } from "./queue.ts";
import { recoveredSteps, type SentBatch } from "./recovered.ts";
import type { Redactor } from "./redactor.ts";
import { Remote } from "./remote.ts";
import { told } from "./told.ts";
import type { RoleOnHost } from "./resolve.ts";
import { type Interrupted, LIST_PENDING, lockLines, WATCH_LOCK } from "./script.ts";
import { Unreachable, type Session } from "./session.ts";

/** How much is told beyond what becomes of resources: commands as they are sent, and exchanges too. */
export type Detail = "commands" | "requests";

export interface HostRunOptions {
  readonly connect: (host: InventoryHost) => Promise<Session>;
  readonly redactor: Redactor;
  readonly emit: (event: Unstamped) => void;
  /** A check takes no lock and writes nothing. */
  readonly check: boolean;
  /** Seconds to wait for another run's lock. */
  readonly lockTimeout: number;
  readonly probeTimeout: number;
  readonly timeLooks?: boolean;
  readonly detail?: Detail;
  /** Who runs, for those who find the lock. */
  readonly note: string;
  /** Random; names this run. */
  readonly run: string;
  /** The run that this one goes on with. */
  readonly interrupted?: { readonly run: string; readonly sent: ReadonlyMap<string, SentBatch> };
}

const zero = (): HostCounts => ({ ok: 0, changed: 0, wouldChange: 0, unknown: 0, skipped: 0, failed: 0, rescued: 0, notReached: 0, handlersPending: 0, unreachable: false, requests: 0 });

/** The host is locked by another run. */
export class HostLocked extends HawserError {
  override readonly name = "HostLocked";
}

/** One host through all plays of a run: its connection, lock, facts, owed handlers and counts. */
export class HostRun {
  readonly host: InventoryHost;
  readonly counts = zero();
  /** Ids of handlers that are owed. */
  readonly pending = new Set<string>();
  /** Ids of the handlers that this playbook declares on the host, in any play. */
  readonly declares = new Set<string>();
  readonly #options: HostRunOptions;
  #remote: Remote | undefined;
  readonly stage: StageFolder = { path: "", names: new Set() };
  /** What the session had cost when it was closed. */
  #requests = 0;
  #over = false;
  #closing: Promise<unknown> = Promise.resolve();
  #tidied: Promise<void> = Promise.resolve();
  facts: Facts | undefined;
  roleFacts: ReadonlyMap<string, Readonly<Record<string, unknown>>> = new Map();
  #refusal: HawserError | undefined;
  /** The note of whoever holds the lock that is waited for. */
  #holder = "";
  /** Why the host takes no further part, once that is so. */
  ended: "failed" | "unreachable" | "stopped" | undefined;

  constructor(host: InventoryHost, options: HostRunOptions) {
    this.host = host;
    this.#options = options;
  }

  get name(): string {
    return this.host.name;
  }

  get connected(): boolean {
    return this.#remote !== undefined;
  }

  get remote(): Remote {
    if (!this.#remote) throw new HawserError(`${this.name} is not connected`);
    return this.#remote;
  }

  /** Connects on first use, takes the lock, lists owed handlers and reads the facts, in one request. */
  async prepare(roles: readonly RoleOnHost[], options: { readonly readOnly?: boolean } = {}): Promise<void> {
    const { emit } = this.#options;
    const remote = (this.#remote ??= await this.#connect());
    emit({ event: "phase", host: this.name, phase: "facts" });
    const wanted = roleFacts(roles);
    const lock = this.#options.check || options.readOnly ? WATCH_LOCK : lockLines(this.#options.note, this.#options.run, this.#options.lockTimeout, this.#interrupted);
    const looks = [fragment(factsProbe, undefined, this.#options.redactor.add), ...wanted.map(({ spec }) => fragment(spec.probe, undefined, this.#options.redactor.add))];
    const [facts, ...rest] = await remote.look(looks, `${lock}${LIST_PENDING}`, (label, out) => (label === "C 0" ? this.#recover(out) : this.#frame(label, out.toString().trim(), options.readOnly ?? false)));
    // Thrown here and not where the frame arrives, which is inside a stream's listener.
    if (this.#refusal) throw this.#refusal;
    this.facts = parseFacts((facts as Look).seen);
    remote.gzip = this.facts.commands.has("gzip");
    const byRole = new Map<string, Record<string, unknown>>();
    wanted.forEach((fact, i) => byRole.set(fact.role, { ...byRole.get(fact.role), [fact.name]: parseRoleFact(fact, (rest[i] as Look).seen, this.name) }));
    this.roleFacts = byRole;
  }

  #frame(label: string, body: string, readOnly: boolean): void {
    if (label === "N 0") {
      for (const marker of body.split("\n")) if (marker !== "") this.pending.add(handlerIdOf(marker));
    } else if (label === "S 0") {
      const [path = "", ...names] = body.split("\n");
      this.stage.path = path;
      this.stage.names.clear();
      for (const name of names) this.stage.names.add(name);
    } else if (label === "L 4") {
      this.#holder = body;
      const own = this.#interrupted && body.includes(`run ${this.#interrupted.run}`);
      this.#options.emit({ event: "phase", host: this.name, phase: "waiting", detail: own ? "for what the interrupted run still does here" : `for the lock: ${holder(body)}` });
    } else if (label === "L 1") {
      this.#refusal = new HostLocked(`another run works on this host: ${holder(this.#holder)}`, { host: this.name, hint: `wait for it, or give this run a longer --lock-timeout than ${this.#options.lockTimeout} s` });
    } else if (label === "L 2") {
      this.#refusal = new HawserError("the lock cannot be made on the host", { host: this.name, stderr: body, hint: "the user needs to become root (`become:` in the inventory), or /run is full or read-only" });
    } else if (label === "L 3") {
      this.#refusal = new HawserError(`the host lacks ${body.split(" ").join(", ")}`, { host: this.name, hint: "install coreutils and util-linux there, or busybox" });
    } else if (label === "L 0" && body !== "" && !readOnly && !body.includes(`run ${this.#options.run}`)) {
      const message = this.#options.check ? `a run works on this host now: ${holder(body)}` : `the last run ended without cleaning up: ${holder(body)}`;
      this.#options.emit({ event: "warning", host: this.name, message });
    }
  }

  get #interrupted(): Interrupted | undefined {
    const { interrupted } = this.#options;
    const script = interrupted?.sent.get(this.name)?.script;
    return interrupted && { run: interrupted.run, ...(script !== undefined && { script }) };
  }

  /** Says what a batch has done that went on without its controller. */
  #recover(printed: Buffer): void {
    const sent = this.#options.interrupted?.sent.get(this.name);
    const steps = sent && recoveredSteps(printed, sent);
    if (sent && steps && steps.length > 0) this.#options.emit({ event: "recovered", host: this.name, script: sent.script, steps });
  }

  async #connect(): Promise<Remote> {
    const { connect, emit, probeTimeout, timeLooks, detail } = this.#options;
    if (this.#over) throw this.#closed();
    emit({ event: "phase", host: this.name, phase: "connecting" });
    const session = await connect(this.host);
    // The run was stopped meanwhile.
    if (this.#over) await session.close();
    if (this.#over) throw this.#closed();
    return new Remote(session, {
      probeTimeout,
      ...(timeLooks !== undefined && { timeLooks }),
      onConnection: (state) => emit({ event: "phase", host: this.name, phase: state === "lost" ? "reconnecting" : "applying" }),
      ...(detail && { onCommand: (ids, command) => emit({ event: "command", host: this.name, ...told(ids, command, this.#options.redactor) }) }),
      ...(detail === "requests" && { onRequest: (request) => emit({ event: "request", host: this.name, ...request }) }),
    });
  }

  #closed(): HawserError {
    return new HawserError("the host's part in this run is over", { host: this.name });
  }

  get requests(): number {
    return this.#remote?.session.requests ?? this.#requests;
  }

  /** Resolves when a session that is being closed has left nothing on the host that the run does not need any more. */
  get tidied(): Promise<void> {
    return this.#tidied;
  }

  /** Ends the session, and with it the lock; the host cannot be worked on any more. Resolves when it is gone, and never rejects. */
  async close(): Promise<void> {
    this.#over = true;
    const remote = this.#remote;
    if (remote) {
      this.#requests = remote.session.requests;
      this.#remote = undefined;
      this.#tidied = remote.tidy();
      this.#closing = this.#tidied.then(() => remote.session.close());
    }
    await this.#closing;
  }
}

/** The first line of a lock's note says who holds it. */
function holder(note: string): string {
  return note.split("\n")[0] || "it left no note";
}

export const isUnreachable = (error: unknown): boolean => error instanceof Unreachable;
