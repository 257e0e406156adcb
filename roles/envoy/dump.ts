import { z } from "hawser";
import type { Resources } from "./api.ts";

const named = z.looseObject({ name: z.string() });
const cluster = z.looseObject({ cluster: named });
const listener = z.looseObject({ listener: named });
const dump = z.object({
  configs: z.array(
    z.looseObject({
      "@type": z.string(),
      static_clusters: z.array(cluster).default([]),
      dynamic_active_clusters: z.array(cluster).default([]),
      static_listeners: z.array(listener).default([]),
      dynamic_listeners: z.array(z.looseObject({ active_state: listener.optional() })).default([]),
    }),
  ),
});

/** What Envoy runs with, in /config_dump. @throws Error for what is none */
export function runningOf(text: string): Resources {
  const { configs } = dump.parse(JSON.parse(text));
  return {
    listeners: configs.flatMap(({ static_listeners, dynamic_listeners }) => [...static_listeners.map((each) => each.listener), ...dynamic_listeners.flatMap(({ active_state }) => (active_state ? [active_state.listener] : []))]),
    clusters: configs.flatMap(({ static_clusters, dynamic_active_clusters }) => [...static_clusters, ...dynamic_active_clusters].map((each) => each.cluster)),
  };
}

/** The first thing in which what runs differs from what is declared, or undefined. */
export function difference(declared: Resources, running: Resources): string | undefined {
  for (const kind of ["listeners", "clusters"] as const) {
    const [wanted, found] = [byName(declared[kind]), byName(running[kind])];
    for (const name of new Set([...wanted.keys(), ...found.keys()])) {
      if (!found.has(name)) return `${kind} ${name} is missing`;
      if (!wanted.has(name)) return `${kind} ${name} is not declared`;
      const place = differing(wanted.get(name), found.get(name));
      if (place !== undefined) return `${kind} ${name}${place}`;
    }
  }
  return undefined;
}

const byName = (all: readonly { readonly name: string }[]): ReadonlyMap<string, unknown> => new Map(all.map((each) => [each.name, each]));

/** What Envoy shows of a private key, be it only the name of its file. */
const HIDDEN = "[redacted]";

/** Protobuf leaves out what has its default, prints 64-bit numbers as text, and resources carry their type when they are watched. */
function differing(wanted: unknown, found: unknown, place = ""): string | undefined {
  if (isEmpty(wanted) && isEmpty(found)) return undefined;
  if (Array.isArray(wanted) && Array.isArray(found)) {
    if (wanted.length !== found.length) return place;
    for (const [i, each] of wanted.entries()) {
      const inside = differing(each, found[i], `${place}[${i}]`);
      if (inside !== undefined) return inside;
    }
    return undefined;
  }
  if (isObject(wanted) && isObject(found)) {
    for (const key of new Set([...Object.keys(wanted), ...Object.keys(found)])) {
      if (place === "" && key === "@type") continue;
      const inside = differing(wanted[key], found[key], `${place}.${key}`);
      if (inside !== undefined) return inside;
    }
    return undefined;
  }
  return found === HIDDEN || String(wanted) === String(found) ? undefined : place;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);
const isEmpty = (value: unknown): boolean => value === undefined || value === 0 || value === "" || value === "0s" || value === false || (Array.isArray(value) && value.length === 0) || (isObject(value) && Object.values(value).every(isEmpty));

const status = z.looseObject({
  address: z.looseObject({ socket_address: z.looseObject({ address: z.string(), port_value: z.number() }).optional() }),
  health_status: z.looseObject({ failed_active_health_check: z.boolean().default(false), failed_outlier_check: z.boolean().default(false) }).default({ failed_active_health_check: false, failed_outlier_check: false }),
  priority: z.number().default(0),
});
const clusters = z.object({ cluster_statuses: z.array(z.looseObject({ name: z.string(), host_statuses: z.array(status).default([]) })) });

/** How an endpoint of a cluster is, in /clusters?format=json. @throws Error for what is none */
export function stateOf(text: string, name: string, address: string, port: number): string {
  const all = clusters.parse(JSON.parse(text)).cluster_statuses.find((each) => each.name === name)?.host_statuses ?? [];
  const found = all.find((each) => each.address.socket_address?.address === address && each.address.socket_address.port_value === port);
  if (!found) return "unknown to Envoy";
  const { failed_active_health_check: failed, failed_outlier_check: ejected } = found.health_status;
  return failed ? "fails its health check" : ejected ? "ejected after errors" : "healthy";
}
