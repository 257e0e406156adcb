import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Ended, Row } from "./row.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const BIN = path.join(REPOSITORY, "bin/hawser.mjs");
/** Milliseconds; nothing that is refused takes longer. */
const PATIENCE = 90_000;

/** A user's folder of playbooks with hawser installed in it, outside of hawser's own folder. */
export class Workshop {
  readonly folder = mkdtempSync(path.join(tmpdir(), "hawser-bad-"));
  /** `file:line:column` of every `⟪`. */
  readonly places: string[] = [];

  constructor(files: Readonly<Record<string, string>>, words: Readonly<Record<string, string>>) {
    mkdirSync(path.join(this.folder, "node_modules"));
    symlinkSync(REPOSITORY, path.join(this.folder, "node_modules/hawser"));
    this.#write("package.json", '{ "type": "module" }\n');
    const filled = { ...words, DIR: this.folder };
    for (const [name, text] of Object.entries(files)) this.#write(name, this.#mark(name, text.replaceAll(/\{([A-Z_0-9]+)\}/g, (whole, word: string) => filled[word as keyof typeof filled] ?? whole)));
  }

  #mark(name: string, text: string): string {
    for (let rest = text; rest.includes("⟪"); rest = rest.replace("⟪", "")) {
      const before = rest.slice(0, rest.indexOf("⟪")).split("\n");
      this.places.push(`${name}:${before.length}:${(before.at(-1) ?? "").length + 1}`);
    }
    return text.replaceAll("⟪", "");
  }

  #write(name: string, text: string): void {
    const file = path.join(this.folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o600 });
  }

  /** Starts hawser here. It gets no terminal, no colours and no ssh agent. */
  start(row: Pick<Row, "args" | "env">): { child: ChildProcess; ended: Promise<Ended> } {
    const { SSH_AUTH_SOCK: _agent, FORCE_COLOR: _color, ...env } = process.env;
    const child = spawn(process.execPath, [BIN, ...(row.args ?? ["run", "site.ts", "-i", "inv"])], { cwd: this.folder, env: { ...env, NO_COLOR: "1", HAWSER_RUNS: `${this.folder}/.runs`, ...row.env }, stdio: ["ignore", "pipe", "pipe"], timeout: PATIENCE, killSignal: "SIGKILL" });
    const [stdout, stderr]: [string[], string[]] = [[], []];
    child.stdout.setEncoding("utf8").on("data", (text: string) => stdout.push(text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text));
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve({ code, signal, stdout: stdout.join(""), stderr: stderr.join("") }));
    });
    return { child, ended };
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
