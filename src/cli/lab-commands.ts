import { spawn } from "node:child_process";
import { Option, type Command } from "commander";
import { UsageError } from "../errors/index.ts";
import { loadInventory } from "../inventory/index.ts";
import { installPrerequisites, labDown, labExecArgv, labSshArgs, labStatus, labUp, localBackendFor, type Backend, type LabSpec, type LabState } from "../lab/index.ts";
import { labOf } from "./lab-of.ts";
import type { Exit } from "./options.ts";

interface Flags {
  readonly inventory: string;
  readonly backend?: Backend;
  readonly rtt?: string;
  readonly install?: boolean;
  readonly json?: boolean;
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

function statusText(state: LabState): string {
  const rows = state.hosts.map((host) => `  ${host.name.padEnd(12)} ${host.ssh.address.padEnd(16)} ${host.region.padEnd(12)} ${host.image.padEnd(8)} ${host.power}\n`);
  const rtt = state.rtt.ms > 0 ? `, round trip ${state.rtt.ms} ms by ${state.rtt.mechanism}` : "";
  return `lab ${state.name} on ${state.backend} (${state.why})${rtt}\n${rows.join("")}`;
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
