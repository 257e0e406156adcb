import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { HawserError } from "../errors/index.ts";
import type { RunRecord } from "./run-record.ts";
import type { VerifyRecord } from "./verify-record.ts";

/** A host of the inventory, whether or not it took part. */
export interface Placed {
  readonly name: string;
  /** "" for none. */
  readonly region: string;
}

interface ReportBase {
  readonly regions: readonly Placed[];
  /** File names are shown relative to it. */
  readonly cwd: string;
}

export interface RunReport extends ReportBase {
  readonly record: RunRecord;
  /** A check that asks how far hosts are from what is declared: what would change is what the report is about. */
  readonly drift?: boolean;
  /** Why the run ended without a recap. */
  readonly broke?: string;
}

export interface VerifyReport extends ReportBase {
  readonly record: VerifyRecord;
}

/** How one kind of report tells a run and a verification, in pieces. */
export interface ReportFormat {
  run(report: RunReport): Iterable<string>;
  verify(report: VerifyReport): Iterable<string>;
}

/** The formats by the ending of the file; loaded only where one is asked for. */
const FORMATS: ReadonlyMap<string, () => Promise<ReportFormat>> = new Map([
  [".html", async () => {
    const [{ runHtml }, { verifyHtml }] = await Promise.all([import("./html/run-page.ts"), import("./html/verify-page.ts")]);
    return { run: runHtml, verify: verifyHtml };
  }],
  [".xml", async () => {
    const { runJunit, verifyJunit } = await import("./report-junit.ts");
    return { run: runJunit, verify: verifyJunit };
  }],
  [".json", async () => {
    const [{ runJson, verifyJson }, { driftJson }] = await Promise.all([import("./report-json.ts"), import("./drift.ts")]);
    return { run: (report) => (report.drift === true ? driftJson(report) : runJson(report)), verify: verifyJson };
  }],
]);

export const REPORT_ENDINGS = [...FORMATS.keys()];

/** Undefined for an ending that stands for no format. */
export function reportFormat(file: string): (() => Promise<ReportFormat>) | undefined {
  return FORMATS.get(extname(file).toLowerCase());
}

/** About as much is written at once. */
const CHUNK = 1 << 16;

/** Writes a file in pieces, so that whoever reads it meets the old one or the whole new one. @throws HawserError when it cannot be written */
export function writeWhole(file: string, pieces: Iterable<string>): void {
  const draft = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    const descriptor = openSync(draft, "w");
    try {
      let held = "";
      for (const piece of pieces) {
        held += piece;
        if (held.length < CHUNK) continue;
        writeAll(descriptor, held);
        held = "";
      }
      writeAll(descriptor, held);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new HawserError(`the report could not be written to ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
}
