import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { checkHostKey, recordedFor } from "../host-key.ts";
import type { Hop } from "../hop.ts";
import type { SshTransport } from "../ssh-transport.ts";
import { wayOf } from "../way.ts";

/**
 * Names all that decided on a connection: the way, the credentials, the checks, and the key files as they are now. A
 * connection is used again only by those who would have made the very same.
 */
export async function digestOf(chain: readonly Hop[]): Promise<string> {
  const files = chain.flatMap((hop) => hop.keys.map(({ path }) => path));
  const states = await Promise.all(files.map((file) => stat(file).then(({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`, () => "")));
  return createHash("sha256").update([wayOf(chain), ...states].join("\0")).digest("hex");
}

/**
 * Whether the keys that the hosts have shown, the jump hosts' included, would be taken today. It is no last word: another
 * kind of key may be recorded by now, and only a new connection asks for that, or says what is wrong.
 */
export async function stillTrusted(chain: readonly Hop[], transport: SshTransport): Promise<boolean> {
  let at: SshTransport | undefined = transport;
  for (const hop of chain.toReversed()) {
    if (at === undefined) return false;
    try {
      await checkHostKey(hop, await recordedFor(hop), at.hostKey);
    } catch {
      return false;
    }
    at = at.via;
  }
  return true;
}
