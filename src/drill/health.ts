import type { Sample, Watched } from "./types.ts";

/**
 * What is not as it must be before something is broken: paths and routes of every host, and one holder of each address.
 * @param latest What each host saw last; undefined for one that does not answer.
 */
export function unhealthy(watched: readonly Watched[], latest: (host: string) => Sample | undefined): string[] {
  const silent = [...new Set(watched.map(({ host }) => host))].filter((host) => !latest(host)).map((host) => `${host} does not answer`);
  const wrong = watched.flatMap(({ id, kind, host, name, healthy }) => {
    const seen = latest(host)?.seen[id];
    if (seen === undefined || kind === "address" || seen === healthy) return [];
    return [kind === "route" ? `${host} has no route to ${name} through the tunnel` : `${host}: path ${name} is ${seen === "-" ? "unknown" : seen}, not ${healthy}`];
  });
  const addresses = new Map(watched.filter(({ kind }) => kind === "address").map(({ id, name }) => [id, name]));
  const held = [...addresses].flatMap(([id, name]) => {
    const holders = holdersOf(watched, latest, id);
    return holders.length === 1 ? [] : [`the address ${name} is held by ${holders.join(" and ") || "nobody"}`];
  });
  return [...silent, ...wrong, ...held];
}

/** Who holds an address now, or any where none is named. */
export function holdersOf(watched: readonly Watched[], latest: (host: string) => Sample | undefined, address?: string): string[] {
  return watched.filter(({ id, kind, host }) => kind === "address" && (address === undefined || id === address) && latest(host)?.seen[id] === "1").map(({ host }) => host);
}
