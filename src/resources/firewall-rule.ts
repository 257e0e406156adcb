import { defineResource, PlanError, type Change, type Prediction, type Upstream } from "./contract.ts";
import { applyRules, isManaged, type Edit } from "./firewall-apply.ts";
import { ruleArgs, type Rule } from "./firewall-args.ts";
import { lookAtRule, parseFirewall, printFirewall, type Firewall } from "./firewall-look.ts";
import { textsOf, toolsOf } from "./firewall-tools.ts";

/** What may bring, start or end a firewall. */
const MAY_CHANGE_BACKEND = new Set(["package", "service", "unit", "task", "handler", "reboot", "archive"]);

export const firewallRule = defineResource({
  kind: "firewall-rule",
  summary: "One rule of the host's firewall, now and at boot, also after a reload or restart of whatever firewall the host has.",
  args: ruleArgs,
  key: (args) => args.name,
  claims: (args) => [{ target: `firewall-rule:${args.name}` }],
  probe: (args) => lookAtRule(args.name),
  plan: (args, observed) => plan(args, parseFirewall(observed)),
  /** A rule that is not there would come, whatever firewall the host has then; one that is there may have to move to another. */
  predict(args, observed, upstream): Prediction {
    const seen = parseFirewall(observed);
    const there = seen.lines.length > 0;
    const cause = upstream.find((up) => up.outcome === "unknown") ?? upstream.find((up) => MAY_CHANGE_BACKEND.has(up.kind));
    try {
      const change = plan(args, seen);
      if (there && args.state === "present" && cause) return { outcome: "unknown", cause: `${cause.id} may change which firewall is at work` };
      return change ? { outcome: "would-change", change } : { outcome: "ok" };
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      return predictRefused(error, there, upstream);
    }
  },
});

/** What refuses the rule now, mostly that there is no tool, may be mended by a need. */
function predictRefused(error: PlanError, there: boolean, upstream: readonly Upstream[]): Prediction {
  const unknown = upstream.find((up) => up.outcome === "unknown");
  if (!there && !unknown && upstream.some((up) => MAY_CHANGE_BACKEND.has(up.kind))) return { outcome: "would-change", change: { summary: "add" } };
  return { outcome: "unknown", cause: `${error.message}, and ${(unknown ?? upstream[0])?.id} would change first` };
}

const same = (one: readonly string[], other: readonly string[]): boolean => one.join("\n") === other.join("\n");

function plan(args: Rule, seen: Firewall): Change | undefined {
  const { name } = args;
  const old = seen.lines;
  const start = `${String(args.position).padStart(3, "0")} ${name}`;
  const wanted = args.state === "absent" ? [] : toolsOf(args, seen).flatMap((tool) => textsOf(args, tool).map((text) => `${start} ${tool} ${text}`)).sort();
  const changed = !same(old, wanted);
  const flushed = seen.flushed && wanted.some(isManaged);
  if (!changed && !flushed && !seen.unloaded && seen.lost.length === 0) return undefined;
  const edit: Edit = { name, old, wanted, lost: seen.lost, reload: flushed && (seen.firewalld ? "firewall-cmd -q --reload" : "ufw reload >/dev/null") };
  return {
    summary: summaryOf(old, wanted, changed),
    ...(changed && { diff: [...old.map((line) => `-${line}`), ...wanted.map((line) => `+${line}`)].join("\n") }),
    apply: applyRules([edit]),
    merge: { key: "firewall rules", item: JSON.stringify(edit), apply: (items) => applyRules(items.map((item) => JSON.parse(item) as Edit)) },
    after: printFirewall(seen, wanted),
  };
}

function summaryOf(old: readonly string[], wanted: readonly string[], changed: boolean): string {
  if (!changed) return "load again";
  if (old.length === 0) return "add";
  if (wanted.length === 0) return "remove";
  const texts = (lines: readonly string[]) => lines.map((line) => line.slice(line.indexOf(" ")));
  return same(texts(old), texts(wanted)) ? "move" : "change";
}
