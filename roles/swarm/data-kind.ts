import { createHash, scryptSync } from "node:crypto";
import { defineResource, Secret, sh, z } from "hawser";
import { MANAGED } from "./api.ts";
import { clusterKind } from "./kind.ts";

const args = z.strictObject({
  type: z.enum(["config", "secret"]),
  /** As in the vars; in a stack with its name before it. */
  name: z.string(),
  /** With the content's hash. */
  versioned: z.string(),
  content: z.union([z.string(), z.instanceof(Secret)]),
  labels: z.record(z.string(), z.string()).default({}),
});

/** Hexadecimal digits of the hash in a name. */
const DIGITS = 12;

/** Longest name that Docker takes. */
export const LONGEST = 64;

/**
 * The name that a content has in the cluster. Whoever may list secrets sees the names, so a secret's hash is one that takes time: of a
 * short secret a fast one could be tried out.
 */
export function versionedName(type: "config" | "secret", name: string, content: string): string {
  const hash = type === "config" ? createHash("sha256").update(content).digest("hex") : scryptSync(content, `hawser swarm secret ${name}`, DIGITS / 2).toString("hex");
  return `${name}-${hash.slice(0, DIGITS)}`;
}

/** A config or a secret. Docker cannot change one; another content is another one. */
export const swarmData = defineResource({
  kind: "swarm-data",
  summary: "A config or a secret of a Swarm, under a name with its content's hash.",
  args,
  key: ({ type, name }) => `${type} ${name}`,
  claims: ({ type, name }) => [{ target: `swarm-${type}:${name}` }],
  ...clusterKind<z.output<typeof args>>({
    absent: () => "create",
    plan({ type, name, versioned, content, labels }, { configs, secrets }) {
      const all = type === "config" ? configs : secrets;
      if (all.some(({ Name }) => Name === versioned)) return undefined;
      const before = all.some(({ Labels }) => Labels[MANAGED] === name);
      const words = Object.entries({ ...labels, [MANAGED]: name }).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
      return { summary: `${before ? "new content" : "create"}: ${versioned}`, apply: sh`docker ${type} create ${words} ${versioned} - >/dev/null`.stdin(content) };
    },
  }),
});
