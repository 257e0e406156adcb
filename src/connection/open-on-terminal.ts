import { BecomeFailed, ConnectionLost } from "../engine/session.ts";
import { becomeFailure, wantsPassword, wrongPassword } from "./become-failure.ts";
import { begun } from "./begun.ts";
import { line, shellWords, suWords } from "./command-line.ts";
import { Gate } from "./gate.ts";
import { opening, randomWord, type Program, type ProgramRequest } from "./program.ts";
import { settleable } from "./settleable.ts";
import type { Become } from "./target.ts";
import type { Channel, Exit, Transport } from "./transport.ts";

/** Seconds after which a channel whose other end never came removes its FIFOs and goes away. */
const LEFT_ALONE = 60;
/** Milliseconds that the pump gets to deliver the last words of a become that failed. */
const PUMPING = 1000;

/**
 * The data channel: makes three FIFOs in a private folder, says where, and pumps them. It has no terminal, so nothing
 * touches the bytes. The folder is gone as soon as the other side has opened all three; if that never happens (the
 * controller died between the two channels), the last subshell cleans up.
 */
function dataScript(mark: string): string {
  return `umask 077
d=\${XDG_RUNTIME_DIR:-}
{ [ -n "$d" ] && [ -d "$d" ] && [ -w "$d" ]; } || d=\${HOME:-/}
d=$d/.${mark}
mkdir "$d" && mkfifo "$d/0" "$d/1" "$d/2" || exit 71
printf '\\n%s %s\\n' ${mark} "$d"; printf '\\n%s\\n' ${mark} >&2
exec 3<&0
cat "$d/1" 3<&- & hwl_o=$!
cat "$d/2" >&2 3<&- & hwl_e=$!
cat <&3 >"$d/0" 3<&- & hwl_i=$!
{
  trap 'kill $hwl_s; exit' TERM
  sleep ${LEFT_ALONE} & hwl_s=$!
  wait $hwl_s
  [ -d "$d" ] && { rm -rf "$d"; kill $hwl_i $hwl_o $hwl_e; }
} </dev/null >/dev/null 2>&1 3<&- &
hwl_w=$!
wait $hwl_i $hwl_o $hwl_e
kill $hwl_w
`;
}

/**
 * The terminal channel: opens the FIFOs as the login user, so that the folder need not be open to the user that is become,
 * and then runs su, doas or sudo. SIGHUP is ignored, because the end of the terminal must not kill a script that a
 * connection without one would let finish.
 */
function terminalScript(folder: string, mark: string, become: Become, script: string, prompt: string): string {
  const fifos = "<&3 >&4 2>&5 3<&- 4>&- 5>&-";
  const words = {
    none: () => line(...shellWords(script)),
    // Their own standard streams are the FIFOs: sudo and doas close every other descriptor, and ask on /dev/tty. The shell
    // stays behind them, since sshd takes a terminal that no process holds open for ended and shows no prompt any more.
    sudo: () => `${line("sudo", ...(become.password ? ["-p", prompt] : ["-n"]), "-H", "-u", become.user, "--", ...shellWords(script))} ${fifos}`,
    doas: () => `${line("doas", ...(become.password ? [] : ["-n"]), "-u", become.user, "--", ...shellWords(script))} ${fifos}`,
    // su asks on its standard streams, so those stay the terminal, and the shell that it starts switches.
    su: () => `exec ${line("su", ...suWords(become.user, script, `exec ${fifos}; `))}`,
  }[become.method]();
  return `trap '' HUP
d=${line(folder)}
exec 3<"$d/0" 4>"$d/1" 5>"$d/2" || exit 71
rm -rf "$d"
LC_ALL=C; export LC_ALL
printf '\\n%s\\n' ${mark}
${words}
`;
}

/**
 * Runs a program whose become wants a terminal. The terminal carries the prompt and nothing else: its echo, its CRLF and
 * its 4096-byte lines (N_TTY_BUF_SIZE) never touch a script or its output. Takes two channels.
 */
export async function openOnTerminal(transport: Transport, host: string, become: Become, request: ProgramRequest): Promise<Program> {
  const mark = randomWord();
  const started = settleable<number>();
  let seen = 0;
  const onOpen = (group: string): void => {
    seen += 1;
    if (seen === 2) started.resolve(Number(group));
  };
  // The data channel opens its own gate first; what the become'd shell prints passes a second one.
  const inner = { out: new Gate(mark, request.events.onStdout, onOpen), err: new Gate(mark, request.events.onStderr, onOpen) };
  const { data, folder } = await openData(transport, host, become, inner.out.push, inner.err.push);
  request.onExchange();
  const chat = new Conversation(become, transport.user, host, request.onExchange, (error) => started.reject(error));
  const hello = randomWord();
  const gate = new Gate(hello, (chunk) => chat.push(chunk), () => {});
  const prompt = `${randomWord()}:`;
  let terminal: Channel;
  try {
    terminal = await transport.open(`exec ${line(...shellWords(terminalScript(folder, hello, become, opening(mark) + request.script, prompt)))}`, { onStdout: gate.push, onStderr: () => {} }, { tty: true });
  } catch (error) {
    data.destroy();
    throw error;
  }
  request.onExchange();
  chat.attach(terminal);
  const destroy = (): void => {
    data.destroy();
    terminal.destroy();
  };
  const noise = (): string => [gate.noise, chat.said, inner.out.noise, inner.err.noise].join("\n").replaceAll(prompt, "").trim();
  const closed = terminal.closed.then(async (exit) => {
    // The pump waits for input that nobody reads any more; what doas had to say is still on its way through it.
    data.stdin.end();
    const failure = (): void => started.reject(becomeFailure(host, become, transport.user, noise(), exit));
    const timer = setTimeout(failure, PUMPING);
    const pumped = await data.closed;
    clearTimeout(timer);
    failure();
    return pumped.lost === undefined ? exit : pumped;
  });
  const program: Program = { stdin: data.stdin, started: started.promise, closed, destroy };
  await begun(program, host, become, noise);
  return program;
}

async function openData(transport: Transport, host: string, become: Become, onStdout: (chunk: Buffer) => void, onStderr: (chunk: Buffer) => void): Promise<{ data: Channel; folder: string }> {
  const mark = randomWord();
  const folder = settleable<string>();
  const out = new Gate(mark, onStdout, (rest) => folder.resolve(rest));
  const err = new Gate(mark, onStderr, () => {});
  const data = await transport.open(`exec ${line(...shellWords(dataScript(mark)))}`, { onStdout: out.push, onStderr: err.push });
  const failure = (exit: Exit): Error => {
    if (exit.lost !== undefined) return new ConnectionLost(`${host}: ${exit.lost}`, { host });
    const said = `${out.noise}\n${err.noise}`.trim() || `exit code ${exit.code}`;
    return new BecomeFailed(`${host}: no place for the pipes that ${become.method} needs: ${said}`, { host, hint: `${transport.user} needs a home folder that it can write to` });
  };
  void data.closed.then((exit) => folder.reject(failure(exit)));
  return { data, folder: await folder.promise };
}

/** What is said on the terminal after our mark: at most one prompt is answered. */
class Conversation {
  said = "";
  readonly #become: Become;
  readonly #login: string;
  readonly #host: string;
  readonly #onExchange: () => void;
  readonly #fail: (error: Error) => void;
  #terminal: Channel | undefined;
  #answered = -1;

  constructor(become: Become, login: string, host: string, onExchange: () => void, fail: (error: Error) => void) {
    this.#become = become;
    this.#login = login;
    this.#host = host;
    this.#onExchange = onExchange;
    this.#fail = fail;
  }

  attach(terminal: Channel): void {
    this.#terminal = terminal;
    this.#answer();
  }

  push(chunk: Buffer): void {
    this.said += chunk.toString();
    this.#answer();
  }

  #answer(): void {
    const { password } = this.#become;
    const fresh = this.said.slice(Math.max(0, this.#answered));
    if (!this.#terminal || !password || !this.#prompts(fresh)) return;
    if (this.#answered < 0) {
      this.#answered = this.said.length;
      this.#onExchange();
      this.#terminal.stdin.write(`${password.reveal()}\n`);
      return;
    }
    const { what, hint } = wrongPassword(this.#become, this.#login);
    // Ctrl-C, so that sudo does not take the end of the terminal for two more wrong answers.
    this.#terminal.stdin.write("\x03");
    this.#fail(new BecomeFailed(`${this.#host}: ${what}`, { host: this.#host, hint }));
  }

  #prompts(said: string): boolean {
    return wantsPassword(said) || /hawser-[0-9a-f]{24}:\s*$/.test(said);
  }
}
