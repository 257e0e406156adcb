import type { Tasks } from "hawser";
import { firewallRule } from "../../../src/resources/firewall-rule.ts";
import { recorded } from "../../../src/resources/recorded.ts";

type Options = Parameters<Tasks["firewallRule"]>[1];

/** Rules that are right already. */
export const RULES: Readonly<Record<"kept" | "legacy", Options>> = {
  kept: { chain: "output", protocol: "tcp", port: [80, "8000-8010"], destination: "192.0.2.0/24", action: "drop" },
  legacy: { backend: "iptables-legacy", chain: "output", destination: "192.0.2.3", action: "drop" },
};

/** What an earlier run has left, by the apply that it would have run. */
export function earlierRules(): string {
  const before = { "honest-kept": RULES.kept, "honest-legacy": RULES.legacy, "honest-drifted": RULES.kept, "honest-gone": RULES.kept };
  const changes = Object.entries(before).flatMap(([name, rule]) => firewallRule.plan(firewallRule.args.parse({ name, ...rule }), { out: "nft\niptables\n", err: "", code: 0 }, { facts: recorded("debian-12") }) ?? []);
  return changes[0]?.merge?.apply(changes.map(({ merge }) => merge?.item ?? "")).render() ?? "";
}
