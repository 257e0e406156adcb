import { z } from "zod";
import { Sh, sh } from "../shell/index.ts";
import { defineResource, PlanError, type Change, type Observed, type Prediction, type Upstream } from "./contract.ts";
import { awaitActive } from "./service-wait.ts";

/** A name without a type is a service's. */
export const unitName = z.string().regex(/^[\w:.\\@-]+$/, "not the name of a unit");
export const fullUnitName = (name: string): string => (/\.(?:service|socket|target|timer|path|mount|automount|swap|slice|scope|device)$/.test(name) ? name : `${name}.service`);

const args = z
  .strictObject({
    /** `nginx`, `openvpn@office`, `fstrim.timer`; without a type it is a service. */
    name: unitName,
    /** Default: left as it is. */
    state: z.enum(["running", "stopped"]).optional(),
    /** At boot. Units that cannot be enabled by themselves (static, generated, indirect) count as they are. Default: left as it is. */
    enabled: z.boolean().optional(),
    /** A masked unit cannot be started by anything. Default: unmasked when it shall run or be enabled, else left as it is. */
    masked: z.boolean().optional(),
    /** Seconds that a start may take until the unit is active. */
    timeout: z.number().int().positive().default(90),
  })
  .check(({ value, issues }) => {
    const complain = (message: string) => void issues.push({ code: "custom", message, input: value });
    if (value.state === undefined && value.enabled === undefined && value.masked === undefined) complain("give state, enabled or masked");
    if (value.masked === true && (value.state === "running" || value.enabled === true)) complain("a masked unit neither runs nor starts at boot");
  });

type Args = z.output<typeof args>;

/** A service's sub-state tells a restart loop from a start; other types change theirs by themselves (a timer that fires). */
const PROPERTIES = ["Id", "LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload"];
const SERVICE_PROPERTIES = [...PROPERTIES, "SubState", "Type", "RemainAfterExit"];

/** Only one `systemctl show`, which works since systemd 209 and says all of it. */
export function showUnit(name: string): Sh {
  const properties = name.endsWith(".service") ? SERVICE_PROPERTIES : PROPERTIES;
  return sh`systemctl show -p ${properties.join(",")} ${name}`;
}

export type UnitState = ReadonlyMap<string, string>;

/** @throws PlanError when there is no systemd to ask. */
export function parseUnit(seen: Observed, name: string): UnitState {
  const state = new Map(seen.out.split("\n").flatMap((line): [string, string][] => (line.includes("=") ? [[line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]] : [])));
  if (seen.code !== 0 || !state.has("LoadState")) throw new PlanError(`cannot look at ${name}: ${seen.err.trim() || "systemctl said nothing"}`, "the host must run systemd");
  return state;
}

const isActive = (state: UnitState): boolean => ["active", "reloading", "refreshing"].includes(state.get("ActiveState") ?? "");
const isMasked = (state: UnitState): boolean => (state.get("UnitFileState") ?? "").startsWith("masked") || state.get("LoadState") === "masked";
/** Static, generated, indirect, alias and transient units have no state that enabling would change for good. */
const canEnable = (state: UnitState): boolean => ["disabled", "masked", "masked-runtime", "enabled-runtime", "linked", "linked-runtime"].includes(state.get("UnitFileState") ?? "");
const isEnabled = (state: UnitState): boolean => ["enabled", "enabled-runtime"].includes(state.get("UnitFileState") ?? "");

interface Step {
  readonly summary: string;
  readonly command: Sh;
  readonly sets: Readonly<Record<string, string>>;
}

export const service = defineResource({
  kind: "service",
  summary: "A systemd unit that runs or not, now and at boot.",
  args,
  key: (args) => fullUnitName(args.name),
  claims: (args) => [{ target: `service:${fullUnitName(args.name)}` }],
  probe: (args) => showUnit(fullUnitName(args.name)),
  plan(args, seen) {
    const name = fullUnitName(args.name);
    const state = parseUnit(seen, name);
    if (state.get("LoadState") === "not-found" && (args.state === "running" || args.enabled === true)) throw new PlanError(`there is no unit ${name}`, "name what brings it in `needs`: its package or unit resource; or correct the name");
    const steps = stepsOf(args, state, state.get("Id") || name);
    return steps.length === 0 ? undefined : changeOf(steps, state);
  },
  predict(args, seen, upstream, context): Prediction {
    try {
      const state = parseUnit(seen, fullUnitName(args.name));
      if (state.get("LoadState") !== "not-found") return predicted(this.plan(args, seen, context));
      return predictAbsent(args, upstream);
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      return { outcome: "unknown", cause: `${error.message}, and ${upstream[0]?.id} would change first` };
    }
  },
});

function predicted(change: Change | undefined): Prediction {
  return change ? { outcome: "would-change", change } : { outcome: "ok" };
}

/**
 * A unit that is not there does not run, so what shall run will change, whoever starts it. An install may enable its
 * units (Debian) or not (EL's presets), which nobody can tell before.
 */
function predictAbsent(args: Args, upstream: readonly Upstream[]): Prediction {
  const unknown = upstream.find((up) => up.outcome === "unknown");
  const wants = [args.state === "running" && "start", args.enabled === true && "enable", args.masked === true && "mask"].filter((want) => typeof want === "string");
  if (wants.length > 0 && !unknown) return { outcome: "would-change", change: { summary: wants.join(", ") } };
  const brings = unknown ?? upstream.find((up) => up.kind !== "file");
  if (brings && (wants.length > 0 || args.enabled === false)) return { outcome: "unknown", cause: `${brings.id} ${unknown ? "is unknown" : "may bring the unit, enabled or not"}` };
  return { outcome: "ok" };
}

function stepsOf(args: Args, state: UnitState, name: string): Step[] {
  const steps: Step[] = [];
  const step = (summary: string, command: Sh, sets: Step["sets"] = {}) => void steps.push({ summary, command, sets });
  const masked = isMasked(state);
  if (masked && (args.masked === false || args.state === "running" || args.enabled === true)) step("unmask", sh`systemctl unmask ${name}`);
  if (args.enabled === true && !isEnabled(state) && canEnable(state)) step("enable", sh`systemctl enable ${name}`, { UnitFileState: "enabled" });
  if (args.enabled === false && isEnabled(state)) step("disable", sh`systemctl disable ${name}`, { UnitFileState: "disabled" });
  if (args.state === "running" && !isActive(state)) step(...start(args, state, name));
  if (args.state === "stopped" && !["inactive", "failed"].includes(state.get("ActiveState") ?? "")) step("stop", sh`systemctl stop ${name}`, { ActiveState: "inactive", SubState: "dead" });
  if (args.masked === true && !masked) step("mask", sh`systemctl mask ${name}`, { LoadState: "masked", UnitFileState: "masked" });
  return steps;
}

/** @throws PlanError for a unit that does its work and ends: it never is running. */
function start(args: Args, state: UnitState, name: string): [string, Sh, Step["sets"]] {
  const oneshot = state.get("Type") === "oneshot";
  if (oneshot && state.get("RemainAfterExit") === "no") throw new PlanError(`${name} is a oneshot unit: it ends when its work is done, so it never is running`, "give it RemainAfterExit=yes, or start it by a timer or a handler");
  const now = state.get("ActiveState");
  const summary = now === "inactive" ? "start" : now === "activating" ? "start (now starting)" : `start (now ${now})`;
  return [summary, Sh.lines(now === "failed" && sh`systemctl reset-failed ${name}`, awaitActive(name, args.timeout)), { ActiveState: "active", SubState: oneshot ? "exited" : "running" }];
}

/** The same properties in the order in which this systemd printed them; certain only for a unit that it has loaded. */
function changeOf(steps: readonly Step[], state: UnitState): Change {
  const reload = state.get("NeedDaemonReload") === "yes";
  const sets = Object.assign({}, ...steps.map((step) => step.sets)) as Readonly<Record<string, string>>;
  const certain = state.get("LoadState") === "loaded" && !reload && sets["LoadState"] === undefined && !steps.some((step) => step.summary === "unmask");
  const lines = [...state].map(([name, value]) => `${name}=${sets[name] ?? value}\n`);
  return {
    summary: steps.map((step) => step.summary).join(", "),
    apply: Sh.lines(reload && "systemctl daemon-reload", ...steps.map((step) => step.command)),
    ...(certain && { after: { out: lines.join(""), err: "", code: 0 } }),
  };
}
