import { UsageError, type Facts, type ResourceNode, type Tasks } from "hawser";
import type { ConsulVars } from "./consul-vars.ts";
import type { Layout } from "./paths.ts";

export interface ProgramInput {
  readonly layout: Layout;
  readonly artifact: ConsulVars["artifact"];
  readonly repository: ConsulVars["repository"];
  /** The package's name in the repository. */
  readonly packaged: string;
  readonly tools: readonly ResourceNode[];
}

export interface Program {
  /** Its path. */
  readonly path: string;
  readonly nodes: readonly ResourceNode[];
}

const ARCHIVE = /\.(?:zip|tar|tgz|tar\.(?:gz|xz|zst|bz2))$/;

/** The program, a user for it, and nothing that runs yet. */
export function declareProgram(t: Tasks, facts: Facts, { layout, artifact, repository, packaged, tools }: ProgramInput): Program {
  if (artifact === undefined) {
    const source = declareRepository(t, facts, repository);
    const packages = t.package(packaged, { needs: [source] });
    return { path: `/usr/bin/${layout.program}`, nodes: [...packages, t.service(packaged, { state: "stopped", enabled: false, needs: [packages] })] };
  }
  const account = t.user(layout.user, { system: true, shell: "/usr/sbin/nologin" });
  const folder = t.directory(layout.opt, { mode: "0755", parents: true });
  const path = `${layout.opt}/${layout.program}`;
  const from = artifact.localFile ?? new URL(artifact.url ?? "file:").pathname;
  const needs = [folder, ...tools];
  const program = ARCHIVE.test(from) ? t.archive(layout.opt, { ...artifact, name: layout.program, creates: layout.program, needs }) : t.download(path, { ...artifact, mode: "0755", needs });
  return { path, nodes: [account, program] };
}

/** @throws UsageError for systems that HashiCorp's repositories do not serve */
function declareRepository(t: Tasks, facts: Facts, repository: ConsulVars["repository"]): ResourceNode {
  if (repository === undefined) throw new UsageError("consul-vault needs artifact or repository");
  const { key } = repository;
  if (facts.family === "debian") return t.repository("hashicorp", { uris: [repository.url ?? "https://apt.releases.hashicorp.com"], suites: [facts.os.codename], components: ["main"], key });
  return t.repository("hashicorp", { baseurl: [`${repository.url ?? "https://rpm.releases.hashicorp.com/RHEL"}/$releasever/$basearch/stable`], key });
}
