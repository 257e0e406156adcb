import { defineRole, sh, UsageError, z } from "hawser";

export const cache = defineRole(import.meta, {
  name: "cache",
  summary: "Redis on several hosts, of which one is the primary.",
  vars: z.strictObject({
    primary: z.boolean().default(false).describe("Whether this host takes the writes."),
    persist: z.boolean().default(true).describe("Whether what is written survives a restart."),
    answer_ms: z.number().positive().default(5).describe("`verify`: the longest that an answer may take, in milliseconds."),
  }),
  // #region validate
  validate({ vars, host, peers }) {
    const other = peers.find((peer) => peer.vars.primary);
    if (vars.primary && other) throw new UsageError(`${host.name} and ${other.host.name} are both the primary`, { source: host.at("cache", "primary"), hint: "set it for one of them" });
  },
  // #endregion
  tasks({ t, vars, peers }) {
    if (!vars.persist) t.warn("cache.persist is false: a restart loses everything");
    const primary = peers.find((peer) => peer.vars.primary)?.host.address;
    const packages = t.package("redis-server");
    const restart = t.handler("restart", sh`systemctl restart redis-server`);
    t.line("/etc/redis/redis.conf", { match: /^appendonly /, line: `appendonly ${vars.persist ? "yes" : "no"}`, needs: [packages], notify: restart });
    if (primary !== undefined) t.line("/etc/redis/redis.conf", { match: /^replicaof /, line: `replicaof ${primary} 6379`, needs: [packages], notify: restart });
  },
  // #region verify
  verify({ v, vars }) {
    v.assert("answer", {
      probe: sh`s=$(date +%s%N); redis-cli ping >/dev/null && echo $((($(date +%s%N) - s) / 1000))`,
      value: ({ out }) => (out.trim() === "" ? undefined : Number(out) / 1000),
      unit: "ms",
      limit: { max: vars.answer_ms },
      hint: "redis-cli --latency-history says since when",
    });
    v.total("primaries", {
      probe: sh`redis-cli role | head -n 1`,
      value: ({ out }) => (out.trim() === "master" ? 1 : 0),
      limit: { equals: 1 },
      hint: "two took writes that will be lost: stop one before anything else",
    });
  },
  // #endregion
});
