import { type Evidence, type EvidenceHost, type Step, STEPS } from "./evidence.ts";

/** The ten roles, and those that they stand on, in the order in which they build the system. */
export const ROLES = ["base", "ca", "gre", "strongswan", "bfd", "backup-path", "etcd", "keepalived", "swarm", "postgres-pglogical", "consul-vault", "minio", "envoy", "monitoring"] as const;

const NEVER = "not run against the real server";
const MARKS = { passed: "✔", failed: "✖ failed", skipped: "skipped", unavailable: "not run" } as const;

/** docs/status.md. It follows from the evidence alone. */
export function statusPage(evidence: ReadonlyMap<string, readonly Evidence[]>): string {
  const names = [...ROLES, ...[...evidence.keys()].filter((name) => !(ROLES as readonly string[]).includes(name)).sort()];
  const steps = Object.keys(STEPS) as Step[];
  return `# Status of the roles

What was tried of each role on real hosts, with the real server. The tests write the evidence, \`docs/status\` keeps it, and
\`npm run status\` makes this page of it: nothing here is written by hand. \`npm run status -- --run\` runs the tests anew.

A ✔ is a step that a test ran and that passed. *EL-like* is a Debian host with dnf and rpm under an os-release of EL: it shows that the
role takes EL's ways, not that it runs on EL. What a step means, and the figures of each, are below.

${table(["role", "systems", "server", ...steps.map((step) => STEPS[step])], names.flatMap((name) => servings(name, evidence.get(name) ?? []).map(([title, all]) => row(title, all, steps))))}

| step | what the test does |
|---|---|
| ${STEPS.apply} | the playbook on hosts that have nothing of it yet; no resource failed |
| ${STEPS.again} | the same once more: nothing changed, in at most 3 requests a host and play, and a check agrees |
| ${STEPS.check} | the check before each of these runs: nothing that it called ok was changed, all that it promised was, and what was unknown had a cause |
| ${STEPS.drift} | something is broken by hand; the check names it, the run mends it, and \`verify\` agrees |
| ${STEPS.reboot} | a host is restarted: \`verify\` passes again, and a check finds nothing to do |
| ${STEPS.verify} | every assertion keeps its limit |
| ${STEPS.assertions} | a fault for each assertion, under which it was seen to fail |
| ${STEPS.drill} | what a fault under load cost |

${names.flatMap((name) => servings(name, evidence.get(name) ?? []).flatMap(([title, all]) => section(title, all))).join("\n")}`;
}

/** A role with each of its servers that it has a choice of, the usual one first. */
export function servings(role: string, all: readonly Evidence[]): readonly (readonly [title: string, all: readonly Evidence[]])[] {
  const backends = [...new Set(all.flatMap(({ backend }) => backend ?? []))].sort();
  return [undefined, ...backends].map((wanted) => [wanted === undefined ? role : `${role}: ${wanted}`, all.filter(({ backend }) => backend === wanted)] as const);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", String.raw`\|`)).join(" | ")} |`).join("\n");
}

const ran = (all: readonly Evidence[]): readonly Evidence[] => all.filter(({ result }) => result === "passed" || result === "failed");

function row(name: string, all: readonly Evidence[], steps: readonly Step[]): string[] {
  const title = all.length > 0 ? `[${name}](#${name.replace(": ", "-")})` : name;
  if (ran(all).length === 0) return [title, "none", NEVER, ...steps.map((step) => cell(all.filter((each) => each.step === step)))];
  const systems = [...new Set(ran(all).flatMap(({ hosts }) => hosts.map(system)))].sort();
  return [title, systems.join(", "), servers(all), ...steps.map((step) => cell(all.filter((each) => each.step === step)))];
}

/** One bad result counts, whatever else passed; the rest are told apart below. */
function cell(all: readonly Evidence[]): string {
  const result = (["failed", "passed", "skipped", "unavailable"] as const).find((wanted) => all.some((each) => each.result === wanted));
  return result === undefined ? "–" : MARKS[result];
}

function servers(all: readonly Evidence[]): string {
  const said = new Set(ran(all).flatMap(({ server }) => (server ? [server.standIn === undefined ? `${server.name} ${server.version}` : `${NEVER}: ${server.standIn}`] : [])));
  return said.size > 0 ? [...said].sort().join(", ") : NEVER;
}

/** The system without its code name and what stands in brackets. */
const system = ({ os, family, like }: EvidenceHost): string => (like ? (family === "el" ? "EL-like" : "Debian-like") : os.replace(/ \(.*\)$/, "").replace("GNU/Linux ", ""));

function section(name: string, all: readonly Evidence[]): string[] {
  if (all.length === 0) return [];
  return [`## ${name}`, "", table(["step", "result", "figures", "hosts", "test", "date", "commit"], all.map(line)), ""];
}

function line({ step, result, reason, figures, hosts, test, date, commit }: Evidence): string[] {
  const counts = new Map<string, number>();
  for (const host of hosts) counts.set(system(host), (counts.get(system(host)) ?? 0) + 1);
  return [
    STEPS[step],
    reason === undefined ? MARKS[result] : `${MARKS[result]}: ${reason}`,
    Object.entries(figures ?? {}).map(([what, value]) => `${what} ${value}`).join(", "),
    [...counts].map(([what, count]) => `${count} × ${what}`).join(", "),
    `[${test.split("/").at(-1) ?? test}](../${test})`,
    date,
    commit,
  ];
}
