import { sh, Sh, type DrillPlan } from "hawser";
import type { ConsulEnd } from "./cluster.ts";
import { consulUrl } from "./consul-url.ts";
import { CANARY } from "./consul-vars.ts";
import { HOST_CURL } from "./paths.ts";

/** Drills write below it, and every host with Consul may. */
export const DRILL_KEYS = `${CANARY}drill/`;

/** Keys that are written to the store of this host's datacenter while something is broken. Each datacenter has a store of its own. */
export function declareKeyWrites(d: DrillPlan, own: ConsulEnd): void {
  const url = consulUrl(own, `kv/${DRILL_KEYS}`);
  d.writes(`keys of ${own.datacenter}`, {
    write: Sh.lines(sh`r=$(printf %s "$key" | curl -sS -m 5 -X PUT -K ${HOST_CURL} --data-binary @- ${url}"$key") || exit 1`, '[ "$r" = true ]'),
    // By a leader that a majority has confirmed: what another one has lost would not be told.
    read: sh`curl -sS -m 10 -K ${HOST_CURL} ${url}"$prefix"${"?keys&consistent"} | grep -o ${`${DRILL_KEYS}[^"]*`} | sed ${`s|^${DRILL_KEYS}||`}`,
    clean: sh`curl -sS -m 10 -o /dev/null -X DELETE -K ${HOST_CURL} ${url}"$prefix"${"?recurse"}`,
  });
}
