import { encryptAge, Secret, sh, Sh, z, type ResourceNode, type Value } from "hawser";
import type { VaultEnd } from "./cluster.ts";
import type { Context } from "./context.ts";
import { answers, request, tokenHeader } from "./curl.ts";
import { ROOT_REVOKED, VAULT_STORE, vaultLayout } from "./paths.ts";
import { vaultAddress, vaultUrl } from "./vault-config.ts";

/** What a new store gives once. */
const output = z.object({
  /** Parts of the key (or of the recovery key), in clear or encrypted for their owners. */
  keys: z.array(z.string()),
  root_token: z.string(),
});

export interface Keys {
  readonly root: Value<Secret>;
  /** Parts that open it; none where only their owners can read them. */
  readonly shares: Value<readonly Secret[]>;
}

const reply = z.looseObject({ keys_base64: z.array(z.string()).optional(), recovery_keys_base64: z.array(z.string()).nullish(), root_token: z.string() });

/** On the first host: makes the store. Its parts and root token go to the controller, which keeps them encrypted, and nowhere else. */
export function declareInit({ t }: Context, own: VaultEnd, others: readonly VaultEnd[], needs: readonly ResourceNode[]): Keys {
  const { trusted } = vaultLayout(own.vault.engine);
  const { init, seal } = own.vault;
  const kept = t.kept("keys", output);
  const url = vaultUrl(own, "sys/init");
  const parts = seal === undefined ? { secret_shares: init.secret_shares, secret_threshold: init.secret_threshold, ...(init.pgp_keys.length > 0 && { pgp_keys: init.pgp_keys }) } : { recovery_shares: init.secret_shares, recovery_threshold: init.secret_threshold, ...(init.pgp_keys.length > 0 && { recovery_pgp_keys: init.pgp_keys }) };
  t.task("init", {
    check: Sh.lines(
      sh`[ ! -e ${VAULT_STORE} ] || exit 0`,
      // A host that came later joins what the others have.
      ...[url, ...others.map((other) => `${vaultAddress(other)}/v1/sys/init`)].map((asked) => sh`if curl -s -m 5 --cacert ${trusted} ${asked} | grep -q '"initialized":true'; then exit 0; fi`),
      "exit 1",
    ),
    predict: "runs",
    makes: kept,
    summary: `make the store, its key in ${init.secret_shares} parts of which ${init.secret_threshold} open it`,
    apply: async ({ $ }) => {
      await $`rm -f ${ROOT_REVOKED}`;
      const said = await $({ input: JSON.stringify(parts) })`curl -sS -f -m 60 -X PUT --cacert ${trusted} --data-binary @- ${url}`;
      const { keys_base64: shares, recovery_keys_base64: recovery, root_token } = reply.parse(JSON.parse(said.stdout));
      const keys = (seal === undefined ? shares : recovery) ?? [];
      const { age_recipients: recipients } = init;
      return { root_token, keys: recipients.length === 0 ? keys : await Promise.all(keys.map((key, i) => encryptAge(key, [recipients[i] as string]))) };
    },
    needs,
  });
  const readable = init.pgp_keys.length === 0 && init.age_recipients.length === 0 && seal === undefined;
  const shares = kept.value.map((value) => (readable ? value.keys : []));
  t.export("shares", shares);
  return { root: kept.value.map((value) => value.root_token), shares };
}

/** Opens this host's server, as after each of its starts. */
export function declareUnseal({ t }: Context, own: VaultEnd, kept: Value<readonly Secret[]> | undefined, needs: readonly ResourceNode[]): ResourceNode {
  const { trusted } = vaultLayout(own.vault.engine);
  const given = own.vault.unseal_keys;
  const url = vaultUrl(own, "sys/unseal");
  const status = request({ url: vaultUrl(own, "sys/seal-status"), trusted });
  return t.task("unseal", {
    check: Sh.lines(answers(status, [200]), Sh.raw(`case $r in *'"sealed":false'*) ;; *) exit 1 ;; esac`)),
    absent: "while-needs-absent",
    ...(given.length === 0 && kept !== undefined && { uses: { kept } }),
    apply: async ({ $, uses }) => {
      const parts = given.length > 0 ? given : ((uses as { kept?: readonly Secret[] }).kept ?? []);
      if (parts.length === 0) throw new Error("it is sealed, and only the owners of its parts can open it: give some of them for a run, as consul-vault.vault.unseal_keys: [!command …, !env …]");
      // A new server is sealed before it has joined the others, and takes no parts then.
      await $`n=0; until curl -sS -m 5 --cacert ${trusted} ${vaultUrl(own, "sys/init")} | grep -q '"initialized":true'; do n=$((n + 1)); [ $n -lt 60 ] || { echo 'it has not joined the others' >&2; exit 1; }; sleep 1; done`;
      for (const part of parts) {
        const said = await $({ input: JSON.stringify({ key: part.reveal().trim() }) })`curl -sS -m 30 -X PUT --cacert ${trusted} --data-binary @- ${url}`;
        if (said.stdout.includes('"errors"')) throw new Error(`it does not take a part: ${said.stdout.trim()}`);
        // One that joins the others says so only once it has heard from them; the last part begins that.
        if (/"sealed":false|"progress":0/.test(said.stdout)) break;
      }
      await $`n=0; until curl -sS -m 5 --cacert ${trusted} ${vaultUrl(own, "sys/seal-status")} | grep -q '"sealed":false'; do n=$((n + 1)); [ $n -lt 60 ] || { echo ${`it is sealed still: ${parts.length} parts were given, and ${own.vault.init.secret_threshold} different ones are needed`} >&2; exit 1; }; sleep 1; done`;
    },
    needs,
  });
}

/** The token that made the store ends with the first run. */
export function declareRevocation({ t }: Context, own: VaultEnd, { root }: Keys, needs: readonly ResourceNode[]): void {
  if (!own.vault.revoke_root_token) return;
  const { trusted } = vaultLayout(own.vault.engine);
  t.task("root token", {
    check: sh`[ -e ${ROOT_REVOKED} ]`,
    apply: Sh.lines(
      Sh.lines(
        "{",
        sh`c=$(curl -sS -m 10 -X POST -o /dev/null -w ${"%{http_code}"} --cacert ${trusted} -K - ${vaultUrl(own, "auth/token/revoke-self")}) || exit 2`,
        // 403: it is not valid any more.
        Sh.raw(`case $c in 204 | 403) ;; *) echo "the server answers $c" >&2; exit 1 ;; esac`),
        "}",
      ).stdin(root.map((token) => new Secret(tokenHeader("X-Vault-Token", token.reveal())))),
      sh`: >${ROOT_REVOKED}`,
    ),
    summary: "revoke",
    needs,
  });
}
