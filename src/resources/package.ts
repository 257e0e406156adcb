import type { Sh } from "../shell/index.ts";
import { aptProbe, planApt } from "./apt.ts";
import { defineResource, PlanError, type Change, type KindContext } from "./contract.ts";
import { planRpm, rpmProbe } from "./dnf.ts";
import { packageArgs } from "./package-args.ts";

/** @throws PlanError on a host without a known package manager. */
function manager<T>(context: KindContext, by: { apt: () => T; rpm: () => T }): T {
  switch (context.facts.packageManager) {
    case "apt":
      return by.apt();
    case "dnf":
    case "yum":
      return by.rpm();
    default:
      throw new PlanError("the host has none of apt-get, dnf and yum", "use file or archive resources on such a host");
  }
}

export const packageKind = defineResource({
  kind: "package",
  summary: "An installed package, or its absence. Installs start no service that did not run before.",
  args: packageArgs,
  opaque: true,
  key: (args) => args.name,
  claims: (args) => [{ target: `package:${args.name}`, wanted: JSON.stringify(args) }],
  probe: (args, context): Sh => manager(context, { apt: () => aptProbe(args, context.facts.kernel.machine), rpm: () => rpmProbe(args, context.facts) }),
  plan: (args, seen, context): Change | undefined => manager(context, { apt: () => planApt(args, seen), rpm: () => planRpm(args, seen, context.facts) }),
});
