import { Sh, type ResourceNode } from "hawser";
import { apiObject } from "./api-object.ts";
import { serversOf, type ConsulEnd, type Federation } from "./cluster.ts";
import { consulUrl } from "./consul-url.ts";
import { CANARY } from "./consul-vars.ts";
import type { Context } from "./context.ts";
import { answers, request } from "./curl.ts";
import { HOST_CURL } from "./paths.ts";

/** By which other datacenters see that this one can be read. */
export const canaryOf = (datacenter: string): string => `${CANARY}canary-${datacenter}`;

/** Keys of a datacenter, as its first server's vars say, with the role's own. */
export const keysOf = ({ consul, datacenter }: ConsulEnd): Readonly<Record<string, string>> => ({ ...consul.kv, [canaryOf(datacenter)]: datacenter });

/** What a datacenter keeps by itself: the first of its servers writes it, with its own token. */
export function declareOwn({ t }: Context, { own, federation, needs }: { readonly own: ConsulEnd; readonly federation: Federation; readonly needs: readonly ResourceNode[] }): void {
  if (serversOf(federation, own.datacenter)[0]?.host.name !== own.host.name) return;
  for (const [key, value] of Object.entries(keysOf(own))) {
    const url = consulUrl(own, `kv/${key}`);
    t.add(apiObject, {
      name: `key ${key}`,
      look: request({ url: `${url}?raw`, token: HOST_CURL }),
      differences: ({ status, text }) => (status === 404 ? undefined : text === value ? [] : [`${text.length} -> ${value.length} characters`]),
      write: Sh.lines(answers(request({ url, method: "PUT", token: HOST_CURL, body: value }), [200])),
    }, { needs, retries: 5, delay: 2 });
  }
}
