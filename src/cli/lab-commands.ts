import { spawn } from "node:child_process";
import { Option, type Command } from "commander";
import { UsageError } from "../errors/index.ts";
import { loadInventory } from "../inventory/index.ts";
import {
  installPrerequisites,
  labCut,
  labDown,
  labExecArgv,
  labHeal,
  labHost,
  labLoss,
  labSetRtt,
  labSshArgs,
  labStatus,
  labUp,
  localBackendFor,
  obtainUmlKernel,
  trafficText,
  type Backend,
  type LabFault,
  type LabSpec,
  type LabState,
} from "../lab/index.ts";
import { labOf } from "./lab-of.ts";
import type { Exit } from "./options.ts";

interface Flags {
  readonly inventory: string;
  readonly backend?: Backend;
  readonly rtt?: string;
  readonly install?: boolean;
  readonly json?: boolean;
  readonly only?: string;
}

const labInventory = (): Option => new Option("-i, --inventory <path>", "the inventory whose hosts have a `lab` var").default("inventory/lab");

async function specOf(flags: Flags): Promise<LabSpec> {
  const spec = labOf(await loadInventory(flags.inventory, {}));
  if (!spec) throw new UsageError(`no host of ${flags.inventory} has a lab var`, { hint: "lab: { image: debian }" });
  if (flags.rtt === undefined) return spec;
  const rttMs = Number(flags.rtt);
  if (!(rttMs >= 0)) throw new UsageError(`--rtt is a number of milliseconds, not ${flags.rtt}`);
  return { ...spec, rttMs };
}

export function labCommands(program: Command, exit: Exit): void {
  const lab = program.command("lab").description("throw-away hosts on this machine, for trying things").enablePositionalOptions();
  const command = (name: string, description: string): Command => lab.command(name).description(description).addOption(labInventory());
  command("up", "start the hosts of the inventory that are down")
    .addOption(new Option("--backend <name>", "what hosts are made of").choices(["auto", "nspawn", "uml", "docker"]).default("auto"))
    .option("--rtt <ms>", "round-trip time between controller and hosts")
    .option("--install", "install what is missing (Debian and Ubuntu, as root)")
    .action(async (flags: Flags) => {
      const spec = await specOf(flags);
      const backend = flags.backend ?? "auto";
      if (flags.install) await installPrerequisites(await localBackendFor(backend, spec));
      const state = await labUp(spec, { backend, onProgress: ({ host, message }) => process.stderr.write(`${host === undefined ? "" : `${host}: `}${message}\n`) });
      process.stdout.write(statusText(state));
    });
  command("down", "stop the hosts and remove everything they left").action(async (flags: Flags) => {
    const spec = await specOf(flags);
    await labDown(spec.name);
    process.stdout.write(`lab ${spec.name} is down\n`);
  });
  command("status", "what is up")
    .option("--json", "as JSON")
    .action(async (flags: Flags) => {
      const spec = await specOf(flags);
      const state = await labStatus(spec.name);
      if (flags.json) process.stdout.write(`${JSON.stringify(state ?? null)}\n`);
      else process.stdout.write(state ? statusText(state) : `lab ${spec.name} is down\n`);
      if (!state?.hosts.every((host) => host.ready)) exit.code = 2;
    });
  lab
    .command("kernel")
    .description("build a newer and faster kernel for User-Mode Linux from Debian's source, for hosts that are made from then on")
    .action(async () => {
      const version = await obtainUmlKernel(({ message }) => process.stderr.write(`${message}\n`));
      process.stdout.write(`lab hosts with a kernel of their own have ${version} from now on\n`);
    });
  faultCommands(command);
  command("ssh", "a shell on a host, or a command over ssh")
    .argument("<host>")
    .argument("[command...]")
    .passThroughOptions()
    .action(async (host: string, words: string[], flags: Flags) => {
      const spec = await specOf(flags);
      exit.code = await inTerminal([...(await labSshArgs(spec.name, host)), ...words]);
    });
  command("exec", "a command on a host without ssh")
    .argument("<host>")
    .argument("<command...>")
    .passThroughOptions()
    .action(async (host: string, words: string[], flags: Flags) => {
      const spec = await specOf(flags);
      exit.code = await inTerminal(await labExecArgv(spec.name, host, words));
    });
}

/** `lab_name` decides which lab is meant; the rest of the inventory only has to be valid. */
async function labName(flags: Flags): Promise<string> {
  return (await specOf(flags)).name;
}

function faultCommands(command: (name: string, description: string) => Command): void {
  command("cut", "cut traffic between hosts or regions; the controller still reaches them")
    .argument("<a>", "a host or a region")
    .argument("[b]", "another; default: everybody but the controller")
    .option("--only <traffic>", "only this, such as udp:500,udp:4500,tcp:8443,icmp")
    .action(async (a: string, b: string | undefined, flags: Flags) => {
      const only = flags.only?.split(",") ?? [];
      showFaults(await labCut(await labName(flags), a, b, { only }));
    });
  command("heal", "take cuts and losses back: all, those of a host or region, or those between two")
    .argument("[a]")
    .argument("[b]")
    .action(async (a: string | undefined, b: string | undefined, flags: Flags) => showFaults(await labHeal(await labName(flags), a, b)));
  command("loss", "lose a share of the packets between two hosts or regions")
    .argument("<a>")
    .argument("<b>")
    .argument("<percent>", "of each direction; 0 heals it")
    .action(async (a: string, b: string, percent: string, flags: Flags) => showFaults(await labLoss(await labName(flags), a, b, numberOf("the percentage", percent))));
  command("delay", "set the round-trip time between regions, and to the controller")
    .argument("<ms>")
    .action(async (ms: string, flags: Flags) => {
      const rtt = await labSetRtt(await labName(flags), numberOf("the delay", ms));
      process.stdout.write(`round trip ${rtt.ms} ms by ${rtt.mechanism}\n`);
    });
  command("freeze", "stop all processes of a host where they are")
    .argument("<host>")
    .action(async (host: string, flags: Flags) => labHost.freeze(await labName(flags), host));
  command("thaw", "let a frozen host go on")
    .argument("<host>")
    .action(async (host: string, flags: Flags) => labHost.thaw(await labName(flags), host));
}

function numberOf(what: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0)) throw new UsageError(`${what} is a number from 0 on, not ${text}`);
  return value;
}

const showFaults = (faults: readonly LabFault[]): void => void process.stdout.write(faults.length === 0 ? "no faults\n" : faultLines(faults));

function faultLines(faults: readonly LabFault[]): string {
  return faults
    .map((fault) => {
      const ends = fault.b === undefined ? `${fault.a} from all but the controller` : `${fault.a} <-> ${fault.b}`;
      if (fault.kind === "loss") return `  loss ${ends} ${fault.percent} %\n`;
      return `  cut  ${ends}${fault.only === undefined ? "" : ` ${trafficText(fault.only)}`}\n`;
    })
    .join("");
}

function statusText(state: LabState): string {
  const rows = state.hosts.map((host) => `  ${host.name.padEnd(12)} ${host.ssh.address.padEnd(16)} ${host.region.padEnd(12)} ${host.image.padEnd(8)} ${host.power}\n`);
  const rtt = state.rtt.ms > 0 ? `, round trip ${state.rtt.ms} ms by ${state.rtt.mechanism}` : "";
  return `lab ${state.name} on ${state.backend} (${state.why})${rtt}\n${rows.join("")}${faultLines(state.faults)}`;
}

/** Runs a program on this terminal and gives its exit code. */
async function inTerminal([program = "", ...args]: readonly string[]): Promise<number> {
  // oxlint-disable-next-line promise/avoid-new
  return await new Promise((resolve, reject) => {
    spawn(program, args, { stdio: "inherit" })
      .once("error", reject)
      .once("close", (code) => resolve(code ?? 1));
  });
}
