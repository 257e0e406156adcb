import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { artifactsFolder } from "../../src/artifacts/cache.ts";
import { sumOf } from "../../src/artifacts/sums.ts";
import { TABLE } from "./table.ts";

const entry = z.object({ version: z.string(), program: z.string(), file: z.string(), sha256: z.string(), from: z.string(), seconds: z.number() });
const index = z.record(z.string(), entry);

/** What index.json says of one. */
export type Entry = z.output<typeof entry>;

/** A server that tests can bring to hosts. */
export interface BuiltArtifact {
  readonly name: string;
  readonly version: string;
  /** A tar.gz with the program at its top. */
  readonly file: string;
  readonly sha256: string;
  /** The program's name in it. */
  readonly program: string;
}

const indexFile = (): string => path.join(artifactsFolder(), "index.json");

/** What `npm run artifacts` has obtained; of a damaged index nothing. */
export function readIndex(): Record<string, Entry> {
  try {
    return index.parse(JSON.parse(readFileSync(indexFile(), "utf8")));
  } catch {
    return {};
  }
}

export function writeIndex(name: string, added: Entry): void {
  mkdirSync(artifactsFolder(), { recursive: true, mode: 0o700 });
  const temporary = `${indexFile()}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify({ ...readIndex(), [name]: added }, undefined, 2)}\n`);
  renameSync(temporary, indexFile());
}

/** A server for tests, or undefined where it was not obtained, is damaged, or is of another version than the table's. */
export function builtArtifact(name: string): BuiltArtifact | undefined {
  const found = readIndex()[name];
  if (!found || found.version !== TABLE[name]?.version) return undefined;
  const file = path.join(artifactsFolder(), found.file);
  if (!existsSync(file) || sumOf(file) !== found.sha256) return undefined;
  return { name, version: found.version, file, sha256: found.sha256, program: found.program };
}

/** Why a test without its server is skipped, or false: `test(…, { skip: withoutArtifact("consul") })`. */
export function withoutArtifact(...names: readonly string[]): string | false {
  const missing = names.filter((name) => builtArtifact(name) === undefined);
  if (missing.length === 0) return false;
  const why = missing.flatMap((name) => {
    const from = TABLE[name]?.from;
    return from?.kind === "missing" ? [from.why] : [];
  });
  return `not here: ${missing.join(", ")}; ${why.length === missing.length ? why.join("; ") : `npm run artifacts -- ${missing.join(" ")}`}`;
}
