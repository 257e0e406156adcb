import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import type { Sh } from "../../../src/shell/index.ts";

const seen = new Set<string>();

/** The script's text. Remembers it for shellcheck. */
export function render(script: Sh): string {
  const text = script.render();
  // shellcheck needs seconds for a literal of 100 KiB, and learns nothing from it.
  seen.add(text.replaceAll(/[A-Za-z0-9+/=]{2000,}/g, "QUJD"));
  return text;
}

/** Codes that shellcheck need not report here. */
const EXCLUDED = [
  "SC2016", // An expression in single quotes is a program for awk, or text to be written as it stands.
  "SC2234", // What an author gives as validation stands in a subshell, also when it is a single test.
  "SC2089", "SC2090", // A path that holds quotes is meant literally; it is always expanded in double quotes.
  "SC2015", // `a && b || c` is used only where c is right after a failing b too.
];

/** Runs by itself when a test file ends. @throws when a rendered script is not clean POSIX sh. */
export function shellcheck(): void {
  if (seen.size === 0) return;
  const folder = mkdtempSync("/tmp/hawser-shellcheck-");
  try {
    const files = [...seen].map((text, i) => {
      const file = join(folder, `${i}.sh`);
      writeFileSync(file, `${text}\n`);
      return file;
    });
    const done = spawnSync("shellcheck", ["--shell=sh", "--norc", `--exclude=${EXCLUDED.join(",")}`, "--format=tty", "--color=never", ...files], { maxBuffer: 16 * 1024 * 1024 });
    if (done.error !== undefined) throw new Error("shellcheck is not installed", { cause: done.error });
    assert.equal(done.status, 0, done.stdout.toString().slice(0, 4000));
  } finally {
    rmSync(folder, { recursive: true, force: true });
    seen.clear();
  }
}

after(shellcheck);
