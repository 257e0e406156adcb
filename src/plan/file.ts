import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { UsageError } from "../errors/index.ts";

const entry = z.strictObject({
  /** The play's place in the playbook, from 0. */
  play: z.int().min(0),
  id: z.string(),
  outcome: z.enum(["ok", "would-change", "unknown", "skipped"]),
  /** Digests of what is wanted and of what was seen; none of what was skipped, and of lists that are not known yet. */
  wants: z.string().optional(),
  look: z.string().optional(),
  summary: z.string().optional(),
  diff: z.string().optional(),
  cause: z.string().optional(),
  handler: z.boolean().optional(),
});

const planFile = z.strictObject({
  hawserPlan: z.literal(1),
  /** ISO 8601. */
  made: z.string(),
  by: z.string(),
  /** Relative to the folder that the plan was made in, where they lie below it. */
  playbook: z.string(),
  inventory: z.string(),
  flags: z.record(z.string(), z.unknown()),
  extraVars: z.array(z.string()),
  salt: z.string(),
  hosts: z.record(z.string(), z.array(entry)),
  /** Hosts that could not be planned, and why. */
  without: z.record(z.string(), z.string()),
});

/** One resource or handler of one host, as the plan saw it. */
export type PlanEntry = z.output<typeof entry>;
export type PlanFile = z.output<typeof planFile>;

export const newSalt = (): string => randomBytes(16).toString("base64url");

/** Writes a plan, whole or not at all, readable by its owner. @throws UsageError when it cannot be written. */
export function writePlan(file: string, plan: PlanFile): void {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, `${JSON.stringify(plan, undefined, 1)}\n`, { mode: 0o600 });
    chmodSync(draft, 0o600);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new UsageError(`the plan cannot be written to ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws UsageError when the file is no plan, or one of another version. */
export function readPlan(file: string): PlanFile {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`the plan ${file} cannot be read: ${(error as Error).message}`, { cause: error, hint: "hawser plan PLAYBOOK -o FILE makes one" });
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is no plan, or a part of one: ${(error as Error).message}`, { hint: "make it again: hawser plan PLAYBOOK -o FILE" });
  }
  const version = (data as { hawserPlan?: unknown } | null)?.hawserPlan;
  if (version !== 1) throw new UsageError(version === undefined ? `${file} is no plan` : `${file} is a plan of version ${JSON.stringify(version)}; this hawser reads version 1`, { hint: "make it again: hawser plan PLAYBOOK -o FILE" });
  const parsed = planFile.safeParse(data);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new UsageError(`the plan ${file} was changed by hand: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`, { hint: "make it again: hawser plan PLAYBOOK -o FILE" });
}
