import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { HawserConfig } from "../../config.ts";
import { complaints } from "../../dsl/complaints.ts";
import { thrownAt } from "../../dsl/source.ts";
import { HawserError, UsageError, type SourceLine } from "../../errors/index.ts";
import { KEEP_OPEN_WANTED, parseKeepOpen } from "../../inventory/index.ts";
import type { ImportFile } from "../load-playbook.ts";

export const CONFIG_NAME = "hawser.config.ts";

/** The settings, in the order in which they are shown. */
export const CONFIG_SCHEMA = z.strictObject({
  inventory: z.string().min(1).optional(),
  forks: z.number().int().min(1).optional(),
  keepOpen: z.string().refine((text) => parseKeepOpen(text) !== undefined, `it ${KEEP_OPEN_WANTED}`).optional(),
  lockTimeout: z.number().int().min(0).optional(),
  probeTimeout: z.number().int().min(1).optional(),
  output: z.enum(["human", "json"]).optional(),
  color: z.enum(["auto", "always", "never"]).optional(),
  diff: z.boolean().optional(),
  verbose: z.literal([0, 1, 2, 3]).optional(),
  timing: z.boolean().optional(),
  journal: z.boolean().optional(),
  report: z.union([z.string(), z.array(z.string())]).optional(),
  ageIdentity: z.string().min(1).optional(),
  vaultPasswordFile: z.string().min(1).optional(),
  artifactMirror: z.url({ protocol: /^(https?|ftp)$/ }).optional(),
  sshConfig: z.string().min(1).optional(),
} satisfies Record<keyof HawserConfig, z.ZodType>);

export interface ConfigFile {
  readonly file: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Where a setting is written. */
  at(key: string): SourceLine;
}

/** The nearest configuration, from a folder upwards. */
export function findConfig(from: string): string | undefined {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const file = path.join(folder, CONFIG_NAME);
    if (existsSync(file)) return file;
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** @throws UsageError when it does not load, belongs to somebody else, or says what there is not */
export async function readConfig(file: string, importFile: ImportFile): Promise<ConfigFile> {
  refuseStrangers(file);
  const text = readFileSync(file, "utf8");
  let loaded: { default?: unknown };
  try {
    loaded = (await importFile(file)) as { default?: unknown };
  } catch (error) {
    if (error instanceof HawserError) throw error;
    const [, line, column, said] = /^.+?:(\d+):(\d+): ERROR: (.*)$/m.exec(error instanceof Error ? error.message : "") ?? [];
    const source = line === undefined ? thrownAt(error) : { file, line: Number(line), column: Number(column) + 1 };
    throw new UsageError(`${CONFIG_NAME} does not load: ${said ?? (error instanceof Error ? error.message : String(error))}`, { cause: error, source: source ?? { file, line: 1, column: 1 } });
  }
  const values = loaded.default;
  if (typeof values !== "object" || values === null) throw new UsageError(`${CONFIG_NAME} has no configuration as its default export`, { source: { file, line: 1, column: 1 }, hint: "export default defineConfig({ … })" });
  const at = (key: string): SourceLine => placeOf(file, text, key);
  const parsed = CONFIG_SCHEMA.safeParse(values);
  if (!parsed.success) {
    const [first] = complaints(parsed.error, CONFIG_SCHEMA, values);
    const key = String(first?.path[0] ?? "");
    throw new UsageError(`${CONFIG_NAME}: ${key}: ${first?.message ?? "bad value"}`, { source: at(key), ...(first?.hint !== undefined && { hint: first.hint }) });
  }
  return { file, values: values as Record<string, unknown>, at };
}

/** It is run as a program, also from folders below it, such as /tmp. */
function refuseStrangers(file: string): void {
  const { uid, mode } = statSync(file);
  const own = process.geteuid?.();
  const isOurs = own === undefined || uid === own || uid === 0;
  if (isOurs && (mode & 0o002) === 0) return;
  throw new UsageError(`${file} ${isOurs ? "may be written by anybody" : "belongs to another user"}, and would be run as a program`, { hint: isOurs ? `chmod o-w ${file}` : "run hawser as its owner, or from another folder" });
}

/** Where a key stands as the name of a value, else the file's beginning. */
function placeOf(file: string, text: string, key: string): SourceLine {
  const at = key === "" ? -1 : text.search(new RegExp(`(?<![\\w$.])["']?${key.replaceAll(/[^\w]/g, "\\$&")}["']?\\s*:`));
  const before = text.slice(0, Math.max(at, 0)).split("\n");
  return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
