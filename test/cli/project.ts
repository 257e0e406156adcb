import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A project whose hosts are all this machine. */
export class Project {
  readonly folder: string;

  constructor(t: TestContext, hosts: readonly string[] = ["here"]) {
    this.folder = mkdtempSync(path.join(tmpdir(), "hawser-report-"));
    t.after(() => rmSync(this.folder, { recursive: true, force: true }));
    mkdirSync(`${this.folder}/node_modules`);
    symlinkSync(ROOT, `${this.folder}/node_modules/hawser`);
    mkdirSync(`${this.folder}/inventory`);
    writeFileSync(`${this.folder}/package.json`, '{"type":"module"}');
    writeFileSync(`${this.folder}/inventory/hosts.yml`, `all:\n  vars: { region: la, ssh: { kind: local } }\n  hosts:\n${hosts.map((host) => `    ${host}:\n`).join("")}`);
  }

  playbook(tasks: string, more = ""): void {
    writeFileSync(
      `${this.folder}/site.ts`,
      `import { defineRole, play, playbook, Secret, sh, use, z } from "hawser";
const r = defineRole(import.meta, { name: "r", summary: "", vars: z.strictObject({}), tasks({ t, host }) { ${tasks.replaceAll("FOLDER", this.folder)} }, ${more} });
export default playbook(import.meta, [play({ name: "p", hosts: "all", roles: [use(r, {})] })]);
`,
    );
  }

  start(...args: string[]) {
    // As root, what a host keeps of hawser is in folders of this process alone.
    const apart = process.getuid?.() === 0 ? ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run && mount -t tmpfs none /var/lib && exec "$@"', "sh"] : [];
    const [program = "", ...argv] = [...apart, process.execPath, `${ROOT}bin/hawser.mjs`, ...args];
    const child = spawn(program, argv, { cwd: this.folder, env: { ...process.env, NO_COLOR: "1", HOME: this.folder, XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? `${process.env["HOME"]}/.cache` } });
    const said = { out: "", err: "" };
    child.stdout.on("data", (text: Buffer) => (said.out += text.toString()));
    child.stderr.on("data", (text: Buffer) => (said.err += text.toString()));
    const ended = once(child, "close").then(([code]) => ({ code: code as number, ...said }));
    return { child, ended };
  }

  async run(...args: string[]) {
    return await this.start("run", "site.ts", "-i", "inventory", ...args).ended;
  }

  json<T>(name: string): T {
    return JSON.parse(this.text(name)) as T;
  }

  text(name: string): string {
    return readFileSync(`${this.folder}/${name}`, "utf8");
  }
}
