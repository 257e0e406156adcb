import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { loadInventory, type Inventory } from "hawser";
import { Scalar, stringify } from "yaml";
import { builtArtifact } from "../artifacts/index.ts";
import type { E2eLab } from "./engine-fixture.ts";

export const HOSTS = ["la", "sg", "witness"] as const;
export type Host = (typeof HOSTS)[number];

/** Who may change what OpenBao holds after the first run. */
const ADA = "only-for-this-lab-0123";
export const API = "https://127.0.0.1:8200/v1";
export const MADE = "/etc/hawser/consul-vault";
/** Says which Consul and which OpenBao a host has. */
export const VERSIONS = "echo \"$(/opt/hawser-consul/consul version | sed -n 's/^Consul v//p') and $(/opt/hawser-vault/bao version | sed 's/^OpenBao v//; s/[ ,].*//')\"";

/** Where the test's inventory lies: it keeps what hosts give once, so that it is one folder for all of its forms. */
export const inventoryFolder = (lab: E2eLab): string => path.join(lab.folder, "inventory");

/** A secret in YAML. */
function hidden(text: string): Scalar {
  const scalar = new Scalar(text);
  scalar.tag = "!secret";
  return scalar;
}

export interface Changes {
  readonly consul?: object;
  readonly vault?: object;
  /** A token for OpenBao. */
  readonly token?: string;
}

/** Two regions with Consul and OpenBao, and a witness with OpenBao. */
export async function inventoryOf(lab: E2eLab, { consul = {}, vault = {}, token }: Changes = {}): Promise<Inventory> {
  const artifact = (name: string) => ({ file: builtArtifact(name)?.file, sha256: builtArtifact(name)?.sha256 });
  const consulVars = (host: Host) => ({
    artifact: artifact("consul"),
    services: [{ name: "openbao", port: 8200, checks: [{ tcp: "127.0.0.1:8200", interval: "2s" }] }],
    kv: { "site/name": host },
    ...consul,
  });
  const vaultVars = {
    artifact: artifact("openbao"),
    policies: { admin: 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }', app: 'path "kv/data/app/*" { capabilities = ["read"] }' },
    auth: { userpass: { type: "userpass" } },
    secrets: { kv: { type: "kv", options: { version: "2" } } },
    writes: [{ path: "auth/userpass/users/ada", data: { password: hidden(ADA), token_policies: ["admin"] } }],
    ...(token !== undefined && { token: hidden(token) }),
    ...vault,
  };
  const group = (name: Host) => ({
    vars: { region: name },
    hosts: {
      [name]: {
        public_address: lab.address(name),
        ssh: { user: "root", address: lab.address(name), key: lab.key, known_hosts: lab.knownHosts, config: false, agent: false },
        "consul-vault": { ...(name !== "witness" && { consul: consulVars(name) }), vault: vaultVars },
      },
    },
  });
  const folder = inventoryFolder(lab);
  await mkdir(folder, { recursive: true });
  const groups = { west: group("la"), east: group("sg"), third: group("witness") };
  await writeFile(path.join(folder, "hosts.yml"), stringify({ all: { vars: { ca: { host: "la" } } }, consul_vault: { children: { west: null, east: null, third: null } }, ...groups }, { aliasDuplicateObjects: false }));
  return await loadInventory(folder);
}

const CURL = "curl -sS -m 20 --cacert /etc/hawser-tls/vault/trusted.pem";

/** Asks the host's OpenBao as ada does. @returns the answer's text */
export const asAda = async (lab: E2eLab, host: Host, request: string, token: string): Promise<string> => await lab.exec(host, `${CURL} -H 'X-Vault-Token: ${token}' ${request}`);

/** A token of ada's. */
export async function logIn(lab: E2eLab): Promise<string> {
  const said = await lab.exec("la", `${CURL} --data '{"password":"${ADA}"}' ${API}/auth/userpass/login/ada`);
  const token = /"client_token":"([^"]+)"/.exec(said)?.[1];
  if (token === undefined) throw new Error(`ada cannot log in: ${said}`);
  return token;
}
