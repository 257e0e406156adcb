import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import type { Duplex } from "node:stream";
import { ConnectionLost } from "./errors.ts";
import { dialTcp } from "./dial.ts";
import { Slots } from "./slots.ts";
import { localUser } from "./target.ts";
import type { Channel, ChannelEvents, Exit, Transport } from "./transport.ts";

/** As many commands at once as over ssh, so that a playbook behaves alike. */
const CHANNELS = 5;

/** This machine. Every command gets a process group of its own, as sshd gives it. */
export class LocalTransport implements Transport {
  readonly place = "this machine";
  readonly user = localUser();
  readonly slots = new Slots(CHANNELS);
  readonly hangsUp = false;
  readonly #host: string;
  readonly #running = new Set<ChildProcessWithoutNullStreams>();
  #lost: string | undefined;

  constructor(host: string) {
    this.#host = host;
  }

  get lost(): string | undefined {
    return this.#lost;
  }

  open(command: string, events: ChannelEvents, options: { readonly tty?: boolean } = {}): Promise<Channel> {
    return new Promise((resolve, reject) => {
      // Node has no terminals; script(1) of util-linux makes one, and would start the user's own shell, whichever that is.
      const [program, ...args] = options.tty ? (["script", "-qec", command, "/dev/null"] as const) : (["sh", "-c", command] as const);
      const child = spawn(program, args, { detached: true, cwd: "/", stdio: "pipe", env: options.tty ? { ...process.env, SHELL: "/bin/sh" } : process.env });
      child.once("error", (error) => reject(new ConnectionLost(`${this.#host}: cannot run ${program}: ${error.message}`, { host: this.#host, cause: error })));
      child.once("spawn", () => resolve(this.#wrap(child, events)));
    });
  }

  forward(address: string, port: number): Promise<Duplex> {
    return dialTcp(address, port);
  }

  async close(): Promise<void> {
    this.#lost ??= "the session was closed";
    for (const child of this.#running) child.stdin.end();
  }

  #wrap(child: ChildProcessWithoutNullStreams, events: ChannelEvents): Channel {
    this.#running.add(child);
    child.stdout.on("data", events.onStdout);
    child.stderr.on("data", events.onStderr);
    // A write to a command that is gone; how it went is what `close` tells.
    child.stdin.on("error", () => {});
    let given = false;
    const closed = new Promise<Exit>((resolve) => {
      child.once("close", (code, signal) => {
        this.#running.delete(child);
        resolve(given && code === null ? { lost: "the command was let go" } : { code, signal });
      });
    });
    const destroy = (): void => {
      given = true;
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
    };
    return { stdin: child.stdin, closed, destroy };
  }
}
