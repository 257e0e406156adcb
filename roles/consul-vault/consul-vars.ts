import { artifact, secret, z } from "hawser";

export const port = z.number().int().min(1).max(65535);
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const word = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "lower case letters, digits, - and _, at most 63");
const seconds = z.string().regex(/^\d+(?:ms|s|m|h)$/, "a duration such as 10s");
/** What JSON can say. */
export const json = z.json();

/** A secret of a form. Inventories that are only looked at hold secrets that cannot be opened; those pass. */
export const formed = (form: RegExp, what: string) => secret.refine((value) => !value.known || form.test(value.reveal()), what);

const check = z
  .strictObject({
    name: z.string().optional().describe("Upstream's `name`. Default: made from the service and the kind of check."),
    http: z.url().optional().describe("A GET that must answer with 2xx; 429 is a warning."),
    tcp: z.string().regex(/^[\w.:[\]-]+:\d+$/, "host:port").optional().describe("`host:port` that must take a connection."),
    grpc: z.string().optional().describe("`host:port[/service]` that speaks gRPC's health protocol."),
    interval: seconds.default("10s").describe("Time between two checks."),
    timeout: seconds.default("5s").describe("Time that one may take."),
    tls_skip_verify: z.boolean().optional().describe("For `http` with https: takes any certificate. Better: a certificate of the hosts' authority."),
    deregister_critical_service_after: seconds.optional().describe("Time in the state critical after which the service is taken out."),
  })
  .refine((value) => [value.http, value.tcp, value.grpc].filter((each) => each !== undefined).length === 1, "give one of http, tcp and grpc");

const service = z.strictObject({
  name: word.describe("The service's name, by which it is found."),
  id: z.string().regex(/^[\w.-]+$/).optional().describe("Tells several of one name on a host apart. Default: the name."),
  port: port.optional().describe("Where it listens."),
  address: z.string().regex(/^[\w.:-]+$/).optional().describe("Default: the host's address."),
  tags: z.array(z.string()).default([]).describe("Upstream's `tags`."),
  meta: z.record(z.string().regex(/^[A-Za-z0-9_-]{1,128}$/), z.string()).default({}).describe("Upstream's `meta`."),
  checks: z.array(check).default([]).describe("How its health is told."),
});

export const repository = z.strictObject({
  url: z.url().optional().describe("Default: https://apt.releases.hashicorp.com or https://rpm.releases.hashicorp.com/RHEL."),
  key: z.union([z.string().startsWith("-----BEGIN PGP PUBLIC KEY BLOCK-----"), z.strictObject({ url: z.url().describe("Where the key is."), sha256: z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits in lower case").describe("Of the key's file.") })]).describe("The key that signs it: its text, or where it is with its sha256. HashiCorp's fingerprint is 798AEC654E5C15428C8E42EEAA16FCBCA621E701."),
});

export const consulSchema = z
  .strictObject({
    artifact: artifact.optional().describe("A release of Consul 1.14 or later with its sha256: HashiCorp's zip, a tar.gz with `consul` at its top, or the program itself."),
    repository: repository.optional().describe("HashiCorp's package repository, instead of `artifact`."),
    datacenter: word.optional().describe("Default: the host's region."),
    primary_datacenter: word.optional().describe("Where ACLs and configuration entries are written, for all. Default: the datacenter of the first host."),
    server: z.boolean().default(true).describe("Servers keep the datacenter's state, agents ask them."),
    allow_even_servers: z.boolean().default(false).describe("Allows 2 or 4 servers in a datacenter, which bear the loss of no more than 1 or 3 do."),
    raft_multiplier: z.number().int().min(1).max(10).default(1).describe("`performance.raft_multiplier`: 1 for servers of one region, whose round trip is short. Upstream's default is 5."),
    encrypt: formed(/^[A-Za-z0-9+/]{43}=$/, "32 bytes in base64, as `consul keygen` prints").optional().describe("The gossip key. Default: made on the first host, from which the others take it."),
    encrypt_generation: z.number().int().min(1).max(9999).default(1).describe("Count it up, or change `encrypt`, to change the key of the running cluster: it is installed, used, and the former one removed."),
    initial_management: formed(uuid, "a UUID in lower case").optional().describe("`acl.tokens.initial_management`: the token with all rights. Default: made on the first host. It lies on the servers of the primary datacenter."),
    policies: z.record(word, z.string().min(1)).default({}).describe("ACL policies, name: rules in HCL."),
    tokens: z
      .array(z.strictObject({ name: word.describe("Names it in the list."), secret_id: formed(uuid, "a UUID in lower case").describe("The token itself."), policies: z.array(word).min(1).describe("Names of policies.") }))
      .default([])
      .describe("ACL tokens for programs, beside those that the hosts get."),
    dns_token: z.boolean().default(false).describe("Gives the agent's DNS the host's token (`acl.tokens.dns`), by which it finds services: Consul 1.18 and later. Without it DNS finds what the anonymous token may read, which is nothing."),
    services: z.array(service).default([]).describe("What this host offers, with its checks."),
    kv: z.record(z.string().regex(/^[\w./-]+$/).refine((key) => !key.startsWith("/"), "a key does not begin with /"), z.string()).default({}).describe("Keys of this datacenter's store and their values, of its first server. No secrets: those belong into Vault."),
    config_entries: z.array(z.looseObject({ Kind: z.string().regex(/^[a-z-]+$/).describe("Upstream's `Kind`."), Name: z.string().min(1).describe("Upstream's `Name`.") })).default([]).describe("Configuration entries (service-defaults, service-intentions and so on) in the words of the HTTP API, of the first host."),
    ports: z
      .strictObject({
        http: port.default(8500).describe("On 127.0.0.1."),
        dns: port.default(8600).describe("On 127.0.0.1."),
        server: port.default(8300).describe("Servers, TLS."),
        serf_lan: port.default(8301).describe("Gossip in the datacenter."),
        serf_wan: port.default(8302).describe("Gossip between datacenters."),
      })
      .prefault({})
      .describe("Upstream's `ports`; the same on every host."),
  })
  .check(({ value, issues }) => {
    const complain = (path: string, message: string) => void issues.push({ code: "custom", message, path: [path], input: value });
    if ((value.artifact === undefined) === (value.repository === undefined)) complain("artifact", "give artifact or repository: no distribution packages Consul");
    const ids = value.services.map(({ name, id }) => id ?? name);
    const twice = ids.find((id, i) => ids.indexOf(id) !== i);
    if (twice !== undefined) complain("services", `two services have the id ${twice}`);
    for (const { name, policies } of value.tokens) for (const policy of policies) if (!(policy in value.policies)) complain("tokens", `the token ${name} names the policy ${policy}, which is not among policies`);
    for (const key of Object.keys(value.kv)) if (key.startsWith(CANARY)) complain("kv", `${CANARY} is the role's own`);
    for (const name of Object.keys(value.policies)) if (name.startsWith("hawser-")) complain("policies", `${name}: names that begin with hawser- are the role's own`);
  });

/** Keys by which datacenters see one another. */
export const CANARY = "hawser/";

export type ConsulVars = z.output<typeof consulSchema>;
