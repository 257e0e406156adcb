import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";
import { LabError } from "./error.ts";
import { labPaths, labsDirectory } from "./paths.ts";
import { absentAs } from "./sources.ts";

const port = z.int().min(1).max(65535);
const hostSchema = z.object({
  name: z.string(),
  address: z.ipv4(),
  region: z.string(),
  image: z.enum(["debian", "el"]),
  privateAddress: z.ipv4().optional(),
  /** Set where the engine publishes ports instead of routing to `address`. */
  published: z.object({ address: z.string(), port }).optional(),
});
const recordSchema = z.object({
  version: z.literal(1),
  name: z.string(),
  backend: z.enum(["nspawn", "uml", "docker"]),
  why: z.string(),
  rttMs: z.number(),
  hosts: z.array(hostSchema),
});

/**
 * What is on disk about a lab: only what was decided. What runs is asked of the kernel or the engine each time, so a
 * record can never claim a host that is gone.
 */
export type LabRecord = z.infer<typeof recordSchema>;
export type HostRecord = z.infer<typeof hostSchema>;

/** Where ssh reaches a host. */
export function sshEndpoint({ address, published }: HostRecord): { address: string; port: number } {
  return published ?? { address, port: 22 };
}

/** Reads a record's text. @throws LabError when it is not one, as after a change of format */
export function parseRecord(text: string, where: string): LabRecord {
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (cause) {
    const evidence = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new LabError(`${where} is not a lab's record`, { evidence, cause, hint: "take the lab down and up again" });
  }
}

/** The record of a lab, or undefined when there is none of that name. */
export async function readRecord(lab: string): Promise<LabRecord | undefined> {
  const { state } = labPaths(lab);
  const text = await readFile(state, "utf8").catch(absentAs(undefined));
  return text === undefined ? undefined : parseRecord(text, state);
}

/** Writes it whole or not at all: a reader never sees half a record. */
export async function writeRecord(record: LabRecord): Promise<void> {
  const { directory, state } = labPaths(record.name);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(`${state}.new`, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${state}.new`, state);
}

/** The names of all labs that have left anything on disk. */
export async function recordedLabs(): Promise<string[]> {
  return (await readdir(labsDirectory()).catch(absentAs<string[]>([]))).sort((a, b) => (a < b ? -1 : 1));
}
