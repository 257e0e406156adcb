import type { Become, Target } from "./target.ts";
import { BecomeFailed } from "../engine/session.ts";
import { becomeFailure, wantsTerminal, wrongPassword } from "./become-failure.ts";
import { becomeLine, mayPrompt, needsTerminal } from "./become-line.ts";
import { begun } from "./begun.ts";
import { Gate } from "./gate.ts";
import { openOnTerminal } from "./open-on-terminal.ts";
import { opening, randomWord, type Program, type ProgramRequest } from "./program.ts";
import { settleable } from "./settleable.ts";
import type { Transport } from "./transport.ts";

/** What is known of a host's sudo: some insist on a terminal (`Defaults requiretty`). */
export interface TerminalMemory {
  needed: "unknown" | "yes" | "no";
}

/** The user that programs run as, and how to become it. Becoming whom one already is needs no sudo. */
export function effectiveBecome(become: Become, login: string): Become {
  return become.method !== "none" && become.user === login ? { method: "none", user: login } : become;
}

/**
 * Runs a script on a host as the wanted user; the caller holds the channel slots.
 *
 * Resolves when the program's input may be written to. With `eager` that may be before the program has begun, where no
 * prompt can come; when it then turns out that sudo wants a terminal, `started` rejects, `memory.needed` says so, and the
 * caller tries once more. Nothing of its input was read by then.
 * @throws BecomeFailed, Unreachable, ConnectionLost
 */
export async function openProgram(transport: Transport, target: Target, request: ProgramRequest, memory: TerminalMemory, eager: boolean): Promise<Program> {
  const become = effectiveBecome(target.become, transport.user);
  if (memory.needed === "yes" || needsTerminal(become)) return await openOnTerminal(transport, target.host, become, request);
  const { program, noise } = await openPlain(transport, target.host, become, request);
  if (become.method === "none") return program;
  const settled = program.started.then(
    () => void (memory.needed = "no"),
    () => void (wantsTerminal(noise()) && (memory.needed = "yes")),
  );
  if (!mayPrompt(become) && (eager || memory.needed === "no")) return program;
  try {
    await begun(program, target.host, become, noise);
  } catch (error) {
    await settled;
    if ((memory.needed as string) !== "yes") throw error;
    return await openOnTerminal(transport, target.host, become, request);
  }
  return program;
}

/** The number of channels that one program takes. */
export function slotsFor(target: Target, login: string, memory: TerminalMemory): 1 | 2 {
  const become = effectiveBecome(target.become, login);
  return needsTerminal(become) || (become.method === "sudo" && memory.needed !== "no") ? 2 : 1;
}

async function openPlain(transport: Transport, host: string, become: Become, request: ProgramRequest): Promise<{ program: Program; noise: () => string }> {
  const mark = randomWord();
  const prompt = `${randomWord()}:`;
  const started = settleable<number>();
  const ready = settleable<{ write(text: string): void; destroy(): void }>();
  let seen = 0;
  const onOpen = (group: string): void => {
    seen += 1;
    if (seen === 2) started.resolve(Number(group));
  };
  let asked = 0;
  let said = "";
  const onNoise = (noise: string): void => {
    said = noise;
    const { password } = become;
    const prompts = password ? noise.split(prompt).length - 1 : 0;
    if (!password || prompts <= asked) return;
    asked = prompts;
    if (asked === 1) {
      request.onExchange();
      void ready.promise.then((channel) => channel.write(`${password.reveal()}\n`));
    } else {
      // A second prompt means that the first answer was wrong; sending it again could lock the account.
      const { what, hint } = wrongPassword(become, transport.user);
      started.reject(new BecomeFailed(`${host}: ${what}`, { host, hint }));
      void ready.promise.then((channel) => channel.destroy());
    }
  };
  const out = new Gate(mark, request.events.onStdout, onOpen);
  const err = new Gate(mark, request.events.onStderr, onOpen, onNoise);
  const channel = await transport.open(becomeLine(become, opening(mark) + request.script, prompt), { onStdout: out.push, onStderr: err.push });
  request.onExchange();
  ready.resolve({ write: (text) => void channel.stdin.write(text), destroy: () => channel.destroy() });
  const noise = (): string => `${out.noise}\n${said}`.replaceAll(prompt, "").trim();
  void channel.closed.then((exit) => started.reject(becomeFailure(host, become, transport.user, noise(), exit)));
  return { program: { stdin: channel.stdin, started: started.promise, closed: channel.closed, destroy: () => channel.destroy() }, noise };
}
