import { createHash } from "node:crypto";
import type { Hop } from "./hop.ts";

/** Everything that decides which machine is reached, as whom, and how its key was checked. Hashed, since it holds secrets. */
export function wayOf(chain: readonly Hop[]): string {
  const settings = chain.map(({ label: _label, passphrase, password, ...rest }) => ({ ...rest, passphrase: passphrase?.reveal(), password: password?.reveal() }));
  return createHash("sha256").update(JSON.stringify(settings)).digest("hex");
}
