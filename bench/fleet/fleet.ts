import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { RealHost } from "./recorder.ts";
import { keyPair } from "./simulated-host.ts";
import type { Answer, FleetCounts, FleetHost, Order } from "./server.ts";

export interface FleetOptions {
  readonly hosts: number;
  /** That many more hosts, first in the inventory, accept a connection and never say a word. Default 0. */
  readonly mute?: number;
  /** Seconds until an unfinished connect fails. Default 20, as everywhere. */
  readonly connectTimeout?: number;
  /** Where scripts are run that are not recorded yet. */
  readonly real: RealHost;
}

/** A fleet of simulated hosts in a process of its own: real ssh connections over loopback, recorded answers. */
export class Fleet {
  readonly #server: ChildProcess;
  readonly #folder: string;
  readonly #hosts: readonly FleetHost[];

  private constructor(server: ChildProcess, folder: string, hosts: readonly FleetHost[]) {
    this.#server = server;
    this.#folder = folder;
    this.#hosts = hosts;
  }

  static async start({ hosts, mute = 0, connectTimeout = 20, real }: FleetOptions): Promise<Fleet> {
    const folder = mkdtempSync(path.join(tmpdir(), "hawser-fleet-"));
    const login = keyPair();
    writeFileSync(path.join(folder, "key"), login.private, { mode: 0o600 });
    const server = fork(new URL("server.ts", import.meta.url), { execArgv: ["--import", "tsx"] });
    const order: Order = { hosts, mute, login: login.public, real };
    const answer = await ask<{ hosts: unknown }>(server, order);
    const fleet = new Fleet(server, folder, answer.hosts);
    writeFileSync(path.join(folder, "known_hosts"), answer.hosts.map(({ known }) => `${known}\n`).join(""));
    writeFileSync(path.join(folder, "hosts.yml"), fleet.#inventory(connectTimeout));
    return fleet;
  }

  /** A folder to give to `-i`. */
  get inventory(): string {
    return this.#folder;
  }

  #inventory(connectTimeout: number): string {
    const ssh = { user: "root", key: path.join(this.#folder, "key"), known_hosts: path.join(this.#folder, "known_hosts"), host_key_checking: "strict", config: false, agent: false, connect_timeout: connectTimeout };
    const hosts = this.#hosts.map(({ name, address, port }) => `    ${name}: { ssh: { address: ${address}, port: ${port} } }\n`);
    return `all:\n  vars: { ssh: ${JSON.stringify(ssh)} }\n  hosts:\n${hosts.join("")}`;
  }

  async counts(): Promise<FleetCounts> {
    return (await ask<{ counts: unknown }>(this.#server, "counts")).counts;
  }

  async stop(): Promise<void> {
    if (this.#server.exitCode === null) {
      const gone = once(this.#server, "exit");
      this.#server.disconnect();
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function ask<Shape>(server: ChildProcess, what: Order | "counts"): Promise<Extract<Answer, Shape>> {
  server.send(what);
  const gone = new AbortController();
  server.once("exit", () => gone.abort(new Error("the fleet's process ended")));
  const [answer] = (await once(server, "message", { signal: gone.signal })) as [Extract<Answer, Shape>];
  return answer;
}
