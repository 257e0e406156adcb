import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { HawserError } from "../errors/index.ts";
import type { InventoryHost } from "../inventory/index.ts";
import { quote } from "../shell/index.ts";
import type { AdHocEvent, Answer } from "./events.ts";
import { FrameReader } from "./frames.ts";
import { Semaphore } from "./semaphore.ts";
import { BecomeFailed, ConnectionLost, Unreachable, type Session } from "./session.ts";

export interface AdHocOptions {
  readonly connect: (host: InventoryHost) => Promise<Session>;
  /** Hosts worked on at a time. */
  readonly forks: number;
  /** Seconds that the command may take on one host; it is stopped then. Default: no limit. */
  readonly timeout?: number | undefined;
  /** The script may stand in the host's process list, which saves a request. */
  readonly showable: boolean;
  /** Fed to the command while it runs, byte for byte, and its output comes the same way; takes a channel of its own. */
  readonly stdin?: Readable | undefined;
  /** Where output goes byte for byte, instead of line by line; takes a channel of its own. */
  readonly raw?: ((stream: "stdout" | "stderr", chunk: Buffer) => void) | undefined;
  /** Stops the commands on the hosts, and begins no further ones. */
  readonly interrupt: AbortSignal;
}

/** A script like one that ssh would run: it begins in the user's home, and what it makes others may read as usual. */
const SURROUNDINGS = 'umask 022; cd "${HOME:-/}" 2>/dev/null || cd /\n';

/** Runs a script on hosts, several at a time, and hears their answers in the order in which they come. */
export async function askHosts(hosts: readonly InventoryHost[], script: string, options: AdHocOptions, listen: (event: AdHocEvent) => void): Promise<Answer[]> {
  const fork = new Semaphore(options.forks);
  return await Promise.all(hosts.map(async (host) => {
    await fork.acquire();
    try {
      const answer = await askHost(host, script, options, listen);
      listen({ event: "answer", answer });
      return answer;
    } finally {
      fork.release();
    }
  }));
}

async function askHost(host: InventoryHost, script: string, options: AdHocOptions, listen: (event: AdHocEvent) => void): Promise<Answer> {
  const nothing = { host: host.name, code: null, stdout: "", stderr: "", seconds: 0 };
  if (options.interrupt.aborted) return { ...nothing, trouble: "interrupted", message: "not begun" };
  const began = performance.now();
  const limit = options.timeout === undefined ? undefined : AbortSignal.timeout(options.timeout * 1000);
  const signal = limit ? AbortSignal.any([limit, options.interrupt]) : options.interrupt;
  const seen = { stdout: "", stderr: "" };
  const keep = (stream: "stdout" | "stderr", text: string): void => {
    seen[stream] += text;
    listen({ event: "output", host: host.name, stream, text });
  };
  const seconds = (): number => Math.round(performance.now() - began) / 1000;
  const opening = options.connect(host);
  try {
    const session = await unlessAborted(opening, signal);
    const run = options.stdin || options.raw ? streamed : inOneRequest;
    const code = await run(session, SURROUNDINGS + script, { ...options, signal, keep, whole: (stream, text) => void (seen[stream] = text) });
    return { ...nothing, ...seen, code, seconds: seconds() };
  } catch (error) {
    return { ...nothing, ...seen, seconds: seconds(), ...troubleOf(error, options, limit) };
  } finally {
    opening.then((session) => session.close(), () => {});
  }
}

/** Does not wait for a host that does not answer once nobody wants it any more. @throws the signal's reason */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const given = new AbortController();
  try {
    return await Promise.race([work, once(signal, "abort", { signal: given.signal }).then(() => Promise.reject(signal.reason as Error))]);
  } finally {
    given.abort();
  }
}

interface Running extends AdHocOptions {
  readonly signal: AbortSignal;
  /** Takes output as it comes, whole lines where they are. */
  readonly keep: (stream: "stdout" | "stderr", text: string) => void;
  /** Takes all of a stream, once it is over: of the lines above the last one may have got a newline more. */
  readonly whole: (stream: "stdout" | "stderr", text: string) => void;
}

/** Through the session's shell: one request, and none more where the script may come along with the opening of the shell. */
async function inOneRequest(session: Session, script: string, { signal, showable, keep, whole }: Running): Promise<number> {
  const [mark, end] = [`hw${randomBytes(9).toString("hex")}`, `hw${randomBytes(9).toString("hex")}`];
  let code = Number.NaN;
  const reader = (stream: "stdout" | "stderr"): FrameReader =>
    new FrameReader(
      mark,
      (label, body) => {
        code = Number(label.slice(2));
        whole(stream, body.toString());
      },
      (chunk) => keep(stream, chunk.toString()),
    );
  const [out, err] = [reader("stdout"), reader("stderr")];
  const ending = `hw_c=$?\nprintf '\\n%s %s;' ${mark} "X $hw_c"; printf '\\n%s %s;' ${mark} "X $hw_c" >&2\nprintf '\\n%s\\n' ${end}; printf '\\n%s\\n' ${end} >&2\n`;
  await session.request(`( eval ${quote(script)} ) </dev/null\n${ending}`, { end, onStdout: out.push, onStderr: err.push, signal, showable, live: true });
  return code;
}

/** Through a channel of its own, byte for byte. */
async function streamed(session: Session, script: string, { signal, stdin, raw, keep }: Running): Promise<number> {
  const command = session.$({ nothrow: true, quiet: true, signal, ...(stdin === undefined && { input: "" }) })`sh -c ${script}`;
  for (const stream of ["stdout", "stderr"] as const) {
    const decode = raw ? (chunk: Buffer) => raw(stream, chunk) : byLine((text) => keep(stream, text));
    command[stream].on("data", decode);
    command[stream].once("end", () => decode(Buffer.alloc(0)));
  }
  stdin?.pipe(command.stdin);
  try {
    const { exitCode } = await command;
    signal.throwIfAborted();
    if (exitCode === null) throw new HawserError("the command was killed");
    return exitCode;
  } finally {
    stdin?.unpipe();
    // Or whoever feeds it keeps this process alive.
    stdin?.destroy();
  }
}

/** Hands out whole lines; an empty chunk is the end. */
function byLine(take: (text: string) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    const all = Buffer.concat([rest, chunk]);
    const cut = chunk.length === 0 ? all.length : all.lastIndexOf(10) + 1;
    rest = Buffer.from(all.subarray(cut));
    if (cut > 0) take(all.subarray(0, cut).toString());
  };
}

function troubleOf(error: unknown, { interrupt, timeout }: AdHocOptions, limit: AbortSignal | undefined): Pick<Answer, "trouble" | "message" | "hint"> {
  if (interrupt.aborted) return { trouble: "interrupted", message: "interrupted and stopped" };
  if (limit?.aborted) return { trouble: "timed-out", message: `did not end within ${timeout} s and was stopped` };
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof HawserError && error.hint !== undefined ? { hint: error.hint } : {};
  if (error instanceof Unreachable || error instanceof BecomeFailed) return { trouble: "unreachable", message, ...hint };
  if (error instanceof ConnectionLost) return { trouble: "lost", message: `${message}; whether the command finished is not known`, ...hint };
  return { trouble: "failed", message, ...hint };
}
