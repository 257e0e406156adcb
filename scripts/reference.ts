/**
 * Writes docs/reference and the manual page from the source, and the examples into the guides: `node --import tsx scripts/reference.ts [--check]`.
 *
 * With `--check` nothing is written: files that differ from what would be written are named, and it exits 1. What has no doc
 * comment in the source is an error in both cases, named as `file:line: message`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { apiPage } from "./reference/api.ts";
import { cliPage } from "./reference/cli.ts";
import { Complaints } from "./reference/complaints.ts";
import { GAPS } from "./reference/gaps.ts";
import { fillIncludes } from "./reference/includes.ts";
import { manPage } from "./reference/man.ts";
import { kindsWithoutVerb, resourcesPage } from "./reference/resources.ts";
import { rolePages } from "./reference/roles.ts";
import { verbsOf } from "./reference/verbs.ts";

const FOLDER = "docs/reference";
const GUIDES = ["roles/ca/README.md", "docs/getting-started.md", "docs/writing-roles.md", "docs/flow.md", "docs/architecture.md"];

export interface Reference {
  /** Path from the root to text. */
  readonly files: ReadonlyMap<string, string>;
  /** What is missing in the source. */
  readonly complaints: readonly string[];
  /** What is worth knowing and no error. */
  readonly notes: readonly string[];
}

export async function reference(root: string): Promise<Reference> {
  const complaints = new Complaints();
  const roles = await rolePages(root, complaints);
  const files = new Map<string, string>([
    [`${FOLDER}/resources.md`, await resourcesPage(root, complaints)],
    [`${FOLDER}/cli.md`, await cliPage(root, complaints)],
    ["man/hawser.1", await manPage(root, versionOf(root))],
    [`${FOLDER}/api.md`, apiPage(root, complaints)],
    [`${FOLDER}/roles.md`, roles.page],
    ...[...roles.schemas].map(([name, text]) => [`${FOLDER}/schemas/${name}`, text] as const),
    ...GUIDES.filter((file) => existsSync(path.join(root, file))).map((file) => [file, fillIncludes(root, readFileSync(path.join(root, file), "utf8"))] as const),
  ]);
  const kinds = readdirSync(path.join(root, "src/resources"))
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => `src/resources/${name}`);
  const known = (line: string): boolean => GAPS.some((gap) => line.endsWith(gap));
  const closed = GAPS.filter((gap) => !complaints.lines.some((line) => line.endsWith(gap)));
  return {
    files,
    complaints: [...complaints.lines.filter((line) => !known(line)), ...closed.map((gap) => `scripts/reference/gaps.ts:1: this gap is closed, take it out: ${gap}`)],
    notes: kindsWithoutVerb(root, kinds, verbsOf(root, "src/dsl/tasks.ts", "Tasks")),
  };
}

const versionOf = (root: string): string => (JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string }).version;

/** Files that differ from the reference, and generated files that are no longer part of it. */
export function differences(root: string, files: ReadonlyMap<string, string>): string[] {
  const changed = [...files].filter(([file, text]) => !existsSync(path.join(root, file)) || readFileSync(path.join(root, file), "utf8") !== text).map(([file]) => file);
  return [...changed, ...leftovers(root, files)].sort();
}

function leftovers(root: string, files: ReadonlyMap<string, string>): string[] {
  const on = (folder: string): string[] => {
    if (!existsSync(path.join(root, folder))) return [];
    return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? on(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]));
  };
  return on(FOLDER).filter((file) => !files.has(file));
}

async function main(args: readonly string[]): Promise<number> {
  const odd = args.find((arg) => arg !== "--check");
  if (odd !== undefined) {
    console.error(`unknown argument ${odd}; usage: node --import tsx scripts/reference.ts [--check]`);
    return 1;
  }
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
  const { files, complaints, notes } = await reference(root);
  for (const note of notes) console.error(`note: ${note}`);
  for (const complaint of complaints) console.error(complaint);
  const changed = differences(root, files);
  if (args.includes("--check")) {
    for (const file of changed) console.error(`${file}: differs from the source; run \`npm run docs\``);
    return changed.length + complaints.length === 0 ? 0 : 1;
  }
  for (const file of changed) {
    const text = files.get(file);
    if (text === undefined) rmSync(path.join(root, file));
    else {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), text);
    }
    console.log(`${text === undefined ? "removed" : "wrote"} ${file}`);
  }
  return complaints.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
