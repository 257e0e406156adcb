import type { Site } from "../../sites.ts";

/**
 * Whose changes a site takes. All go by the first one: were each to take from each, a change that comes a second time by another way
 * could bring back what was deleted meanwhile.
 */
export function sourcesOf(own: Site, sites: readonly Site[]): readonly Site[] {
  const [first] = sites;
  const others = sites.filter(({ host }) => host.name !== own.host.name);
  return first === undefined || first.host.name === own.host.name ? others : [first];
}
