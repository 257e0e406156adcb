import { PlanError, Secret, sh, Sh, type ResourceNode } from "hawser";
import { apiObject, unlike } from "./api-object.ts";
import type { VaultEnd } from "./cluster.ts";
import type { Context } from "./context.ts";
import { answers, request, STATUS, tokenHeader, type Reply } from "./curl.ts";
import { MANAGE_CURL, READER_CURL, ROOT_REVOKED, vaultLayout } from "./paths.ts";
import { vaultUrl } from "./vault-config.ts";
import type { Keys } from "./vault-init.ts";

/** An engine of the role's own, by which every server shows that it has what the others wrote. */
export const CANARY_MOUNT = "hawser";
const CANARY = `${CANARY_MOUNT}/canary`;
const READER = "hawser-reader";
/** For as long as the reader's token lives without being renewed, as it is each day. */
const PERIOD = "768h";

export interface ManagedInput {
  readonly own: VaultEnd;
  readonly keys: Keys;
  readonly needs: readonly ResourceNode[];
}

/** What the servers hold: policies, auth methods, engines and what is written to them. The first host does it for all. */
export function declareManaged(cx: Context, { own, keys, needs }: ManagedInput): ResourceNode {
  const { t } = cx;
  const { vault } = own;
  const { trusted } = vaultLayout(vault.engine);
  let reader: ResourceNode | undefined;
  let manage: ResourceNode | undefined;
  const before = (): void => {
    const header = (token: Secret): Secret => new Secret(tokenHeader("X-Vault-Token", token.reveal()));
    manage = t.task("management token", {
      check: sh`[ -e ${MANAGE_CURL} ]`,
      apply: Sh.lines(
        vault.token === undefined && sh`if [ -e ${ROOT_REVOKED} ]; then echo 'a change needs a token, since the root token is revoked: give it for this run as consul-vault.vault.token, such as !env BAO_TOKEN' >&2; exit 1; fi`,
        sh`umask 077; cat >${MANAGE_CURL}`.stdin(vault.token === undefined ? keys.root.map(header) : header(vault.token)),
      ),
      summary: "into memory, until the end of the block",
    });
  };
  const always = (): void => {
    t.task("no management token", { check: sh`[ ! -e ${MANAGE_CURL} ]`, apply: sh`rm -f ${MANAGE_CURL}`, predict: "runs", summary: "forget", needs: manage === undefined ? [] : [manage] });
  };
  t.block("what it holds", { before, always }, () => {
    const call = (path: string, method: "POST" | "GET", body?: string | Secret): Sh => request({ url: vaultUrl(own, path), method, token: MANAGE_CURL, trusted, ...(body !== undefined && { body }) });
    reader = t.task("reader's token", {
      check: known(request({ url: vaultUrl(own, "auth/token/lookup-self"), token: READER_CURL, trusted })),
      apply: Sh.lines(
        answers(call(`sys/policies/acl/${READER}`, "POST", JSON.stringify({ policy: readerPolicy(own) })), [200, 204]),
        answers(call("auth/token/create-orphan", "POST", JSON.stringify({ policies: [READER], period: PERIOD, display_name: "hawser" })), [200]),
        Sh.raw(`k=\${r#*'"client_token":"'}
k=\${k%%'"'*}`),
        sh`umask 077; printf 'header = "X-Vault-Token: %s"\\n' "$k" >${`${READER_CURL}.new`}
mv -f ${`${READER_CURL}.new`} ${READER_CURL}`,
      ),
      summary: "make",
      predict: "runs",
      needs,
    });
    const on: Holding = { cx, own, call, needs: [reader] };
    const rights = declarePolicy(on, READER, readerPolicy(own));
    for (const [name, rules] of Object.entries(vault.policies)) declarePolicy(on, name, rules);
    const mounts = [...Object.entries(vault.secrets).map(([path, mount]) => declareMount(on, "mounts", path, mount)), ...Object.entries(vault.auth).map(([path, mount]) => declareMount(on, "auth", path, mount))];
    const canary = declareMount(on, "mounts", CANARY_MOUNT, { type: "kv", description: "hawser: by which it sees that the servers agree", options: { version: "1" }, config: {} });
    declareWrite({ ...on, needs: [reader, rights, canary] }, CANARY, { cluster: vault.cluster_name });
    for (const { path, data } of vault.writes) declareWrite({ ...on, needs: [reader, rights, ...mounts] }, path, data);
  });
  t.timer("hawser-vault-reader", { onCalendar: "daily", randomizedDelay: "1h", command: sh`curl -sS -f -m 60 -o /dev/null -X POST --cacert ${trusted} -K ${READER_CURL} ${vaultUrl(own, "auth/token/renew-self")}` });
  t.export("reader", t.read("reader's settings", { probe: sh`cat ${READER_CURL}`, parse: (out) => new Secret(out), needs: [reader as unknown as ResourceNode] }));
  return reader as unknown as ResourceNode;
}

/** Exit 0: the token is good, 1: it is not, or there is none. A server that is between two leaders, or follows one, may need some seconds to say so. */
export const known = (asked: Sh): Sh => Sh.lines(
  sh`[ -s ${READER_CURL} ] || exit 1`,
  sh`n=0
while :; do
r=$(${asked}) || r=`,
  STATUS,
  Sh.raw(`[ "$c" != 200 ] || exit 0
n=$((n + 1))
[ $n -lt 5 ] || break
sleep 1
done
[ "$c" != 403 ] || exit 1
printf '%s\\n' "$r" >&2
exit 2`),
);

interface Holding {
  readonly cx: Context;
  readonly own: VaultEnd;
  readonly call: (path: string, method: "POST" | "GET", body?: string | Secret) => Sh;
  readonly needs: readonly ResourceNode[];
}

/** Reads what the role declares, and how the servers are; no secret but the role's own canary. */
export function readerPolicy({ vault }: Pick<VaultEnd, "vault">): string {
  const paths = ["sys/policies/acl/*", "sys/auth", "sys/mounts", "sys/storage/raft/configuration", CANARY, ...vault.writes.map(({ path }) => path)];
  return paths.map((path) => `path ${JSON.stringify(path)} { capabilities = ["read"] }\n`).join("");
}

/** As the reader; without the number that every answer gets. */
const look = ({ own }: Holding, path: string): Sh => sh`${request({ url: vaultUrl(own, path), token: READER_CURL, trusted: vaultLayout(own.vault.engine).trusted })} | sed ${'s/"request_id":"[^"]*"/"request_id":""/'}`;

/** Waits, when something is written, until this server tells it: one that stands by answers from its own store, which follows the leader's. */
export function settled(told: Sh, write: Sh): Sh {
  // Members come in another order each time.
  const shape = sh`{ ${told}
} | tr '{},' '\\n' | sort | cksum`;
  return Sh.lines(sh`was=$(${shape})`, "(", write, ")", sh`n=0
while [ "$(${shape})" = "$was" ] && [ $n -lt 10 ]; do n=$((n + 1)); sleep 0.5; done`);
}

function dataOf({ text }: Reply): Record<string, unknown> {
  return (JSON.parse(text) as { data?: Record<string, unknown> }).data ?? {};
}

function declarePolicy(on: Holding, name: string, rules: string): ResourceNode {
  const { cx, call, needs } = on;
  const told = look(on, `sys/policies/acl/${name}`);
  return cx.t.add(apiObject, {
    name: `vault policy ${name}`,
    look: told,
    differences: (reply) => (reply.status === 404 ? undefined : unlike({ policy: rules }, dataOf(reply))),
    write: settled(told, answers(call(`sys/policies/acl/${name}`, "POST", JSON.stringify({ policy: rules })), [200, 204])),
  }, { needs });
}

type Mounted = VaultEnd["vault"]["secrets"][string];

function declareMount(on: Holding, kind: "mounts" | "auth", path: string, { type, description, options, config }: Mounted): ResourceNode {
  const { cx, call, needs } = on;
  const what = kind === "auth" ? "auth method" : "engine";
  const tuned = { ...config, ...(Object.keys(options).length > 0 && { options }) };
  return cx.t.add(apiObject, {
    name: `${what} ${path}`,
    // A look of its own, by a text of its own: what one mount changes says nothing about another.
    look: Sh.lines(sh`: ${path}`, look(on, `sys/${kind}`)),
    differences(reply) {
      const found = dataOf(reply)[`${path}/`] as Record<string, unknown> | undefined;
      if (found === undefined) return undefined;
      if (found["type"] !== type) throw new PlanError(`the ${what} at ${path} is ${String(found["type"])}, not ${type}`, "name another path, or disable it by hand: that deletes what it holds");
      return unlike({ description, options, config }, found);
    },
    write: settled(look(on, `sys/${kind}`), Sh.lines(
      "(",
      answers(call(`sys/${kind}/${path}/tune`, "POST", JSON.stringify({ description, ...tuned })), [200, 204], { quiet: true }),
      ") || {",
      answers(call(`sys/${kind}/${path}`, "POST", JSON.stringify({ type, description, config, options })), [200, 204]),
      "}",
    )),
  }, { needs });
}

/** Fields that are secrets are written, and not compared. */
function declareWrite(on: Holding, path: string, data: Readonly<Record<string, unknown>>): ResourceNode {
  const { cx, call, needs } = on;
  const plain = Object.fromEntries(Object.entries(data).filter(([, value]) => !(value instanceof Secret)));
  const hidden = Object.keys(plain).length < Object.keys(data).length;
  const text = (): string => JSON.stringify(Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value instanceof Secret ? value.reveal() : value])));
  const told = look(on, path);
  return cx.t.add(apiObject, {
    name: `written to ${path}`,
    look: told,
    differences(reply) {
      if (reply.status === 404) return undefined;
      if (reply.status !== 200) throw new PlanError(`${path} cannot be read: ${reply.status} ${reply.text.trim()}`, "only what a GET answers can be kept as it is declared");
      return unlike(plain, dataOf(reply));
    },
    write: settled(told, answers(call(path, "POST", hidden ? new Secret(text()) : text()), [200, 204])),
  }, { needs });
}
