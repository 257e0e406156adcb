import type { Client, ParsedKey } from "ssh2";

type Sign = (data: Buffer, done: (signature: Buffer) => void) => void;

interface Protocol {
  authPK(username: string, key: ParsedKey, algorithm?: string, sign?: Sign): void;
}

/** Of the signatures with one RSA key (RFC 8332); other kinds of key have one each. */
const HASHES: Readonly<Record<string, string>> = { "rsa-sha2-512": "sha512", "rsa-sha2-256": "sha256", "ssh-rsa": "sha1" };

/**
 * Lets a client sign with a private key without asking first whether the server would take it, which RFC 4252 (7) leaves to
 * the client: a round trip less for each login. Keys of an agent are asked about as ever, since an agent may ask its owner.
 *
 * ssh2 has no setting for it, so its protocol is reached into; a version without what is needed goes on asking.
 */
export function signAtOnce(client: Client): void {
  const protocol = (client as unknown as { readonly _protocol?: Protocol })._protocol;
  if (typeof protocol?.authPK !== "function") return;
  const ask = protocol.authPK.bind(protocol);
  protocol.authPK = (username, key, algorithm, sign) => ask(username, key, algorithm, sign ?? signWith(key, algorithm));
}

function signWith(key: ParsedKey, algorithm: string | undefined): Sign | undefined {
  if (typeof key?.isPrivateKey !== "function" || !key.isPrivateKey()) return undefined;
  return (data, done) => {
    const signature = (key.sign as (data: Buffer, hash?: string) => Buffer | Error)(data, algorithm === undefined ? undefined : HASHES[algorithm]);
    if (signature instanceof Error) throw signature;
    done(signature);
  };
}
