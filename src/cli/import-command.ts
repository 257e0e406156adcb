import type { Command } from "commander";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Finding } from "../import/index.ts";

const HAWSER = fileURLToPath(new URL("../../", import.meta.url));

/** `hawser import ansible DIR`: a project out of an Ansible directory. */
export function importCommand(program: Command): void {
  program
    .command("import")
    .description("turn what another tool was told into a project")
    .command("ansible")
    .description("turn an Ansible directory into a project: playbooks, roles, templates, inventories")
    .argument("<dir>", "the folder that holds the playbooks")
    .option("--into <folder>", "where the project is written; must be empty or not there", "hawser")
    .option("--check", "only say what would be converted and what needs a hand")
    .addHelpText("after", "\nExample:\n  hawser import ansible ~/ansible --check\n  hawser import ansible ~/ansible --into ~/servers\n\nWhat cannot be converted stands at its place in the project, as a t.todo that says why: a run that comes to it fails.\n")
    .action(async (folder: string, { into, check = false }: { into: string; check?: boolean }) => {
      const { importAnsible, refuseTaken, writeProject } = await import("../import/index.ts");
      if (!check) refuseTaken(path.resolve(into), into);
      const imported = importAnsible(folder);
      if (!check) writeProject(imported, into, HAWSER);
      process.stdout.write(summary(folder, check ? undefined : into, imported));
    });
}

function summary(folder: string, into: string | undefined, { texts, report }: { readonly texts: ReadonlyMap<string, string>; readonly report: { readonly converted: number; readonly gaps: readonly Finding[]; readonly notes: readonly Finding[] } }): string {
  const count = (pattern: RegExp): number => [...texts.keys()].filter((name) => pattern.test(name)).length;
  const many = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;
  const { converted, gaps, notes } = report;
  return [
    `${folder}: ${many(count(/^playbooks\//), "playbook")}, ${many(count(/^roles\/[^/]+\/role\.ts$/), "role")}, ${many(count(/^roles\/[^/]+\/templates\//), "template")}`,
    ...section(gaps, "need a hand, and fail until they have had it:"),
    ...section(notes, "to read:"),
    "",
    `${many(converted, "task")} converted, ${gaps.length === 1 ? "1 needs" : `${gaps.length} need`} a hand`,
    ...(into === undefined ? [] : [`written to ${into}; next: cd ${into} && npm install && npx tsc && npx hawser run playbooks/… --check`]),
    "",
  ].join("\n");
}

function section(findings: readonly Finding[], title: string): string[] {
  return findings.length === 0 ? [] : ["", title, ...findings.map(({ file, line, what, why }) => `  ${file}:${line}  ${what.length > 60 ? `${what.slice(0, 59)}…` : what}: ${why}`)];
}
