import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { artifactsFolder } from "./cache.ts";

const CHUNK = 1024 * 1024;
/** Milliseconds: a file that changed more recently could change again without the kernel's clock having moved on. */
const SETTLED = 100;

/** What a file was when its sha256 was worked out. The kernel sets the change time; nobody else can. */
const known = z.record(z.string(), z.strictObject({ stamp: z.string(), sha256: z.string() }));
type Known = z.output<typeof known>;

const memory = new Map<string, Known[string]>();
const file = (): string => path.join(artifactsFolder(), "sums.json");

/**
 * The sha256 of a file, in hexadecimal. Of a file that has not changed since it was worked out it is remembered, so that runs do
 * not read hundreds of megabytes each time.
 * @throws what node:fs throws
 */
export function sumOf(full: string): string {
  const handle = openSync(full, "r");
  try {
    const stamp = stampOf(full);
    const before = memory.get(full) ?? remembered()[full];
    if (before?.stamp === stamp) {
      memory.set(full, before);
      return before.sha256;
    }
    const sha256 = hash(handle);
    // One that was written to meanwhile is worked out again the next time.
    if (stampOf(full) === stamp && Date.now() - statSync(full).ctimeMs > SETTLED) remember(full, { stamp, sha256 });
    return sha256;
  } finally {
    closeSync(handle);
  }
}

function stampOf(full: string): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(full, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}

function hash(handle: number): string {
  const sum = createHash("sha256");
  const chunk = Buffer.allocUnsafe(CHUNK);
  for (let size = readSync(handle, chunk); size > 0; size = readSync(handle, chunk)) sum.update(chunk.subarray(0, size));
  return sum.digest("hex");
}

/** What does not parse is worked out anew. */
function remembered(): Known {
  try {
    return known.parse(JSON.parse(readFileSync(file(), "utf8")));
  } catch {
    return {};
  }
}

/** Two processes at once may lose one another's entry, which costs its reading again. */
function remember(full: string, entry: Known[string]): void {
  memory.set(full, entry);
  const temporary = `${file()}.${process.pid}`;
  try {
    mkdirSync(artifactsFolder(), { recursive: true, mode: 0o700 });
    const others = Object.entries(remembered()).filter(([name]) => name !== full && statSync(name, { throwIfNoEntry: false }));
    writeFileSync(temporary, `${JSON.stringify(Object.fromEntries([...others, [full, entry]]), undefined, 1)}\n`, { mode: 0o600 });
    renameSync(temporary, file());
  } catch {
    // A home that cannot be written to, as in some CI: it is read again the next time.
  }
}
