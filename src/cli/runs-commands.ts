import { Option, type Command } from "commander";
import { findRun, runsFolder, runsIn, type HostRecord, type RunRecord, type Sent } from "../journal/index.ts";
import { formatFailure } from "../report/index.ts";
import { wantsColor } from "./color.ts";
import { count, table } from "./inventory.ts";
import { whole } from "./options.ts";

const MOST_LISTED = 20;

/** `hawser runs`: what was run from here, and what came of it. */
export function runsCommands(program: Command): void {
  const group = program.command("runs").description("runs that were made from here, by their journals").addHelpText("after", "\n  hawser runs\n  hawser runs show 20261128-1017\n  hawser run playbooks/site.ts --limit @failed");
  group
    .command("list", { isDefault: true })
    .description("the newest runs, one a line")
    .addOption(new Option("-n, --last <n>", "as many").argParser(whole(1)).default(MOST_LISTED))
    .option("--json", "as JSON")
    .action((flags: { last: number; json?: boolean }) => {
      const runs: RunRecord[] = [];
      for (const run of runsIn(runsFolder())) if (runs.push(run) >= flags.last) break;
      process.stdout.write(flags.json ? `${JSON.stringify(runs.map(plain), undefined, 2)}\n` : listed(runs));
    });
  group
    .command("show")
    .description("what a run did on each host, and what failed")
    .argument("<run>", "a run's id, or the beginning of it")
    .option("--json", "as JSON")
    .action((id: string, flags: { json?: boolean }) => {
      const run = findRun(runsFolder(), id);
      process.stdout.write(flags.json ? `${JSON.stringify(plain(run), undefined, 2)}\n` : shown(run));
    });
}

const changedIn = (run: RunRecord): number => [...run.hosts.values()].reduce((sum, host) => sum + host.changed.length, 0);
const local = (iso: string): string => new Date(iso).toLocaleString("sv-SE");

function listed(runs: readonly RunRecord[]): string {
  if (runs.length === 0) return "no run is known here\n";
  const rows = runs.map((run) => [run.header.id, local(run.header.began), run.header.verb, relative(run.header.playbook), relative(run.header.inventory), String(run.hosts.size), String(changedIn(run)), state(run)]);
  return `${table([["RUN", "BEGAN", "VERB", "PLAYBOOK", "INVENTORY", "HOSTS", "CHANGED", "RESULT"], ...rows]).join("\n")}\n`;
}

function state(run: RunRecord): string {
  const words = { ok: "ok", failed: "failed", interrupted: "interrupted", running: "running", cut: "its controller died", refused: "refused" } as const;
  return run.header.resumes === undefined ? words[run.state] : `${words[run.state]} (went on with ${run.header.resumes})`;
}

function shown(run: RunRecord): string {
  const { header } = run;
  const flags = Object.entries(header.flags).filter(([, value]) => value !== undefined && value !== false).map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(",") : String(value)}`);
  const lines = [
    `run        ${header.id}`,
    `began      ${local(header.began)} by ${header.user} on ${header.writer.machine}${run.seconds === undefined ? "" : `, took ${run.seconds} s`}`,
    `playbook   ${relative(header.playbook)}`,
    `inventory  ${relative(header.inventory)}`,
    ...(header.plan === undefined ? [] : [`plan       ${relative(header.plan)}`]),
    ...(flags.length === 0 ? [] : [`options    ${flags.join(" ")}`]),
    ...(header.extraVars.length === 0 ? [] : [`extra vars ${header.extraVars.join(", ")}`]),
    `result     ${state(run)}${run.error === undefined ? "" : `: ${run.error}`}`,
    ...(run.whole ? [] : ["           a line of the journal is cut"]),
  ];
  const cwd = process.cwd();
  const options = { color: wantsColor(process.stdout), cwd };
  for (const [name, host] of run.hosts) lines.push("", `${name}  ${hostState(host)}`, ...hostLines(host, run.pendingHandlers[name] ?? []), ...sentLines(run.sent.get(name)), ...host.failures.map((failure) => formatFailure(failure, options).trimEnd()));
  lines.push(...run.failures.flatMap((failure) => ["", formatFailure(failure, options).trimEnd()]));
  return `${lines.join("\n")}\n`;
}

function hostState(host: HostRecord): string {
  return `${host.result ?? "not finished"}, ${count(host.changed.length, "change")}`;
}

function hostLines(host: HostRecord, pending: readonly string[]): string[] {
  return [
    ...host.changed.map(({ id, summary }) => `  + ${id}${summary === "" ? "" : `  ${summary}`}`),
    ...host.recovered.map(({ ids, result, exitCode }) => `  ↻ ${ids.join(", ")}  ${result}${exitCode === undefined ? "" : ` (exit code ${exitCode})`}, seen by the run that went on`),
    ...pending.map((id) => `  ! ${id}  is owed`),
  ];
}

function sentLines(sent: Sent | undefined): string[] {
  return sent ? [`  … ${sent.steps.flat().join(", ")}  sent, and not heard of since`] : [];
}

function relative(file: string): string {
  const cwd = `${process.cwd()}/`;
  return file.startsWith(cwd) ? file.slice(cwd.length) : file;
}

/** As JSON can hold it. */
function plain(run: RunRecord): object {
  const hosts = Object.fromEntries([...run.hosts].map(([name, { finished, ...host }]) => [name, { ...host, finished: [...finished] }]));
  return { ...run.header, state: run.state, ...(run.seconds !== undefined && { seconds: run.seconds }), plays: Object.fromEntries(run.plays), hosts, pendingHandlers: run.pendingHandlers, failures: run.failures, ...(run.error !== undefined && { error: run.error }) };
}
