import { z } from "zod";
import { now, Secret } from "../shell/index.ts";
import { path } from "./args.ts";
import { planContent, planRemoval } from "./content.ts";
import { defineResource, PlanError } from "./contract.ts";
import { lateText } from "./edit.ts";
import { lookAt, parseLook } from "./look.ts";

const field = z.union([z.string().regex(/^[\d*,/A-Za-z-]+$/, "a schedule's field has digits, names, *, ',', '-' and '/'"), z.number().int().nonnegative()]);

const schedule = z.union([
  z.enum(["@reboot", "@hourly", "@daily", "@weekly", "@monthly", "@yearly"]),
  /** The five fields in crontab's order. */
  z.string().regex(/^(?:[\d*,/A-Za-z-]+ +){4}[\d*,/A-Za-z-]+$/, "a schedule has five fields, or is @daily and the like"),
  /** Each field by its name; those that are not given are `*`. */
  z.strictObject({ minute: field.default("*"), hour: field.default("*"), day: field.default("*"), month: field.default("*"), weekday: field.default("*") }),
]);

const args = z
  .strictObject({
    /** Names the file; letters, digits, - and _, because cron ignores files with other characters in their name. */
    name: z.string().regex(/^[A-Za-z0-9_-]+$/, "a job's name has letters, digits, - and _ only"),
    /** When it runs: five fields as cron has them, one of cron's words, or the fields by name. Needed for state present. */
    schedule: schedule.optional(),
    /** One line for sh. A % is written as \%, which keeps cron from taking it for a line break. */
    command: lateText.optional(),
    /** Who runs it. Default root. */
    user: z.string().regex(/^[a-z_][a-z0-9_.-]*\$?$/i, "not a user name").default("root"),
    /** Variables of the job, e.g. PATH or MAILTO. */
    env: z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string().regex(/^[^\r\n]*$/)).default({}),
    /** Default: /etc/cron.d/hawser-NAME. */
    file: path.optional(),
    /** The file's first line, a comment. Default: `# NAME: written by hawser`. For files that something else wrote, e.g. `#Ansible: NAME`. */
    heading: z.string().regex(/^#[^\r\n]*$/, "a heading is one line that begins with #").optional(),
    state: z.enum(["present", "absent"]).default("present"),
  })
  .check(({ value, issues }) => {
    if (value.state === "present" && (value.schedule === undefined || value.command === undefined)) issues.push({ code: "custom", message: "give schedule and command", input: value });
  });

type Args = z.output<typeof args>;

export const cron = defineResource({
  kind: "cron",
  summary: "A job in a file of its own in /etc/cron.d.",
  args,
  key: (args) => args.name,
  claims: (args) => [{ target: `file:${fileOf(args)}` }],
  probe: (args) => lookAt(fileOf(args)),
  plan(args, seen, { facts }) {
    const file = fileOf(args);
    const look = parseLook(seen, file);
    if (args.state === "absent") return planRemoval(file, look);
    const given = now(args.command ?? "");
    const command = given instanceof Secret ? given.reveal() : given;
    if (/[\r\n]/.test(command)) throw new PlanError(`the command of cron job ${args.name} holds a line break`, "put it into a script and run that");
    // Only root may read a command that holds a secret; cron refuses files that others may write.
    const mode = given instanceof Secret ? "0600" : "0644";
    return planContent({ path: file, look, content: Buffer.from(text(args, command)), sensitive: given instanceof Secret, wanted: { mode, owner: "root", group: "root" }, facts, verb: "job" });
  },
});

function fileOf({ file, name }: Args): string {
  return file ?? `/etc/cron.d/hawser-${name}`;
}

function text({ name, schedule, user, env, heading }: Args, command: string): string {
  const when = typeof schedule === "object" ? [schedule.minute, schedule.hour, schedule.day, schedule.month, schedule.weekday].join(" ") : schedule ?? "";
  const lines = [heading ?? `# ${name}: written by hawser`, ...Object.entries(env).map(([key, value]) => `${key}=${JSON.stringify(value)}`), `${when} ${user} ${command.replaceAll(/(?<!\\)%/g, "\\%")}`];
  return `${lines.join("\n")}\n`;
}
