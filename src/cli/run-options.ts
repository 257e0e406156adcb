import { InvalidArgumentError, Option, type Command } from "commander";
import type { Selection } from "../engine/selection.ts";
import { KEEP_OPEN_WANTED, parseKeepOpen } from "../inventory/index.ts";
import { passwordOptions } from "./load-inventory.ts";
import { extraVarsOption, inventoryOption, list, verboseOption, whole } from "./options.ts";
import { reportOption } from "./report-files.ts";

function keepOpen(value: string): number {
  const seconds = parseKeepOpen(value);
  if (seconds === undefined) throw new InvalidArgumentError(`it ${KEEP_OPEN_WANTED}.`);
  return seconds;
}

/** On which hosts, and which part of a playbook. */
export interface SelectFlags {
  readonly limit?: string;
  readonly tags?: string[];
  readonly skipTags?: string[];
  readonly role?: string[];
  readonly startAt?: string;
}

export function selectionOf({ tags, skipTags, role, startAt }: SelectFlags): Selection {
  return { ...(tags && { tags }), ...(skipTags && { skipTags }), ...(role && { roles: role }), ...(startAt !== undefined && { startAt }) };
}

/** The options that say on what. */
export function withSelectOptions(command: Command): Command {
  return passwordOptions(command.addOption(inventoryOption()).addOption(extraVarsOption()))
    .option("-l, --limit <pattern>", "only hosts of this inventory pattern")
    .addOption(new Option("-t, --tags <tags>", "only resources with one of these tags").argParser(list))
    .addOption(new Option("--skip-tags <tags>", "leave out resources with one of these tags").argParser(list))
    .addOption(new Option("--role <names>", "only these roles").argParser(list));
}

/** How a run is told of; shared by all commands that change hosts. */
export function withTellingOptions(command: Command): Command {
  return command
    .option("-D, --diff", "show the differences in files")
    .addOption(new Option("-o, --output <format>", "how to report").choices(["human", "json"]).default("human"))
    .addOption(verboseOption())
    .option("--timing", "show where the time went, host by host, and the slowest resources")
    .addOption(reportOption());
}

/** On what, on which part of it, and how: the options of every command that runs or plans a playbook. */
export function withRunOptions(command: Command): Command {
  return withSelectOptions(command)
    .option("--start-at <id>", "leave out what stands before this resource, e.g. base/file:/etc/motd")
    .addOption(new Option("-f, --forks <n>", "hosts worked on at a time").argParser(whole(1)).default(10))
    .addOption(new Option("--keep-open <duration>", "keep connections open for the next run, e.g. 10m; off for not at all (default: what the inventory says)").argParser(keepOpen))
    .addOption(new Option("--lock-timeout <seconds>", "how long to wait for another run on a host").argParser(whole(0)).default(30))
    .addOption(new Option("--probe-timeout <seconds>", "how long one look at a host may take").argParser(whole(1)).default(30));
}
