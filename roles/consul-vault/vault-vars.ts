import { artifact, secret, z } from "hawser";
import { json, port, repository } from "./consul-vars.ts";

/** Fields that servers take and never give back. */
const HIDDEN = /^(?:password|bindpass|secret_key|client_secret|oidc_client_secret|private_key|credentials)$/;

const apiPath = z.string().regex(/^[\w-][\w./-]*[\w-]$/, "a path of the API without /v1/ before it, such as auth/approle/role/app").refine((path) => !path.split("/").includes(".."), "a path without ..");
const mount = z.string().regex(/^[\w-]+(?:\/[\w-]+)*$/, "a path without / at its ends");

/** A mounted engine or auth method, in the words of sys/mounts and sys/auth. */
const mounted = z.strictObject({
  type: z.string().regex(/^[a-z][a-z0-9-]*$/).describe("Upstream's `type`: kv, pki, transit, database; approle, userpass, jwt."),
  description: z.string().default("").describe("Upstream's `description`."),
  options: z.record(z.string(), z.string()).default({}).describe("Upstream's `options`, e.g. `version: \"2\"` of kv."),
  config: z.record(z.string(), json).default({}).describe("What is tuned: `default_lease_ttl`, `max_lease_ttl` and so on."),
});

/** The fields of a seal differ with its type, so that only secrets among them are told apart. */
const seal = z
  .strictObject({
    type: z.enum(["transit", "gcpckms", "awskms", "azurekeyvault", "ocikms", "alicloudkms", "pkcs11", "static"]).describe("Who opens it."),
    settings: z.record(z.string().regex(/^[a-z_]+$/), z.union([secret, z.string(), z.number(), z.boolean()])).default({}).describe("Upstream's settings of that seal, e.g. of gcpckms `project`, `region`, `key_ring`, `crypto_key`."),
  })
  .refine(({ type, settings }) => type !== "gcpckms" || ["project", "region", "key_ring", "crypto_key"].every((name) => name in settings), "gcpckms needs project, region, key_ring and crypto_key")
  .refine(({ type, settings }) => type !== "transit" || ["address", "key_name", "mount_path"].every((name) => name in settings), "transit needs address, key_name and mount_path");

const pgpKey = z.string().regex(/^[A-Za-z0-9+/]+=*$/, "a public key in base64 without armor: gpg --export ID | base64 -w0");

const init = z
  .strictObject({
    secret_shares: z.number().int().min(1).max(32).default(5).describe("Parts of the key that opens it. With auto-unseal: of the recovery key."),
    secret_threshold: z.number().int().min(1).max(32).default(3).describe("Parts that are needed together."),
    pgp_keys: z.array(pgpKey).default([]).describe("One for each part, which is encrypted by the server: nobody but its owner ever reads it."),
    age_recipients: z.array(z.string().regex(/^age1[a-z0-9]+$/, "an age public key")).default([]).describe("One for each part, which is encrypted in the controller's memory. Without either list the parts are kept together, for the recipients of the inventory, and hawser can open a sealed server by itself."),
  })
  .check(({ value, issues }) => {
    const complain = (path: string, message: string) => void issues.push({ code: "custom", message, path: [path], input: value });
    if (value.secret_threshold > value.secret_shares) complain("secret_threshold", `${value.secret_threshold} parts are needed, and there are ${value.secret_shares}`);
    if (value.secret_shares > 1 && value.secret_threshold === 1) complain("secret_threshold", "several parts of which each opens it alone are refused by the server: 2 or more");
    for (const name of ["pgp_keys", "age_recipients"] as const) if (value[name].length > 0 && value[name].length !== value.secret_shares) complain(name, `${value[name].length} keys for ${value.secret_shares} parts: one for each`);
    if (value.pgp_keys.length > 0 && value.age_recipients.length > 0) complain("age_recipients", "give pgp_keys or age_recipients");
  });

export const vaultSchema = z
  .strictObject({
    engine: z.enum(["openbao", "vault"]).default("openbao").describe("OpenBao (MPL), or HashiCorp Vault (BUSL)."),
    artifact: artifact.optional().describe("A release with its sha256: an archive with `bao` or `vault` at its top, or the program itself."),
    repository: repository.optional().describe("HashiCorp's package repository, for `engine: vault`."),
    cluster_name: z.string().regex(/^[\w-]{1,64}$/).default("hawser").describe("Upstream's `cluster_name`; the same on every host."),
    port: port.default(8200).describe("The API, TLS."),
    cluster_port: port.default(8201).describe("The servers among themselves, TLS."),
    allow_even_voters: z.boolean().default(false).describe("Allows an even number of servers, of which half must not be lost: two regions without a witness stop with either."),
    performance_multiplier: z.number().int().min(1).max(10).default(1).describe("Of raft's timeouts. 1 is right up to a round trip of some 200 ms."),
    disable_mlock: z.boolean().default(true).describe("Raft's files are mapped into memory, which upstream asks not to lock; swap must be off or encrypted. For HashiCorp Vault; OpenBao locks nothing."),
    ui: z.boolean().default(false).describe("Upstream's `ui`."),
    clients: z.array(z.cidrv4()).default([]).describe("Who may reach the API beside the servers and 127.0.0.1."),
    seal: seal.optional().describe("Auto-unseal. Default: parts of a key (Shamir)."),
    init: init.prefault({}).describe("How the key is divided, once, when the store is made."),
    unseal_keys: z.array(secret).default([]).describe("Parts, given for a run that opens a sealed server: `!command`, `!env`, or a prompt. They lie nowhere on a host."),
    token: secret.optional().describe("A token for a run that changes policies, auth methods or engines after the first one: `!env BAO_TOKEN`. The root token that made the store is revoked."),
    revoke_root_token: z.boolean().default(true).describe("Revokes the root token at the end of the first run. It is kept, encrypted, where false."),
    policies: z.record(z.string().regex(/^[a-z0-9][a-z0-9_-]*$/), z.string().min(1)).default({}).describe("name: rules in HCL."),
    auth: z.record(mount, mounted).default({}).describe("Auth methods, by path."),
    secrets: z.record(mount, mounted).default({}).describe("Secret engines, by path."),
    writes: z
      .array(z.strictObject({ path: apiPath.describe("Read by GET and written by POST."), data: z.record(z.string(), z.union([secret, json])).describe("Fields. One that is a secret is written with the others, and not compared: servers do not give it back.") }))
      .default([])
      .describe("Roles, configurations and users: what `bao write` writes, in this order."),
  })
  .check(({ value, issues }) => {
    const complain = (path: string, message: string) => void issues.push({ code: "custom", message, path: [path], input: value });
    if ((value.artifact === undefined) === (value.repository === undefined)) complain("artifact", "give artifact or, for HashiCorp Vault, repository");
    if (value.repository !== undefined && value.engine === "openbao") complain("repository", "HashiCorp's repository has no OpenBao: give artifact");
    if (value.seal !== undefined && value.unseal_keys.length > 0) complain("unseal_keys", "a server with a seal opens itself");
    for (const name of Object.keys(value.policies)) if (["root", "default"].includes(name) || name.startsWith("hawser-")) complain("policies", `${name} is not yours to set`);
    for (const path of Object.keys(value.secrets)) if (["sys", "cubbyhole", "identity", "hawser"].includes(path)) complain("secrets", `${path} is not yours to mount`);
    if ("token" in value.auth) complain("auth", "token is always there");
    const paths = value.writes.map(({ path }) => path);
    const twice = paths.find((path, i) => paths.indexOf(path) !== i);
    if (twice !== undefined) complain("writes", `${twice} is written twice`);
    for (const { path, data } of value.writes) for (const [name, field] of Object.entries(data)) if (HIDDEN.test(name) && typeof field === "string") complain("writes", `${path}: ${name} is to be a secret (!age, !env, !command): it stands in the clear here`);
    if (value.revoke_root_token && Object.keys(value.auth).length === 0) complain("auth", "once the root token is revoked nobody could log in: name an auth method, with a user or role among writes, or revoke_root_token: false");
  });

export type VaultVars = z.output<typeof vaultSchema>;
