import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { Secret } from "../../shell/index.ts";

/** Where the lines are kept; Node makes the file with mode 0600. */
export function historyFile(): string {
  const folder = path.join(process.env["XDG_STATE_HOME"] || path.join(homedir(), ".local", "state"), "hawser");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return path.join(folder, "console_history");
}

/** What looks like a secret that is typed. */
const SECRET_WORDS = /\bnew Secret\b|(?:password|passphrase|passwd|secret|token|psk|private_?key)["']?\s*[:=(]/i;
/** A shorter value would keep ordinary lines out. */
const SHORTEST = 4;

/** Tells the lines that are not kept: those that begin with a blank, look like a secret, or hold one of the inventory's. */
export function privateLines(vars: unknown): (line: string) => boolean {
  const secrets = secretsIn(vars);
  return (line) => line.startsWith(" ") || SECRET_WORDS.test(line) || secrets.some((secret) => line.includes(secret));
}

function secretsIn(value: unknown): string[] {
  if (value instanceof Secret) {
    const text = value.reveal();
    return text.length < SHORTEST ? [] : [text];
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(secretsIn) : [];
}
