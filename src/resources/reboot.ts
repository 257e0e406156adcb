import { z } from "zod";
import { Sh, sh } from "../shell/index.ts";
import { path } from "./args.ts";
import { defineResource, type Prediction } from "./contract.ts";
import { shellValue } from "./task.ts";

/** Debian's packages leave it there. */
const MARKER = "/run/reboot-required";

/** Folders that are empty after a boot. */
const VOLATILE = /^\/(?:run|var\/run|tmp)\//;

export const reboot = defineResource({
  kind: "reboot",
  summary: "Reboots the host when something asks for it, and waits until it is back.",
  args: z
    .strictObject({
      /** Why, in a word; the id. */
      name: z.string().min(1).default("reboot"),
      /** Reboots while something is at this path. A marker outside /run and /tmp is removed first. Default: /run/reboot-required, which Debian's packages leave. */
      marker: path.optional(),
      /** In place of a marker: read-only, exit 0 means that a reboot is due. After it, it must say no. */
      if: shellValue.optional(),
      /** Seconds until the host must be back. */
      within: z.number().int().positive().default(600),
      /** For those who are logged in. */
      message: z.string().regex(/^[^\n]+$/, "one line").default("hawser reboots this host"),
    })
    .check(({ value, issues }) => {
      if (value.marker !== undefined && value.if !== undefined) issues.push({ code: "custom", message: "give marker or if, not both", input: value });
    }),
  compares: "code",
  key: (args) => args.name,
  claims: () => [],
  probe: (args) => (args.if ? Sh.lines("due() (", args.if, ")", "if due; then exit 1; fi") : sh`if [ -e ${args.marker ?? MARKER} ]; then exit 1; fi`),
  plan(args, seen) {
    if (seen.code === 0) return undefined;
    const marker = args.if === undefined && args.marker !== undefined && !VOLATILE.test(args.marker) ? args.marker : undefined;
    return {
      summary: "reboot",
      apply: Sh.lines(marker !== undefined && sh`rm -f ${marker}`, sh`shutdown -r now ${args.message} 2>/dev/null || systemctl reboot || reboot`),
      reboots: { withinSeconds: args.within },
    };
  },
  /** Packages and commands may leave the marker; nobody knows before. */
  predict(_args, seen, upstream): Prediction {
    if (seen.code !== 0) return { outcome: "would-change", change: { summary: "reboot" } };
    const [first] = upstream.filter((up) => up.outcome === "unknown" || ["package", "task", "handler", "archive"].includes(up.kind));
    return first ? { outcome: "unknown", cause: `${first.id} may ask for a reboot` } : { outcome: "ok" };
  },
});
