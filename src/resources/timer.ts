import { z } from "zod";
import { now, Sh, sh } from "../shell/index.ts";
import { content, late, owner } from "./args.ts";
import { defineResource, PlanError, type Change, type KindContext, type Observed } from "./contract.ts";
import { diffOfSet, lookAtSet, planSet, writeSet, type SetFile } from "./file-set.ts";
import { parseUnit, showUnit, unitName } from "./service.ts";
import { DAEMON_RELOAD, UNITS } from "./unit.ts";

/** `10min`, `1d 2h`, or seconds. */
const span = z.union([z.string().regex(/^[\w. ]+$/, "a span of time such as `10min` or `1d`"), z.number().positive()]).transform(String);
const text = z.string().regex(/^[^\n]+$/, "one line");

const args = z
  .strictObject({
    /** Names both files: NAME.timer and NAME.service. */
    name: unitName.refine((name) => !/\.(?:timer|service)$/.test(name), "without .timer or .service"),
    /** As in systemd.time(7): `daily`, `Mon *-*-* 03:00:00`. Several are possible. */
    onCalendar: z.union([text, z.array(text).min(1)]).optional(),
    /** Time after boot. */
    onBoot: span.optional(),
    /** Time after the last start of the service. */
    every: span.optional(),
    /** Spreads the start over so much time, so that not all hosts start at once. Default: none. */
    randomizedDelay: span.optional(),
    /** How exact the start is. Default: systemd's own, one minute. */
    accuracy: span.optional(),
    /** Makes up for starts that were missed while the host was off. Default true; counts for onCalendar only. */
    persistent: z.boolean().default(true),
    /** What to run: an ExecStart= line as text, or sh`…`, which is given to /bin/sh. */
    command: z.union([text, z.custom<Sh>((value) => value instanceof Sh, "a command is written with sh`…`, or as an ExecStart= line")]).optional(),
    /** Who runs `command`. Default root. */
    user: owner.optional(),
    /** In place of `command`: the whole text of NAME.service. */
    service: late(content).optional(),
    /** At boot and now. */
    enabled: z.boolean().default(true),
    state: z.enum(["present", "absent"]).default("present"),
  })
  .check(({ value, issues }) => {
    const complain = (message: string) => void issues.push({ code: "custom", message, input: value });
    if (value.state === "absent") return;
    if ((value.command === undefined) === (value.service === undefined)) complain("give either command or service");
    if (value.service !== undefined && value.user !== undefined) complain("user goes with command; service says it itself");
    if (value.onCalendar === undefined && value.onBoot === undefined && value.every === undefined) complain("give onCalendar, onBoot or every");
    if (value.command instanceof Sh && value.command.sensitive) complain("a unit file can be read by everybody: keep a secret in a file of its own");
  });

type Args = z.output<typeof args>;

/** systemd reads its own quoting, specifiers (%) and variables ($) before the shell sees anything. */
function execStart(command: string | Sh): string {
  if (typeof command === "string") return command;
  const escaped = command.render().replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%").replaceAll("$", "$$$$").replaceAll("\n", "\\n");
  return `/bin/sh -c "${escaped}"`;
}

function filesOf(args: Args): SetFile[] {
  const paths = [`${UNITS}/${args.name}.service`, `${UNITS}/${args.name}.timer`] as const;
  if (args.state === "absent") return paths.map((path) => ({ path, absent: true }));
  const service = args.service === undefined ? `[Unit]\nDescription=${args.name}\n\n[Service]\nType=oneshot\n${args.user === undefined ? "" : `User=${args.user}\n`}ExecStart=${execStart(args.command ?? "")}\n` : now(args.service);
  return [{ path: paths[0], content: service }, { path: paths[1], content: timerText(args) }];
}

function timerText(args: Args): string {
  const lines: (readonly [string, string | undefined])[] = [
    ...[args.onCalendar ?? []].flat().map((value) => ["OnCalendar", value] as const),
    ["OnBootSec", args.onBoot],
    ["OnUnitActiveSec", args.every],
    // Without it, a timer that was never started by boot or calendar would wait for a first start that never comes.
    ["OnActiveSec", args.every !== undefined && args.onBoot === undefined && args.onCalendar === undefined ? args.every : undefined],
    ["RandomizedDelaySec", args.randomizedDelay],
    ["AccuracySec", args.accuracy],
    ["Persistent", args.onCalendar !== undefined && args.persistent ? "true" : undefined],
  ];
  const body = lines.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}\n`])).join("");
  return `[Unit]\nDescription=Timer of ${args.name}\n\n[Timer]\n${body}\n[Install]\nWantedBy=timers.target\n`;
}

const SHOW = "--show\n";

export const timer = defineResource({
  kind: "timer",
  summary: "A systemd timer and the service that it starts, written, enabled and waiting.",
  args,
  key: (args) => args.name,
  claims: (args) => filesOf({ ...args, state: "absent" }).map(({ path }) => ({ target: `file:${path}` })).concat([{ target: `service:${args.name}.timer` }]),
  probe: (args) => Sh.lines(lookAtSet(filesOf({ ...args, state: "absent" })), "echo --show", showUnit(`${args.name}.timer`)),
  plan(args, seen, context): Change | undefined {
    const at = seen.out.indexOf(SHOW);
    if (at === -1) throw new PlanError(`cannot look at the timer ${args.name}: ${seen.err.trim()}`, "the files must be readable");
    return planTimer(args, seen.out.slice(0, at), seen, context);
  },
});

function planTimer(args: Args, looks: string, seen: Observed, { facts }: KindContext): Change | undefined {
  const name = `${args.name}.timer`;
  const shown = seen.out.slice(looks.length + SHOW.length);
  const state = parseUnit({ ...seen, out: shown }, name);
  const plan = planSet(filesOf(args), looks, seen, facts);
  if (args.state === "absent") {
    if (plan.changes.length === 0) return undefined;
    return { summary: "remove", ...diffOfSet(plan), apply: Sh.lines(sh`systemctl stop ${name} || :
systemctl disable ${name} || :`, writeSet(plan), DAEMON_RELOAD) };
  }
  const active = state.get("ActiveState") === "active";
  const enabled = state.get("UnitFileState") === "enabled";
  const changedTimer = plan.changes.some((change) => change.path.endsWith(".timer"));
  const steps = [
    plan.changes.length > 0 && (plan.changes.length === 2 && plan.changes.every((change) => change.summary === "create") ? "create" : "content"),
    args.enabled && !enabled && "enable",
    !args.enabled && enabled && "disable",
    args.enabled && !active && "start",
    !args.enabled && active && "stop",
  ].filter((step) => step !== false);
  if (steps.length === 0) return undefined;
  const sets: Readonly<Record<string, string>> = { Id: name, LoadState: "loaded", ActiveState: args.enabled ? "active" : "inactive", UnitFileState: args.enabled ? "enabled" : "disabled", NeedDaemonReload: "no" };
  const after = [...state].map(([property, value]) => `${property}=${sets[property] ?? value}\n`).join("");
  return {
    summary: steps.join(", "),
    ...diffOfSet(plan),
    ...(plan.uploads.length > 0 && { uploads: plan.uploads }),
    apply: Sh.lines(
      writeSet(plan),
      "systemctl daemon-reload",
      args.enabled !== enabled && sh`systemctl ${args.enabled ? "enable" : "disable"} ${name}`,
      // A timer that waits already keeps to its old time until it is restarted.
      args.enabled ? (!active || changedTimer) && sh`systemctl restart ${name}` : active && sh`systemctl stop ${name}`,
    ),
    after: { out: `${plan.after}${SHOW}${after}`, err: "", code: 0 },
  };
}
