import { type Verifier, z } from "hawser";
import type { Site } from "../../sites.ts";
import { answersIn } from "./answers.ts";
import { aliasOf, existingOf, mc } from "./mc.ts";

const info = z.object({ enabled: z.boolean(), sites: z.array(z.object({ endpoint: z.string() })).nullish() });
const some = z.record(z.string(), z.unknown()).nullish();
const status = z.object({ Enabled: z.boolean(), BucketStats: some, PolicyStats: some, UserStats: some, GroupStats: some });
const server = z.object({ info: z.object({ servers: z.array(z.object({ state: z.string() })).nullish() }) });

/** The site as its own MinIO sees it, and with whom it replicates. */
export function assertSite(v: Verifier, own: Site, sites: readonly Site[]): void {
  const alias = aliasOf(own);
  v.assert("MinIO's servers that are not online", {
    probe: mc("admin", "info", alias),
    value: ({ out }) => server.safeParse(answersIn(out)[0]).data?.info.servers?.filter(({ state }) => state !== "online").length,
    limit: { max: 0 },
    hint: `mc admin info ${alias}`,
  });
  if (sites.length < 2) return;
  v.assert("sites that it does not replicate with", {
    probe: mc("admin", "replicate", "info", alias),
    value: ({ out }) => {
      const { data } = info.safeParse(answersIn(out)[0]);
      if (data === undefined) return undefined;
      const found = (data.sites ?? []).map(({ endpoint }) => endpoint.replace(/\/$/, ""));
      return sites.filter((site) => !found.includes(existingOf(site).endpoint)).length;
    },
    limit: { max: 0 },
    hint: "run the playbook: it adds those that hold no data",
  });
  v.assert("buckets, users and policies that differ between sites", {
    probe: mc("admin", "replicate", "status", alias),
    value: ({ out }) => {
      const { data } = status.safeParse(answersIn(out)[0]);
      return data === undefined || !data.Enabled ? undefined : [data.BucketStats, data.PolicyStats, data.UserStats, data.GroupStats].reduce((sum, each) => sum + Object.keys(each ?? {}).length, 0);
    },
    limit: { max: 0 },
    hint: `mc admin replicate status ${alias} says which; mc admin replicate resync takes up what was missed`,
  });
}
