import { SETTINGS, type MergedVar } from "../../src/inventory/settings.ts";

type Schema = Readonly<Record<string, unknown>>;

const text = (description: string): Schema => ({ type: ["string", "null"], description });
const whole = (description: string, minimum: number, maximum: number): Schema => ({ anyOf: [{ type: "integer", minimum, maximum }, { type: "string", pattern: String.raw`^\d+$|\{\{` }, { type: "null" }], description });
const words = (description: string, ...all: readonly (string | boolean)[]): Schema => ({ anyOf: [{ enum: [...all, null] }, { type: "string", pattern: String.raw`\{\{` }], description });
const texts = (description: string): Schema => ({ type: ["string", "array", "null"], items: { type: "string" }, description });
/** A value behind a tag is no plain text to a schema. */
const secret = (description: string): Schema => ({ description: `${description} A secret: !age, !vault, !bao, !env, !file, !command or !secret.` });

/** The keys of `ssh` and `become`, as docs/inventory.md describes them. */
const KEYS: Readonly<Record<MergedVar, Readonly<Record<string, Schema>>>> = {
  ssh: {
    kind: words("`ssh`, or `local`: commands run on this machine. Default ssh.", "ssh", "local"),
    address: text("Name or IP address. Default the host's name."),
    port: whole("Default 22, or what ~/.ssh/config says.", 1, 65_535),
    user: text("Login user. Default what ~/.ssh/config says, else yours."),
    key: texts("A private key file."),
    keys: texts("Private key files."),
    passphrase: secret("For encrypted private keys."),
    password: secret("For password login."),
    agent: { type: ["boolean", "string", "null"], description: "Use the agent at SSH_AUTH_SOCK. Default true." },
    jump: texts("Jump hosts from you outwards: user@host:port or the name of a host here; none for no jump."),
    known_hosts: text("Default ~/.ssh/known_hosts."),
    host_key_checking: words("An unknown key is refused (strict), recorded (accept-new), or taken (off). Default strict.", "strict", "accept-new", "off", true, false),
    config: { type: ["string", "boolean", "null"], description: "ssh client configuration to read, or false. Default ~/.ssh/config." },
    connect_timeout: whole("Seconds. Default 20.", 1, 3600),
    keepalive: whole("Seconds between keepalives, 0 for none. Default 15.", 0, 3600),
    keep_open: { type: ["string", "integer", "boolean", "null"], description: "How long the connection stays open for the next run, such as 10m. Default off." },
  },
  become: {
    method: words("Default none when the login user is root and is to stay so, else sudo.", "sudo", "su", "doas", "none"),
    user: text("Whom to become. Default root."),
    password: secret("Of sudo, su or doas."),
  },
};

/** JSON Schemas of hosts.yml and of files of variables, by file name. `roles` maps a role's name to the file of its schema. */
export function inventorySchemas(draft: string, roles: ReadonlyMap<string, string>): ReadonlyMap<string, Schema> {
  for (const name of ["ssh", "become"] as const) {
    const [theirs, ours] = [[...SETTINGS[name].keys()].sort().join(" "), Object.keys(KEYS[name]).sort().join(" ")];
    if (theirs !== ours) throw new Error(`scripts/reference/inventory-schemas.ts: ${name} has the keys ${theirs}, and the schema ${ours}`);
  }
  const settings = (name: MergedVar, description: string): Schema => ({ type: ["object", "null"], description, properties: KEYS[name], additionalProperties: false });
  const vars = {
    $schema: draft,
    title: "Variables of a hawser inventory, as they stand in group_vars and host_vars",
    type: ["object", "null"],
    propertyNames: { pattern: String.raw`^[A-Za-z_][\w-]*$`, not: { enum: ["hosts", "children", "vars"] } },
    properties: {
      ssh: settings("ssh", "How the host is reached. Merged key by key over the layers."),
      become: settings("become", "How a session becomes another user. Merged key by key over the layers."),
      region: { type: ["string", "null"], description: "Where the host is." },
      artifact_mirror: text("Takes the place of scheme and host in the URLs of artifacts that name no mirror; {host} in it stands for that host."),
      ...Object.fromEntries([...roles].map(([role, file]) => [role, { $ref: `./${file}` }])),
    },
  };
  const group = {
    type: ["object", "null"],
    additionalProperties: false,
    properties: {
      hosts: { type: ["object", "string", "null"], description: "Hosts by name, or ranges such as web[01:10], with their variables.", additionalProperties: { $ref: "./vars.schema.json" } },
      children: { type: ["object", "string", "null"], description: "Groups below this one.", additionalProperties: { $ref: "#/$defs/group" } },
      vars: { $ref: "./vars.schema.json", description: "Variables of every host in the group." },
      priority: { type: "integer", description: "Among groups equally deep, the higher one wins. Default 1." },
    },
  };
  const hosts = { $schema: draft, title: "A hawser inventory: groups, hosts and their variables", type: ["object", "null"], propertyNames: { pattern: String.raw`^\w[\w.-]*$` }, additionalProperties: { $ref: "#/$defs/group" }, $defs: { group } };
  return new Map<string, Schema>([["vars.schema.json", vars], ["hosts.schema.json", hosts]]);
}
