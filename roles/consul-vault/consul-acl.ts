import { createHash } from "node:crypto";
import { Secret, sh, Sh, type ResourceNode, type Value } from "hawser";
import { apiObject, unlike } from "./api-object.ts";
import { serversOf, type ConsulEnd, type Federation } from "./cluster.ts";
import { keysOf } from "./consul-own.ts";
import { consulUrl } from "./consul-url.ts";
import { DRILL_KEYS } from "./drill.ts";
import type { Context } from "./context.ts";
import { answers, request, tokenHeader, type Reply } from "./curl.ts";
import { hostName, REPLICATION, take, type Taken } from "./made.ts";
import { masked } from "./mask.ts";
import { MANAGEMENT_CURL } from "./paths.ts";

interface AclInput {
  readonly own: ConsulEnd;
  readonly federation: Federation;
  /** The first host's own token. */
  readonly token: Taken;
  readonly management: Secret | Value<Secret>;
  readonly up: readonly ResourceNode[];
}

/** On the first host: the rights of all, written in the primary datacenter, from which the others take them. */
export function declareAcl(cx: Context, input: AclInput): void {
  const { t } = cx;
  const { own, federation, management, up } = input;
  const had = { from: undefined, had: cx.facts.had, needs: up };
  const header = (token: Secret): Secret => new Secret(tokenHeader("X-Consul-Token", token.reveal()));
  const curl = t.file(MANAGEMENT_CURL, { content: management instanceof Secret ? header(management) : management.map(header), mode: "0600", needs: up });
  const begun = t.task("ACL bootstrap", { ...bootstrap(own), summary: "wait for the management token", predict: "runs", needs: [...up, curl] });
  const needs = [begun];
  const policies = [...Object.entries(policiesOf(federation)), ...Object.entries(own.consul.policies)].map(([name, rules]) => declarePolicy(cx, own, { name, rules, needs }));
  const token = (name: string, secret: Secret | Taken, links: object): void => declareToken(cx, own, { name, secret, links, needs: [...needs, ...policies] });
  token(REPLICATION, take(t, REPLICATION, had), { Policies: [{ Name: "hawser-replication" }] });
  for (const each of federation.all) token(each.host.name, each.host.name === own.host.name ? input.token : take(t, hostName(each.host.name), had), linksOf(each, federation));
  for (const { name, secret_id, policies: names } of own.consul.tokens) token(name, secret_id, { Policies: names.map((each) => ({ Name: each })) });
  for (const entry of own.consul.config_entries) declareEntry(cx, own, { entry, needs });
}

/** The first leader of the primary datacenter makes the token valid that its configuration names, once and for all. */
function bootstrap(own: ConsulEnd): { readonly check: Sh; readonly apply: Sh } {
  const known = answers(request({ url: consulUrl(own, "acl/token/self"), token: MANAGEMENT_CURL }), [200], { quiet: true });
  return {
    check: known,
    apply: Sh.lines(
      "n=0",
      Sh.lines("until (", known, "); do"),
      Sh.raw(`n=$((n + 1))
[ $n -lt 30 ] || { echo 'ACLs were bootstrapped with another management token: give it as consul-vault.consul.initial_management' >&2; exit 1; }
sleep 1
done`),
    ),
  };
}

/** What the role's own tokens may do. */
export function policiesOf(federation: Federation): Readonly<Record<string, string>> {
  const keys = federation.datacenters.map((datacenter): [string, string] => {
    const [leader] = serversOf(federation, datacenter);
    // It reads all: a key that the inventory got is looked at before the right to write it has arrived.
    return [`hawser-keys-${datacenter}`, `key_prefix "" { policy = "read" }\n${Object.keys(keysOf(leader as ConsulEnd)).map((key) => `key ${JSON.stringify(key)} { policy = "write" }\n`).join("")}`];
  });
  return {
    "hawser-replication": `acl = "write"\noperator = "write"\nservice_prefix "" { policy = "read" intentions = "read" }\n`,
    // Reads for the agent's own DNS and for verify.
    "hawser-host": `node_prefix "" { policy = "read" }\nservice_prefix "" { policy = "read" }\nagent_prefix "" { policy = "read" }\nquery_prefix "" { policy = "read" }\nkey_prefix "hawser/" { policy = "read" }\noperator = "read"\n`,
    "hawser-drill": `key_prefix ${JSON.stringify(DRILL_KEYS)} { policy = "write" }\n`,
    ...Object.fromEntries(keys),
  };
}

/** A host may register itself and the services that its vars name. */
function linksOf(each: ConsulEnd, federation: Federation): object {
  const leads = each.consul.server && serversOf(federation, each.datacenter)[0]?.host.name === each.host.name;
  return {
    Policies: [{ Name: "hawser-host" }, { Name: "hawser-drill" }, ...(leads ? [{ Name: `hawser-keys-${each.datacenter}` }] : [])],
    NodeIdentities: [{ NodeName: each.host.name, Datacenter: each.datacenter }],
    ServiceIdentities: [...new Set(each.consul.services.map(({ name }) => name))].map((name) => ({ ServiceName: name })),
  };
}

interface Declared {
  readonly needs: readonly ResourceNode[];
}

/** Consul answers 403 for a token, and some versions for others too, that is not there. */
const isMissing = ({ status, text }: Reply): boolean => status === 404 || (status === 403 && /not found/i.test(text));

const compared = (wanted: unknown) => (reply: Reply): readonly string[] | undefined => (isMissing(reply) ? undefined : unlike(wanted, JSON.parse(reply.text)));

function declarePolicy({ t }: Context, own: ConsulEnd, { name, rules, needs }: Declared & { readonly name: string; readonly rules: string }): ResourceNode {
  const look = request({ url: consulUrl(own, `acl/policy/name/${name}`), token: MANAGEMENT_CURL });
  const wanted = { Name: name, Rules: rules };
  return t.add(apiObject, {
    name: `policy ${name}`,
    look,
    differences: compared(wanted),
    write: Sh.lines(
      sh`i=$(${look} | sed -n 's/^{.*"ID":"\\([0-9a-f-]*\\)".*/\\1/p')`,
      answers(sh`curl -sS -m 10 -X PUT -w ${"\\n%{http_code}"} -K ${MANAGEMENT_CURL} --data-binary @- ${consulUrl(own, "acl/policy")}\${i:+/$i}`.stdin(JSON.stringify(wanted)), [200]),
    ),
  }, { needs });
}

/** Always the same for a name, so that it is found again. */
export function accessorOf(name: string): string {
  const hex = createHash("sha256").update(`hawser consul token ${name}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}

function declareToken({ t }: Context, own: ConsulEnd, { name, secret, links, needs }: Declared & { readonly name: string; readonly secret: Secret | Taken; readonly links: object }): void {
  const accessor = accessorOf(name);
  const wanted = { AccessorID: accessor, Description: `hawser: ${name}`, Local: false, ...links };
  const body = (token: Secret): Secret => new Secret(JSON.stringify({ ...wanted, SecretID: token.reveal() }));
  const put = (path: string): Sh => request({ url: consulUrl(own, path), method: "PUT", token: MANAGEMENT_CURL, body: secret instanceof Secret ? body(secret) : secret.value.map(body) });
  t.add(apiObject, {
    name: `token ${name}`,
    look: masked(request({ url: consulUrl(own, `acl/token/${accessor}`), token: MANAGEMENT_CURL }), secret instanceof Secret ? secret : secret.path, 's|"SecretID":"[0-9a-f-]*"|"SecretID":"other"|'),
    differences: compared({ ...wanted, SecretID: "wanted" }),
    write: Sh.lines(
      "(",
      answers(put(`acl/token/${accessor}`), [200], { quiet: true }),
      ") || {",
      // It is not there, or is another secret, which cannot be changed.
      sh`${request({ url: consulUrl(own, `acl/token/${accessor}`), method: "DELETE", token: MANAGEMENT_CURL })} >/dev/null`,
      answers(put("acl/token"), [200]),
      "}",
    ),
  }, { needs });
}

function declareEntry({ t }: Context, own: ConsulEnd, { entry, needs }: Declared & { readonly entry: { readonly Kind: string; readonly Name: string } }): void {
  t.add(apiObject, {
    name: `${entry.Kind} ${entry.Name}`,
    look: request({ url: consulUrl(own, `config/${entry.Kind}/${encodeURIComponent(entry.Name)}`), token: MANAGEMENT_CURL }),
    differences: compared(entry),
    write: answers(request({ url: consulUrl(own, "config"), method: "PUT", token: MANAGEMENT_CURL, body: JSON.stringify(entry) }), [200]),
  }, { needs });
}
