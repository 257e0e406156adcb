import { Secret, sh, Sh, z, type ResourceNode, type Value } from "hawser";
import { apiObject } from "./api-object.ts";
import type { ConsulEnd } from "./cluster.ts";
import { consulUrl } from "./consul-url.ts";
import type { Context } from "./context.ts";
import { answers, request, type Reply } from "./curl.ts";
import { masked } from "./mask.ts";
import type { Taken } from "./made.ts";
import { MANAGEMENT_CURL } from "./paths.ts";

/** A key in base64, in JSON. */
const ANY_KEY = String.raw`s|"[A-Za-z0-9+/]\{43\}="|"other"|g`;

const rings = z.array(z.looseObject({ WAN: z.boolean(), Datacenter: z.string(), Keys: z.record(z.string(), z.number()).nullable(), PrimaryKeys: z.record(z.string(), z.number()).nullable(), NumNodes: z.number() }));

/** The running members speak with this key and no other: a new one is installed, used, and the former ones are removed. */
export function declareGossipKey({ t }: Context, { own, gossip, up }: { readonly own: ConsulEnd; readonly gossip: Secret | Taken; readonly up: readonly ResourceNode[] }): void {
  const url = consulUrl(own, "operator/keyring");
  const key = gossip instanceof Secret ? gossip : gossip.value;
  const body = mapped(key, (each) => new Secret(JSON.stringify({ Key: each.reveal() })));
  const put = (method: "POST" | "PUT"): Sh => Sh.lines("(", answers(request({ url, method, token: MANAGEMENT_CURL, body }), [200]), ")");
  t.add(
    apiObject,
    {
      name: "gossip key of all members",
      // Of this server alone, so that a run goes on where another region is down; a change asks all.
      look: masked(request({ url: `${url}?local-only=true`, token: MANAGEMENT_CURL }), gossip instanceof Secret ? gossip : gossip.path, ANY_KEY),
      differences: gossipDifferences,
      write: Sh.lines(put("POST"), put("PUT"), removeOthers(url).stdin(key)),
    },
    { needs: up },
  );
}

const mapped = (secret: Secret | Value<Secret>, map: (secret: Secret) => Secret): Secret | Value<Secret> => (secret instanceof Secret ? map(secret) : secret.map(map));

/** The former keys are nobody's primary key any more. None stands in a command line: printf and [ are the shell's own. */
const removeOthers = (url: string): Sh => Sh.lines(
  "{",
  "k=$(cat)",
  sh`for o in $(${request({ url, token: MANAGEMENT_CURL })} | grep -o '"[A-Za-z0-9+/]\\{43\\}="' | tr -d '"' | sort -u); do`,
  Sh.raw('[ "$o" = "$k" ] && continue'),
  sh`r=$(printf '{"Key":"%s"}' "$o" | ${request({ url, method: "DELETE", token: MANAGEMENT_CURL })} --data-binary @-) || exit 2`,
  Sh.raw(`case $r in *200) ;; *) echo 'a former key cannot be removed' >&2; exit 1 ;; esac`),
  "done",
  "}",
);

/** Which rings do not speak with the wanted key alone. */
export function gossipDifferences({ status, text }: Reply): readonly string[] {
  if (status !== 200) throw new Error(`the keyring cannot be asked: ${status} ${text.trim()}`);
  return rings.parse(JSON.parse(text)).flatMap(({ WAN: wan, Datacenter: datacenter, Keys: keys, PrimaryKeys: primary, NumNodes: nodes }) => {
    const name = wan ? "between datacenters" : `in ${datacenter}`;
    const using = primary?.["wanted"] ?? 0;
    if (using < nodes) return [`${name}: ${using} of ${nodes} speak with it`];
    return Object.keys(keys ?? {}).some((key) => key !== "wanted") ? [`${name}: a former key is still accepted`] : [];
  });
}
