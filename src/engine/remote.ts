import { randomBytes } from "node:crypto";
import { HawserError } from "../errors/index.ts";
import { readMany } from "../resources/look-many.ts";
import { Exchange, type RequestTold } from "./exchange.ts";
import { type Frame, FramePairs } from "./frame-pairs.ts";
import { FrameReader } from "./frames.ts";
import { expectedLook, lookOf, type Fragment, type Look } from "./fragment.ts";
import { batchScript, type NumberedLook, probeScript, resumeScript, type Step, tidyScript, togetherOf } from "./script.ts";
import { ConnectionLost, type Session, ShellEnded, type UploadOptions } from "./session.ts";

/** Seconds after which a connection that broke is given up. */
const RECONNECT_WITHIN = 60;

export const KILLED_HINT = "look in the host's journal for who killed it; the kernel does so when memory runs out";

export interface RemoteOptions {
  /** Seconds that one look may take. */
  readonly probeTimeout: number;
  /** Tells how long each look took: each is then answered by itself, which costs a round trip more. */
  readonly timeLooks?: boolean;
  /** Told of what is sent to be run, before it is. */
  readonly onCommand?: (ids: readonly string[], command: Fragment) => void;
  /** Told of each exchange after it. Bytes are those of scripts, files and outputs, before any compression. */
  readonly onRequest?: (request: RequestTold) => void;
  /** Called when the connection is lost and when it is back. */
  readonly onConnection: (state: "lost" | "back") => void;
}

export interface BatchEvents {
  readonly onBegin: (index: number) => void;
  /** A step's apply, and so every guard before it, ended well. */
  readonly onDone: (index: number, result: StepResult) => void;
  readonly onOutput: (stream: "stdout" | "stderr", chunk: Buffer) => void;
  /** Seconds that the running step may take; undefined for no limit. */
  readonly limit: (index: number | undefined) => number | undefined;
}

export interface StepResult {
  readonly result: "done" | "failed" | "stale" | "not-due" | "not-run" | "timed-out" | "killed";
  readonly out: string;
  readonly err: string;
  readonly code: number;
  readonly seconds: number;
}

export interface BatchResult {
  readonly steps: ReadonlyMap<number, StepResult>;
  /** By look index; empty when a step failed, and without files that changed while they were read. */
  readonly looks: ReadonlyMap<number, Look>;
  /** The host went away in the middle and came back without the batch: it rebooted. */
  readonly gone: boolean;
  /** The connection broke and the batch was followed on: the new session does not hold the host's lock. */
  readonly followed: boolean;
}

/** What is missing was not looked at: something changed while it was read. */
function recordMany({ out }: Frame, together: readonly NumberedLook[], results: Map<number, Look>): void {
  for (const [i, seen] of readMany(out.toString())) {
    const at = together[i];
    if (at) results.set(at.index, expectedLook(seen));
  }
}

export const batchId = (): string => `batch-${randomBytes(6).toString("hex")}`;

const looksOf = (count: number): string => (count === 1 ? "1 look" : `${count} looks`);

/** Milliseconds that tidying up may take when a run has ended. */
const TIDY_WITHIN = 5000;

const nonce = (): string => `hw${randomBytes(9).toString("hex")}`;

/** Speaks the engine's scripts over a session: looks, batches of applies, and what to do when the connection breaks. */
export class Remote {
  readonly session: Session;
  /** The host has gzip; told by its facts. */
  gzip = false;
  readonly #options: RemoteOptions;
  readonly #exchange: Exchange;
  #busy: Promise<unknown> = Promise.resolve();
  /** The batch whose output is still on the host; the next script of its shell takes it away. */
  #last: string | undefined;
  /** Batches whose shell was given up, so that nothing takes their output away. */
  readonly #left: string[] = [];

  constructor(session: Session, options: RemoteOptions) {
    this.session = session;
    this.#options = options;
    this.#exchange = new Exchange(session, options.onRequest);
  }

  /** Says what is sent to be run, to whoever wants to know. */
  tell(ids: readonly string[], command: Fragment): void {
    this.#options.onCommand?.(ids, command);
  }

  /** As the session's. */
  async upload(content: Buffer | { readonly localFile: string }, size: number, path: string, options: UploadOptions): Promise<void> {
    await this.#exchange.upload(content, size, path, options);
  }

  /**
   * All looks in one request. One that does not answer within the time-out (a dead NFS mount) is marked and the rest is asked again.
   * @param before Lines to evaluate first; their frames go to `onFrame`.
   */
  look(looks: readonly Fragment[], before = "", onFrame: (label: string, out: Buffer, err: Buffer) => void = () => {}): Promise<Look[]> {
    return this.#alone(() => this.#look(looks, before, onFrame));
  }

  async #look(looks: readonly Fragment[], before: string, onFrame: (label: string, out: Buffer, err: Buffer) => void): Promise<Look[]> {
    const results = new Map<number, Look>();
    let lines = before;
    for (let together = true; ; together = false) {
      const open = looks.map((look, index) => ({ index, look })).filter(({ index }) => !results.has(index));
      if (open.length === 0 && lines === "") break;
      const stuck = await this.#lookOnce(open, { before: lines, together }, results, (frame) => {
        lines = "";
        onFrame(frame.label, frame.out, frame.err);
      });
      // One by one it shows which of them it is, and what changed while it was read is read again.
      if (together && (stuck || open.some(({ index }) => !results.has(index)))) continue;
      if (!stuck) break;
      const first = open.find(({ index }) => !results.has(index));
      if (!first) break;
      results.set(first.index, { seen: { out: "", err: `no answer within ${this.#options.probeTimeout} s`, code: 124 }, digest: "", timedOut: true });
    }
    return looks.map((_, index) => results.get(index) as Look);
  }

  /**
   * One command that must not run twice, and that may end the connection.
   * @returns undefined when the connection ended before it did.
   */
  once(command: Fragment): Promise<Look | undefined> {
    return this.#alone(() => this.#once(command));
  }

  async #once(command: Fragment): Promise<Look | undefined> {
    const results = new Map<number, Look>();
    try {
      // Lines before the looks keep a lost connection from being mended by asking again.
      await this.#lookOnce([{ index: 0, look: command }], { before: ":\n", together: false }, results, () => {});
    } catch (error) {
      if (!(error instanceof ConnectionLost) && !(error instanceof ShellEnded)) throw error;
    }
    return results.get(0);
  }

  /** @returns whether the time-out struck. */
  async #lookOnce(open: readonly NumberedLook[], { before, together: mayJoin }: { readonly before: string; readonly together: boolean }, results: Map<number, Look>, onFrame: (frame: Frame) => void): Promise<boolean> {
    const [mark, end] = [nonce(), nonce()];
    const abort = new AbortController();
    // Taking the lock waits by itself, with its own limit.
    let timer = before === "" ? this.#timer(abort) : undefined;
    let last: number | undefined;
    let together: readonly NumberedLook[] = [];
    const pairs = new FramePairs((frame) => {
      clearTimeout(timer);
      timer = this.#timer(abort);
      const [type, index, code] = frame.label.split(" ");
      const now = performance.now();
      const seconds = last === undefined || !this.#options.timeLooks ? undefined : (now - last) / 1000;
      if (type === "P") results.set(Number(index), { ...lookOf(frame.out, frame.err, Number(code)), ...(seconds !== undefined && { seconds }) });
      else if (type === "F") recordMany(frame, together, results);
      else onFrame(frame);
      last = now;
    });
    const out = new FrameReader(mark, (label, body) => pairs.add("out", label, body));
    const err = new FrameReader(mark, (label, body) => pairs.add("err", label, body));
    const ask = () => {
      const left = open.filter(({ index }) => !results.has(index));
      together = mayJoin ? togetherOf(left) : [];
      this.#last = undefined;
      return this.#exchange.request(looksOf(left.length), probeScript(mark, end, left, { before, together, inPieces: mayJoin && !this.#options.timeLooks }), { end, onStdout: out.push, onStderr: err.push, signal: abort.signal, gzip: this.gzip, showable: open.every(({ look }) => !look.sensitive) });
    };
    try {
      await ask().catch(async (error: unknown) => {
        if (!(error instanceof ConnectionLost) || before !== "") throw error;
        await this.#reconnect();
        await ask();
      });
      return false;
    } catch (error) {
      if (abort.signal.aborted) return true;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #timer(abort: AbortController): NodeJS.Timeout {
    return setTimeout(() => abort.abort(new HawserError("a look was not answered in time")), this.#options.probeTimeout * 1000);
  }

  /**
   * Runs a batch and the looks after it in one request. A lost connection is restored and the batch followed on.
   * @param id Names the batch on the host; see `batchId`.
   */
  batch(id: string, steps: readonly Step[], looks: readonly Fragment[], events: BatchEvents): Promise<BatchResult> {
    return this.#alone(() => this.#batch(id, steps, looks, events));
  }

  async #batch(id: string, steps: readonly Step[], looks: readonly Fragment[], events: BatchEvents): Promise<BatchResult> {
    const [mark, end] = [nonce(), nonce()];
    const results = new Map<number, StepResult>();
    const numbered = looks.map((look, index) => ({ index, look }));
    const together = togetherOf(numbered);
    const seen = new Map<number, Look>();
    let worker: number | undefined;
    let running: number | undefined;
    let began = performance.now();
    let gone = false;
    let followed = false;
    let timedOut = false;
    let killed: number | undefined;
    let timer: NodeJS.Timeout | undefined;
    const arm = () => {
      clearTimeout(timer);
      const limit = events.limit(running) ?? (running === undefined ? this.#options.probeTimeout : undefined);
      if (limit !== undefined) timer = setTimeout(() => expire(), limit * 1000);
    };
    const abort = new AbortController();
    const expire = () => {
      timedOut = true;
      void (worker === undefined ? Promise.resolve() : this.session.kill(worker, "KILL")).finally(() => abort.abort(new HawserError("a step took too long")));
    };
    const pairs = new FramePairs(({ label, out: stdout, err: stderr }) => {
      const [type, first, code] = label.split(" ");
      const index = Number(first);
      const result = (result: StepResult["result"]): StepResult => ({ result, out: stdout.toString(), err: stderr.toString(), code: Number(code ?? 0), seconds: (performance.now() - began) / 1000 });
      if (type === "W") worker = index;
      else if (type === "K") {
        killed = index;
        if (running !== undefined) results.set(running, { ...result("killed"), code: index });
      }
      else if (type === "P") seen.set(index, lookOf(stdout, stderr, Number(code)));
      else if (type === "F") recordMany({ label, out: stdout, err: stderr }, together, seen);
      else if (type === "G") results.set(index, result("stale"));
      else if (type === "H") results.set(index, result("not-due"));
      else if (type === "B") {
        running = index;
        began = performance.now();
        events.onBegin(index);
      } else if (type === "A") {
        running = undefined;
        const ended = result(code === "0" ? "done" : "failed");
        results.set(index, ended);
        if (ended.result === "done") events.onDone(index, ended);
      }
      arm();
    });
    const reader = (stream: "out" | "err") => {
      // The streams are not in step: each knows by its own frames whether what it carries is an apply's output.
      let applying = false;
      return new FrameReader(
        mark,
        (label, body) => {
          applying = label.startsWith("B ");
          pairs.add(stream, label, body);
        },
        (chunk) => {
          if (applying) events.onOutput(stream === "out" ? "stdout" : "stderr", chunk);
        },
      );
    };
    const [out, err] = [reader("out"), reader("err")];
    let [seenOut, seenErr] = [0, 0];
    const options = {
      end,
      gzip: this.gzip,
      // Behind the last frame a newline more does no harm.
      live: true,
      signal: abort.signal,
      onStdout: (chunk: Buffer) => {
        seenOut += chunk.length;
        out.push(chunk);
      },
      onStderr: (chunk: Buffer) => {
        seenErr += chunk.length;
        err.push(chunk);
      },
    };
    try {
      arm();
      await this.#exchange.request(`${steps.length === 1 ? "1 step" : `${steps.length} steps`}, ${looksOf(looks.length)}`, batchScript(mark, end, id, steps, numbered, together), options);
    } catch (error) {
      followed = error instanceof ConnectionLost && !timedOut;
      if (followed) gone = await this.#follow(end, id, options, () => [seenOut, seenErr]);
      else if (!timedOut) throw error;
    } finally {
      clearTimeout(timer);
    }
    if (timedOut && running !== undefined) results.set(running, { result: "timed-out", out: "", err: "", code: 124, seconds: (performance.now() - began) / 1000 });
    if (timedOut) this.#left.push(id);
    else if (!gone) this.#last = id;
    if (!gone) this.#refuseHoles(steps, results, killed);
    return { steps: results, looks: seen, gone, followed };
  }

  /** Leaves no copy of what batches have printed on the host. Never rejects: without a connection the next run does it. */
  async tidy(): Promise<void> {
    const ids = [...this.#left.splice(0), ...(this.#last === undefined ? [] : [this.#last])];
    this.#last = undefined;
    if (ids.length === 0) return;
    const end = nonce();
    await this.session.request(tidyScript(end, ids), { end, onStdout: () => {}, onStderr: () => {}, signal: AbortSignal.timeout(TIDY_WITHIN) }).catch(() => {});
  }

  /** @throws HawserError when a step that was to act is missing without any step before it having stopped the batch. */
  #refuseHoles(steps: readonly Step[], results: ReadonlyMap<number, StepResult>, killed: number | undefined): void {
    const stopped = [...results.values()].some(({ result }) => result !== "done" && result !== "not-due");
    if (stopped || steps.every((step) => !step.apply || results.has(step.index))) return;
    if (killed !== undefined) throw new HawserError(`the host's shell was killed in the middle of a batch (exit code ${killed})`, { host: this.session.host, hint: KILLED_HINT });
    throw new HawserError(`a look in the middle of a batch was not answered within ${this.#options.probeTimeout} s`, { host: this.session.host, hint: "something on the host hangs: a dead mount or a stuck daemon" });
  }

  /** @returns whether the host no longer knows the batch. */
  async #follow(end: string, id: string, options: { end: string; signal: AbortSignal; onStdout: (chunk: Buffer) => void; onStderr: (chunk: Buffer) => void }, seen: () => [number, number]): Promise<boolean> {
    for (;;) {
      await this.#reconnect();
      let gone = false;
      try {
        const onStderr = (chunk: Buffer) => {
          if (chunk.toString() === "gone\n" || chunk.toString() === "gone") gone = true;
          else options.onStderr(chunk);
        };
        await this.#exchange.request("what a batch did meanwhile", resumeScript(end, id, ...seen()), { ...options, onStderr });
        return gone;
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
      }
    }
  }

  /** The host's own work and that of others take turns, so that a connection that breaks is mended once. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#busy.then(work);
    this.#busy = turn.catch(() => {});
    return turn;
  }

  async #reconnect(): Promise<void> {
    this.#options.onConnection("lost");
    await this.session.reconnect(RECONNECT_WITHIN);
    this.#options.onConnection("back");
  }
}
