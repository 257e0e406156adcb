import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Evidence, EvidenceHost, EvidenceServer, Result, Step } from "../../scripts/status/evidence.ts";
import { labExec, labStatus, type LabHostState } from "../../src/lab/index.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** How a role's server is asked what it is. */
export interface Server {
  readonly name: string;
  /** The host that is asked. */
  readonly on: string;
  /** Shell text whose first line is the version, e.g. `etcd --version`; words of which one looks like a version give that one. */
  readonly version: string;
  /** Where it only answers as the real one would: what it is. */
  readonly standIn?: string;
}

export type Figures = Readonly<Record<string, number | string>>;

export interface Subject {
  /** `import.meta` of the test. */
  readonly test: ImportMeta;
  /** The roles that every step is about, unless it says otherwise. */
  readonly roles: readonly string[];
  /** The lab's name. */
  readonly lab: string;
  /** By role. */
  readonly servers: Readonly<Record<string, Server>>;
  /** Which of the roles' servers, where they have a choice of them. Default: the usual one. */
  readonly backend?: string;
}

/**
 * Writes down what a test shows of roles, where HAWSER_EVIDENCE names a folder; `npm run status` makes docs/status.md of it.
 * Without it, the tests are as they would be.
 */
export class Recorder {
  readonly #subject: Subject;
  readonly #folder: string | undefined;
  #hosts: Promise<readonly EvidenceHost[]> | undefined;
  readonly #servers = new Map<string, Promise<EvidenceServer | undefined>>();

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#folder = process.env["HAWSER_EVIDENCE"];
  }

  /** A test's function that shows these steps of the subject's roles, or of some of them; what it returns are the figures. */
  step(steps: Step | readonly Step[], show: () => Promise<Figures | void>, roles = this.#subject.roles): () => Promise<void> {
    return async () => {
      let ended: { result: Result; reason?: string; figures?: Figures } | undefined;
      try {
        const figures = await show();
        ended = { result: "passed", ...(figures && { figures }) };
      } catch (error) {
        ended = { result: "failed", reason: shortened(error instanceof Error ? error.message : String(error)) };
        throw error;
      } finally {
        if (ended) for (const role of roles) for (const step of [steps].flat()) await this.#write(role, step, ended);
      }
    };
  }

  /** A step that this test leaves out. */
  async skip(step: Step, reason: string, roles = this.#subject.roles): Promise<void> {
    for (const role of roles) await this.#write(role, step, { result: "skipped", reason });
  }

  /** Steps that the machine cannot do, as without a server's program. */
  async unavailable(steps: readonly Step[], reason: string): Promise<void> {
    for (const role of this.#subject.roles) for (const step of steps) await this.#write(role, step, { result: "unavailable", reason });
  }

  async #write(role: string, step: Step, ended: { readonly result: Result; readonly reason?: string; readonly figures?: Figures }): Promise<void> {
    if (this.#folder === undefined) return;
    const ran = ended.result === "passed" || ended.result === "failed";
    const hosts = ran ? await (this.#hosts ??= hostsOf(this.#subject.lab)) : [];
    const server = ran ? await this.#serverOf(role, ended.result === "passed") : undefined;
    const { result, reason, figures } = ended;
    const evidence: Evidence = {
      role,
      ...(this.#subject.backend !== undefined && { backend: this.#subject.backend }),
      step, result,
      ...(reason !== undefined && { reason }),
      ...(figures && { figures }),
      hosts,
      ...(server && { server }),
      test: path.relative(ROOT, fileURLToPath(this.#subject.test.url)),
      date: new Date().toISOString().slice(0, 10),
      commit: `${git("rev-parse", "--short=8", "HEAD")}${git("status", "--porcelain", "--untracked-files=no") === "" ? "" : "+"}`,
      tree: treeOf(role),
    };
    mkdirSync(this.#folder, { recursive: true });
    appendFileSync(path.join(this.#folder, `${path.basename(evidence.test, ".test.ts")}.jsonl`), `${JSON.stringify(evidence)}\n`);
  }

  /** Asked once it is there. @throws Error when a step passed and the server does not say what it is */
  async #serverOf(role: string, there: boolean): Promise<EvidenceServer | undefined> {
    const server = this.#subject.servers[role];
    if (!server) return undefined;
    const asked = this.#servers.get(role) ?? versionOf(this.#subject.lab, server);
    const said = await asked;
    if (said) this.#servers.set(role, asked);
    else if (there) throw new Error(`${server.on} does not say which ${server.name} it has: ${server.version}`);
    return said;
  }
}

async function hostsOf(lab: string): Promise<readonly EvidenceHost[]> {
  const hosts = (await labStatus(lab))?.hosts ?? [];
  return await Promise.all(hosts.map(async ({ name, image }: LabHostState) => {
    const os = (await labExec(lab, name, ["sh", "-c", '. /etc/os-release; echo "$PRETTY_NAME"'])).stdout.trim();
    return { name, os, family: image, ...(image === "el" && { like: true as const }) };
  }));
}

async function versionOf(lab: string, { name, on, version, standIn }: Server): Promise<EvidenceServer | undefined> {
  const { code, stdout, stderr } = await labExec(lab, on, ["sh", "-c", version]);
  const [line = ""] = (stdout.trim() || stderr.trim()).split("\n");
  if (code !== 0 || line === "") return undefined;
  // Two servers say `1.14.11 and 2.7.2`.
  return { name, version: /\d+(?:\.\d+)+[\w.+-]*(?: and \d+(?:\.\d+)+[\w.+-]*)*/.exec(line)?.[0] ?? line, ...(standIn !== undefined && { standIn }) };
}

/** Of the role's files as they lie there, by an index of its own; the commit may not have them yet. */
function treeOf(role: string): string {
  const index = path.join(mkdtempSync(path.join(tmpdir(), "hawser-tree-")), "index");
  try {
    const env = { GIT_INDEX_FILE: index };
    gitWith(env, "add", "--all", `roles/${role}`);
    return gitWith(env, "write-tree", `--prefix=roles/${role}/`) || "none";
  } finally {
    rmSync(path.dirname(index), { recursive: true, force: true });
  }
}

const git = (...words: readonly string[]): string => gitWith({}, ...words);

function gitWith(env: Readonly<Record<string, string>>, ...words: readonly string[]): string {
  try {
    return execFileSync("git", words, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, ...env } }).trim();
  } catch {
    return "";
  }
}

/** The first line, which is enough to know what to look for. */
const shortened = (text: string): string => (text.split("\n").find((line) => line.trim() !== "") ?? "").slice(0, 160);
