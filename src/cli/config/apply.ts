import path from "node:path";
import type { Command, Option } from "commander";
import type { ImportFile } from "../load-playbook.ts";
import { findConfig, readConfig, type ConfigFile } from "./file.ts";

/** Settings that are environment variables, for what reads those. */
export const VARIABLES: ReadonlyMap<string, string> = new Map([
  ["ageIdentity", "HAWSER_AGE_IDENTITY"],
  ["vaultPasswordFile", "HAWSER_VAULT_PASSWORD_FILE"],
  ["artifactMirror", "HAWSER_ARTIFACT_MIRROR"],
  ["sshConfig", "HAWSER_SSH_CONFIG"],
]);
/** Settings that are paths, and so mean the same wherever hawser is called. */
const PATHS = new Set(["inventory", "report", "ageIdentity", "vaultPasswordFile", "sshConfig"]);

let current: ConfigFile | undefined;

/** What the configuration said, once a command has begun. */
export const configInForce = (): ConfigFile | undefined => current;

/** Gives every command the configuration's values where the command line and the environment say nothing. */
export function useConfig(program: Command, importFile: ImportFile): void {
  program.hook("preAction", async (_, command) => {
    const file = findConfig(process.cwd());
    current = file === undefined || NEEDS_NONE.has(command.name()) ? undefined : await readConfig(file, importFile);
    if (current) applyConfig(command, current);
  });
}

/** Verbs that also work where the configuration is what is broken; `check` says so among the rest. */
const NEEDS_NONE = new Set(["init", "completion", "check"]);

export function applyConfig(command: Command, config: ConfigFile): void {
  for (const [key, value] of Object.entries(config.values)) {
    const variable = VARIABLES.get(key);
    if (variable !== undefined) process.env[variable] ??= String(placed(config, key, value));
    for (const option of command.options) if (option.attributeName() === key && isMeant(option, key, value)) set(command, option, placed(config, key, value));
  }
}

/** An option of the same name may be about something else: `lab` has an inventory of its own, and `drill` a report. */
function isMeant(option: Option, key: string, value: unknown): boolean {
  if (key === "inventory") return option.envVar === "HAWSER_INVENTORY";
  if (key === "report") return option.parseArg !== undefined;
  return option.argChoices === undefined ? key !== "output" : option.argChoices.includes(String(value));
}

function set(command: Command, option: Option, value: unknown): void {
  const key = option.attributeName();
  const source = command.getOptionValueSource(key);
  if (source !== undefined && source !== "default") return;
  const words = Array.isArray(value) ? (value as string[]) : typeof value === "string" && option.parseArg ? [value] : undefined;
  const parsed = words && option.parseArg ? words.reduce<unknown>((before, word) => option.parseArg?.(word, before as never), undefined) : value;
  command.setOptionValueWithSource(key, parsed, "config");
}

/** A path as it is seen from the working directory. */
export function placed({ file }: ConfigFile, key: string, value: unknown): unknown {
  if (!PATHS.has(key)) return value;
  const one = (text: string): string => (text.startsWith("~/") ? text : path.relative(process.cwd(), path.resolve(path.dirname(file), text)) || ".");
  return Array.isArray(value) ? (value as string[]).map(one) : one(String(value));
}
