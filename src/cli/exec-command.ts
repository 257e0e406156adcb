import { Option, type Command } from "commander";
import { connectTo } from "../connect.ts";
import { askHosts } from "../engine/ad-hoc.ts";
import { UsageError } from "../errors/index.ts";
import { type InventoryHost } from "../inventory/index.ts";
import { answersExitCode, humanAnswers, jsonAnswers, type AnswerReporter } from "../report/index.ts";
import { wantsColor } from "./color.ts";
import { commandScript, type CommandFlags } from "./exec-script.ts";
import { interrupts } from "./interrupts.ts";
import { inventoryFor, passwordOptions, type LoadFlags } from "./load-inventory.ts";
import { extraVarsOption, inventoryOption, whole, type Exit } from "./options.ts";
import { raiseLab } from "./raise-lab.ts";

interface Flags extends CommandFlags, LoadFlags {
  readonly become?: boolean;
  readonly becomeUser?: string;
  readonly forks: number;
  readonly timeout?: number;
  readonly stdin?: boolean;
  readonly group?: boolean;
  readonly output: "human" | "json" | "raw";
}

const HELP = `
Exit code: 0 every host's command exited 0, 2 one did not, 4 a host was unreachable and none failed, 1 usage error, 130 interrupted.

Examples:
  hawser exec web -- systemctl is-active nginx
  hawser exec 'all:!sg' --group -- uname -r
  hawser exec web --shell 'df -h / | tail -n 1'
  hawser exec la-1 --script scripts/report.sh -- --since yesterday
  hawser exec sg-1 --stdin -- tee /etc/motd < motd
  hawser exec la-1 -o raw -- cat /etc/hosts > hosts.la-1`;

export function execCommand(program: Command, exit: Exit): void {
  passwordOptions(program.command("exec"))
    .description("run a command on the hosts of a pattern, without a playbook")
    .argument("<pattern>", "an inventory pattern, e.g. web, 'all:!sg' or la-1")
    .argument("[command...]", "the command and its arguments, after --; no shell reads them")
    .addOption(inventoryOption())
    .addOption(extraVarsOption())
    .option("--shell <text>", "shell text instead of a command")
    .option("--script <file>", "a local script instead of a command, run by the interpreter of its first line; its arguments stand after --")
    .option("-b, --become", "become root also where the inventory does not say so")
    .option("--no-become", "work as the login user")
    .option("--become-user <name>", "become this user")
    .addOption(new Option("-f, --forks <n>", "hosts worked on at a time").argParser(whole(1)).default(10))
    .addOption(new Option("--timeout <seconds>", "stop the command on a host after this long (default: never)").argParser(whole(1)))
    .option("--stdin", "feed standard input to the command; one host only")
    .option("-g, --group", "show identical answers once, at the end, with the hosts that gave them")
    .addOption(new Option("-o, --output <format>", "how to report; raw: one host's output byte for byte").choices(["human", "json", "raw"]).default("human"))
    .addHelpText("after", HELP)
    .action(async (pattern: string, command: string[], flags: Flags) => {
      exit.code = await execOn(pattern, command, flags);
    });
}

async function execOn(pattern: string, command: readonly string[], flags: Flags): Promise<number> {
  const inventory = await inventoryFor(flags);
  const { script, showable } = commandScript(command, flags);
  const hosts = inventory.select(pattern).map((host) => becoming(host, flags));
  const isAlone = hosts.length === 1;
  if (flags.stdin && !isAlone) throw new UsageError(`--stdin feeds one host, and "${pattern}" is ${hosts.length}`, { hint: "name one of them, or put what it needs into a --script" });
  if (flags.output === "raw" && !isAlone) throw new UsageError(`-o raw is for one host, and "${pattern}" is ${hosts.length}`, { hint: "-o json keeps the hosts' output apart" });
  if (flags.group && flags.output !== "human") throw new UsageError("--group is for people: -o json gives every host's answer by itself");
  const connections = connectTo(inventory);
  const signals = interrupts((message) => process.stderr.write(`\n${message}\n`), "stopping the commands on the hosts; press Ctrl-C again to leave them");
  const reporter = reporterFor(flags, hosts);
  try {
    await raiseLab(inventory);
    const asked = askHosts(hosts, script, {
      connect: connections.open,
      forks: flags.forks,
      timeout: flags.timeout,
      showable,
      ...(flags.stdin && { stdin: process.stdin }),
      ...(flags.output === "raw" && { raw: (stream: "stdout" | "stderr", chunk: Buffer) => void process[stream].write(chunk) }),
      interrupt: signals.interrupt,
    }, (event) => reporter.on(event));
    const answers = await Promise.race([asked, aborted(signals.abort)]);
    await reporter.end();
    return answers ? answersExitCode(answers) : 130;
  } finally {
    signals.dispose();
    connections.leave();
  }
}

function becoming(host: InventoryHost, { become, becomeUser }: Flags): InventoryHost {
  if (become === false) {
    if (becomeUser !== undefined) throw new UsageError("--no-become and --become-user contradict each other");
    return { ...host, become: { ...host.become, method: "none" } };
  }
  if (become === undefined && becomeUser === undefined) return host;
  const { assumed: _, ...settings } = host.become;
  return { ...host, become: { ...settings, method: settings.method === "none" ? "sudo" : settings.method, user: becomeUser ?? (settings.method === "none" ? "root" : settings.user) } };
}

function reporterFor({ output, group = false }: Flags, hosts: readonly InventoryHost[]): AnswerReporter {
  if (output === "json") return jsonAnswers({ out: process.stdout });
  return humanAnswers({ out: process.stdout, err: process.stderr }, { hosts: hosts.map(({ name }) => name), color: wantsColor(process.stdout), group });
}

/** Resolves with nothing when the signal comes. */
function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));
}
