/** Secrets that the role made, and copies of those of the first host. For root alone. */
export const MADE = "/etc/hawser/consul-vault";
/** Settings of curl with the host's own token. */
export const HOST_CURL = `${MADE}/consul-host.curl`;
/** Settings of curl with the management token; on the first host. */
export const MANAGEMENT_CURL = `${MADE}/consul-management.curl`;
/** Settings of curl with a token that reads what this role declares, and no secret. */
export const READER_CURL = `${MADE}/vault-reader.curl`;

/** Where a program's files lie. Not in /etc/hawser, which is closed to all but root: they run as users of their own. */
export interface Layout {
  readonly unit: string;
  readonly user: string;
  readonly folder: string;
  readonly data: string;
  readonly opt: string;
  readonly program: string;
  readonly key: string;
  readonly certificate: string;
  readonly trusted: string;
}

function layout(name: string, user: string, program: string): Layout {
  const folder = `/etc/hawser-${name}`;
  // Where role ca puts what it signs.
  const tls = `/etc/hawser-tls/${name}`;
  return { unit: `hawser-${name}`, user, folder, data: `/var/lib/hawser-${name}`, opt: `/opt/hawser-${name}`, program, key: `${tls}/key.pem`, certificate: `${tls}/cert.pem`, trusted: `${tls}/trusted.pem` };
}

export const CONSUL = layout("consul", "consul", "consul");
const VAULTS = { openbao: layout("vault", "openbao", "bao"), vault: layout("vault", "vault", "vault") } as const;
export const vaultLayout = (engine: "openbao" | "vault"): Layout => VAULTS[engine];

/** Says that this server has joined the others, or made the store. It goes with what the store holds. */
export const VAULT_STORE = "/var/lib/hawser-vault/.hawser-joined";

/** Set while the role changes something: a file in memory, for root alone. */
export const MANAGE_CURL = "/run/hawser-vault-manage.curl";
/** Says that the token which made the store is revoked. */
export const ROOT_REVOKED = `${MADE}/vault-root-token-revoked`;
