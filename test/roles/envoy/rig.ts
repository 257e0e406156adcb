import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer as http2Server, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { connect, createServer, type Server, type Socket } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { yamlText } from "../../../src/index.ts";
import { bootstrapOf } from "../../../roles/envoy/bootstrap.ts";
import { meshName, type End } from "../../../roles/envoy/mesh.ts";
import { CERTIFICATE, KEY, TRUSTED } from "../../../roles/envoy/paths.ts";

const SUPERVISOR = fileURLToPath(new URL("../../../roles/envoy/files/supervise.sh", import.meta.url));
const FRAME = 5;

/** The service echo, and the health protocol, on this machine. */
export class EchoServer {
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #answers = new Set<Promise<unknown>>();
  #killed = false;

  constructor(host: string, region: string) {
    this.#server = http2Server();
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      session.on("error", () => undefined);
      session.on("close", () => this.#sessions.delete(session));
    });
    this.#server.on("stream", (stream: ServerHttp2Stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on("error", () => undefined);
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => void answer(stream, headers[":path"] === "/grpc.health.v1.Health/Check" ? Buffer.from([8, 1]) : undefined, Buffer.concat(chunks).subarray(FRAME), [host, region], this.#begun));
    });
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Without a farewell, and with calls under way. Only an answer that has begun is let out, as gRPC's servers do in one write: nobody can ask for the rest of it again. */
  async kill(): Promise<void> {
    this.#killed = true;
    this.#server.close();
    await Promise.all(this.#answers);
    for (const session of this.#sessions) session.destroy();
  }

  readonly #begun = (stream: ServerHttp2Stream): boolean => {
    if (this.#killed || stream.destroyed) return false;
    const closed = new Promise((resolve) => stream.once("close", resolve));
    this.#answers.add(closed);
    void closed.then(() => this.#answers.delete(closed));
    return true;
  };
}

async function answer(stream: ServerHttp2Stream, health: Buffer | undefined, said: Buffer, names: readonly string[], begin: (stream: ServerHttp2Stream) => boolean): Promise<void> {
  const length = said[1] ?? 0;
  const [low = 0, high = 0] = [said[length + 3], said[length + 4]];
  if (said[length + 2] === 0x10) await sleep((low & 0x7f) + high * 128);
  if (!begin(stream)) return;
  const message = health ?? Buffer.concat([said.subarray(0, length + 2), ...names.map((name, i) => Buffer.concat([Buffer.from([(i + 2) * 8 + 2, name.length]), Buffer.from(name)]))]);
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
}

/** A way to somewhere that can be cut: what is asked on it then is lost, without a word. Answers under way are let out: one that has begun cannot be asked for again, on whatever way. */
export class Path {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;

  constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
        socket.on("data", (data: Buffer) => void ((socket === near && this.#cut) || (socket === near ? far : near).write(data)));
      }
    });
  }

  async listen(address: string, port: number): Promise<void> {
    this.#server.listen(port, address);
    await once(this.#server, "listening");
  }

  cut(cut: boolean): void {
    this.#cut = cut;
    // Whoever waits on it would see the rest of a stream that lacks a part.
    if (!cut) for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Keys of all ends, and certificates that each trusts. */
export function certificates(folder: string, hosts: readonly string[]): void {
  const texts = hosts.map((host) => {
    mkdirSync(path.join(folder, host), { recursive: true });
    const at = (name: string): string => path.join(folder, host, name);
    spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", `/CN=${meshName(host)}`, "-addext", `subjectAltName=DNS:${meshName(host)}`, "-keyout", at("key.pem"), "-out", at("cert.pem")]);
    return spawnSync("cat", [at("cert.pem")], { encoding: "utf8" }).stdout;
  });
  for (const host of hosts) writeFileSync(path.join(folder, host, "trusted.pem"), texts.join(""));
}

/** A real Envoy under the role's supervisor, with what the role generates. */
export class EnvoyEnd {
  readonly #own: End;
  readonly #folder: string;
  readonly #program: string;
  #supervisor: ChildProcess | undefined;

  constructor(folder: string, program: string, own: End) {
    this.#own = own;
    this.#folder = path.join(folder, own.host.name);
    this.#program = program;
  }

  /** Writes what it runs with, after `change`. */
  write(peers: readonly End[], change: (text: string) => string = (text) => text): void {
    const at = (name: string): string => path.join(this.#folder, name);
    const files = [[KEY, "key.pem"], [CERTIFICATE, "cert.pem"], [TRUSTED, "trusted.pem"]] as const;
    const text = files.reduce((sum, [file, name]) => sum.replaceAll(file, at(name)), yamlText(bootstrapOf(this.#own, peers)));
    writeFileSync(at("envoy.yaml"), change(text));
    const { admin_port } = this.#own.vars;
    const settings = { PROGRAM: this.#program, BOOTSTRAP: at("envoy.yaml"), ADMIN_PORT: admin_port, BASE_ID: admin_port, DRAIN_S: 2, PARENT_SHUTDOWN_S: 4, LEAVE_S: 1, LOG_LEVEL: "error", CONCURRENCY: 1, RUN: this.#folder };
    writeFileSync(at("settings"), Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`).join(""));
  }

  /** @throws Error when it is not ready within 30 s */
  async start(): Promise<void> {
    this.#supervisor = spawn("sh", [SUPERVISOR, "run"], { env: this.#env(), stdio: "ignore" });
    await until("Envoy is ready", async () => (await this.admin("ready")).trim() === "LIVE");
  }

  async reload(): Promise<{ readonly code: number; readonly err: string }> {
    const child = spawn("sh", [SUPERVISOR, "reload", String(this.#supervisor?.pid)], { env: this.#env(), stdio: ["ignore", "ignore", "pipe"] });
    let err = "";
    child.stderr.on("data", (data: Buffer) => (err += data.toString()));
    const [code] = (await once(child, "close")) as [number];
    return { code, err };
  }

  /** @returns the supervisor's exit code */
  async stop(): Promise<number | null> {
    const child = this.#supervisor;
    if (!child || child.exitCode !== null) return child?.exitCode ?? null;
    child.kill("SIGTERM");
    const [code] = (await once(child, "exit")) as [number | null];
    return code;
  }

  /** What its administration says, or nothing. A connection of its own each time: a kept one would still be answered by the Envoy that hands over. */
  async admin(what: string): Promise<string> {
    try {
      return await (await fetch(`http://127.0.0.1:${this.#own.vars.admin_port}/${what}`, { headers: { connection: "close" } })).text();
    } catch {
      return "";
    }
  }

  async epoch(): Promise<number> {
    return Number(/"restart_epoch": (\d+)/.exec(await this.admin("server_info"))?.[1]);
  }

  #env(): NodeJS.ProcessEnv {
    return { ...process.env, HAWSER_ENVOY_SETTINGS: path.join(this.#folder, "settings") };
  }
}

/** @throws Error when it is not so within 30 s */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within 30 s: ${what}`);
    await sleep(100);
  }
}
