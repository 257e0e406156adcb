import { once } from "node:events";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expandUses } from "../../engine/resolve.ts";
import { runPlaybook } from "../../engine/run.ts";
import { UsageError } from "../../errors/index.ts";
import { colors, formatError, humanReporter } from "../../report/index.ts";
import { wantsColor } from "../color.ts";
import { count } from "../inventory.ts";
import type { ImportFile } from "../load-playbook.ts";
import { raiseLab } from "../raise-lab.ts";
import { loadRun, type Loaded, type RunFlags } from "../run-file.ts";
import { FileWatch } from "./files.ts";
import { WatchScreen } from "./screen.ts";
import { KeptSessions } from "./sessions.ts";

/** Checks a playbook, and again whenever something of it is saved, until it is interrupted. @returns the exit code, 0 */
export async function watchFile(file: string, flags: RunFlags, importFile: ImportFile): Promise<number> {
  if (!flags.check) throw new UsageError("--watch goes with --check: nothing is to be changed whenever a file is saved");
  if (flags.output === "json") throw new UsageError("--watch is for people, and prints no JSON");
  return await new Watching(file, flags, importFile).run();
}

class Watching {
  readonly #file: string;
  readonly #flags: RunFlags;
  readonly #importFile: ImportFile;
  readonly #files = new FileWatch();
  readonly #sessions = new KeptSessions();
  readonly #screen = new WatchScreen(process.stdout);
  readonly #stop = new AbortController();
  readonly #leave: (() => void)[] = [];
  #sources: readonly string[] = [];
  #folders: readonly string[] = [];

  constructor(file: string, flags: RunFlags, importFile: ImportFile) {
    this.#file = path.resolve(file);
    this.#flags = flags;
    this.#importFile = importFile;
    this.#sources = [this.#file];
    this.#follow();
  }

  async run(): Promise<number> {
    const onSignal = (): void => this.#stop.abort();
    process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
    const stopped = once(this.#stop.signal, "abort");
    try {
      for (let saved: readonly string[] = []; !this.#stop.signal.aborted; saved = this.#files.take()) {
        this.#screen.status(this.#dim("checking"));
        const began = new Date();
        const newer = this.#files.saved();
        const over = new AbortController();
        const round = this.#round(AbortSignal.any([this.#stop.signal, over.signal]));
        // What is saved meanwhile makes this check old.
        void newer.then(() => over.abort());
        const said = await round;
        if (!over.signal.aborted && !this.#stop.signal.aborted) this.#screen.draw(`${this.#title(began, saved)}\n${said}`, this.#dim(`watching ${count(this.#files.size, "file")}; Ctrl-C ends`));
        await Promise.race([newer, stopped]);
      }
      return 0;
    } finally {
      process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
      this.#files.close();
      await this.#sessions.close();
      for (const leave of this.#leave) leave();
    }
  }

  /** One check, or why there is none, as text. */
  async #round(interrupt: AbortSignal): Promise<string> {
    const color = wantsColor(process.stdout);
    try {
      const loaded = await loadRun(path.relative(process.cwd(), this.#file), this.#flags, this.#importFile);
      this.#leave.push(loaded.leave);
      await this.#followWhatItUses(loaded);
      await raiseLab(loaded.inventory);
      return await this.#check(loaded, interrupt, color);
    } catch (error) {
      // It may be mended in a file that was not part of it before.
      const { source } = error as { source?: { file: string } };
      if (source) this.#sources = [...new Set([...this.#sources, path.resolve(source.file)])];
      this.#follow();
      return formatError(error, { color });
    }
  }

  async #check({ playbook, options }: Loaded, interrupt: AbortSignal, color: boolean): Promise<string> {
    const stream = new PassThrough();
    const said = text(stream);
    const reporter = humanReporter({ stream, tty: false, color, width: process.stdout.columns, diff: true, verbose: this.#flags.verbose ?? 0 });
    try {
      await runPlaybook(playbook, { ...options, connect: (host) => this.#sessions.open(host, options.connect), interrupt }, (event) => reporter.on(event));
    } finally {
      await reporter.end();
      stream.end();
    }
    return (await said).trimEnd();
  }

  async #followWhatItUses({ playbook }: Loaded): Promise<void> {
    const sources = (await this.#importFile.sources?.(this.#file)) ?? [];
    // A file that is saved this moment leaves the list empty: the last one holds until the next check.
    if (sources.length > 0) this.#sources = [...new Set([this.#file, ...sources])];
    const roles = playbook.plays.flatMap((play) => expandUses(play.roles).map(({ role }) => role.folder));
    this.#folders = [...new Set(roles)].flatMap((folder) => [path.join(folder, "templates"), path.join(folder, "files")]);
    this.#follow();
  }

  #follow(): void {
    const beside = ["group_vars", "host_vars"].map((name) => path.join(path.dirname(this.#file), name));
    const own = this.#sources.filter((file) => !file.includes(`${path.sep}node_modules${path.sep}`));
    this.#files.follow([...own, path.resolve(this.#flags.inventory)], [...this.#folders, path.resolve(this.#flags.inventory), ...beside]);
  }

  #title(at: Date, saved: readonly string[]): string {
    const names = saved.map((file) => path.relative(process.cwd(), file));
    return `${this.#dim(at.toTimeString().slice(0, 8))}${names.length === 0 ? "" : `  after ${names.join(", ")} was saved`}`;
  }

  #dim(part: string): string {
    return colors(wantsColor(process.stdout)).dim(part);
  }
}
