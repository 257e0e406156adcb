import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { InvalidArgumentError, Option } from "commander";
import type { RunEvent, Verified, VerifyEvent } from "../engine/events.ts";
import { HawserError, UsageError } from "../errors/index.ts";
import type { Inventory } from "../inventory/index.ts";
import { formatError, REPORT_ENDINGS, reportFormat, RunRecord, VerifyRecord, writeWhole, type ReportFormat } from "../report/index.ts";
import { wantsColor } from "./color.ts";

export const reportOption = (): Option =>
  new Option("--report <file>", "write a report when it is over, also after a failure: .html is a page, .xml is JUnit, .json is a document; may be given more than once").argParser((file: string, before: string[] | undefined) => {
    if (!reportFormat(file)) throw new InvalidArgumentError(`its ending says what it is: ${REPORT_ENDINGS.join(", ")}.`);
    if (before?.some((other) => path.resolve(other) === path.resolve(file))) throw new InvalidArgumentError("it is given twice.");
    return [...(before ?? []), file];
  });

/** @throws UsageError when a report could not be written where it shall be; asked before any host is touched. */
export function checkReportFolders(files: readonly string[]): void {
  for (const file of files) {
    const folder = path.dirname(file);
    try {
      accessSync(folder, constants.W_OK | constants.X_OK);
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      throw new UsageError(missing ? `--report ${file}: there is no folder ${folder}` : `--report ${file}: ${folder} is not writable`, { ...(missing && { hint: `mkdir -p ${folder}` }), ...(!missing && { cause: error }) });
    }
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new UsageError(`--report ${file}: this is a folder`);
  }
}

/** The reports of one run; without files nothing of it is kept. */
export class RunReports {
  readonly #files: readonly string[];
  readonly #inventory: Inventory;
  readonly #record: RunRecord | undefined;

  readonly #drift: boolean;

  constructor(files: readonly string[] | undefined, inventory: Inventory, { drift = false, record }: { readonly drift?: boolean; readonly record?: RunRecord } = {}) {
    this.#files = files ?? [];
    this.#inventory = inventory;
    this.#drift = drift;
    this.#record = record ?? (this.#files.length > 0 ? new RunRecord() : undefined);
  }

  on(event: RunEvent): void {
    this.#record?.on(event);
  }

  /**
   * Writes what is known. A run that never began leaves no report, and an older one stays as it is.
   * @param error What broke the run off, if anything did.
   * @returns the exit code: `code`, or 1 instead of 0 when a report could not be written.
   */
  async write(code: number, error?: unknown): Promise<number> {
    const record = this.#record;
    if (!record?.start || (error instanceof UsageError && !record.recap)) return code;
    // What was not raised on purpose may quote anything.
    const broke = error === undefined ? undefined : error instanceof HawserError ? error.message : "an error that the run's own output shows";
    return await writeReports(this.#files, code, (format) => format.run({ record, regions: placesOf(this.#inventory), cwd: process.cwd(), drift: this.#drift, ...(broke !== undefined && { broke }) }));
  }
}

/** The reports of one verification. */
export class VerifyReports {
  readonly #files: readonly string[];
  readonly #inventory: Inventory;
  readonly #record: VerifyRecord;

  constructor(files: readonly string[] | undefined, inventory: Inventory, playbook: string) {
    this.#files = files ?? [];
    this.#inventory = inventory;
    this.#record = new VerifyRecord(playbook);
  }

  on(event: VerifyEvent): void {
    this.#record.on(event);
  }

  /** As RunReports.write. */
  async write(code: number, verified: Verified): Promise<number> {
    this.#record.verified = verified;
    return await writeReports(this.#files, code, (format) => format.verify({ record: this.#record, regions: placesOf(this.#inventory), cwd: process.cwd() }));
  }
}

export const placesOf = (inventory: Inventory): { name: string; region: string }[] => inventory.hosts.map(({ name, region }) => ({ name, region }));

async function writeReports(files: readonly string[], code: number, tell: (format: ReportFormat) => Iterable<string>): Promise<number> {
  let failed = false;
  for (const file of files) {
    try {
      // oxlint-disable-next-line no-await-in-loop
      const format = await reportFormat(file)?.();
      if (format) writeWhole(file, tell(format));
      process.stderr.write(`report: ${file}\n`);
    } catch (error) {
      failed = true;
      process.stderr.write(formatError(error, { color: wantsColor(process.stderr) }));
    }
  }
  return failed && code === 0 ? 1 : code;
}
