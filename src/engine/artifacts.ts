import { existsSync } from "node:fs";
import path from "node:path";
import { artifactsIn, type Found } from "../artifacts/find.ts";
import { place, settle } from "../artifacts/settle.ts";
import type { Complaint } from "../dsl/complaints.ts";
import type { SourceLine } from "../errors/index.ts";
import type { Inventory, InventoryHost } from "../inventory/index.ts";
import { fetchArgs } from "../resources/fetch.ts";

/** The host var with the mirror of all artifacts that name none themselves. */
export const MIRROR_VAR = "artifact_mirror";
/** The same for all hosts, for those of which the inventory says none. */
const MIRROR_VARIABLE = "HAWSER_ARTIFACT_MIRROR";

/** Where a role's vars on a host are from. */
export interface VarsOnHost {
  readonly vars: unknown;
  readonly role: string;
  readonly host: InventoryHost;
  readonly inventory: Pick<Inventory, "explain">;
  /** The line of the playbook or role that brings the role, or its vars. */
  readonly source: SourceLine;
}

/**
 * Readies the artifacts of a role on a host: paths become absolute, mirrors are filled in, and files that the controller has are
 * compared with their sha256.
 * @returns what is wrong, with paths that begin with the name of a host var
 * @param compare False leaves files as they are: for the commands that are about them.
 */
export function readyArtifacts({ vars, role, host, inventory, source }: VarsOnHost, compare: boolean): Complaint[] {
  const found = artifactsIn(vars);
  if (found.length === 0) return [];
  const mirror = mirrorOf(host);
  if (mirror.problem) return [mirror.problem];
  return found.flatMap(({ artifact, path: at }): Complaint[] => {
    place(artifact, () => folderOf({ artifact, path: at }, { role, host, inventory, source }), mirror.value);
    const bad = compare ? settle(artifact) : undefined;
    if (!bad) return [];
    return [{ path: [role, ...at, ...(bad.key === undefined ? [] : [bad.key])], message: `${[role, ...at].join(".")}: ${bad.message}`, ...(bad.hint !== undefined && { hint: bad.hint }) }];
  });
}

function mirrorOf(host: InventoryHost): { readonly value?: string | undefined; readonly problem?: Complaint } {
  const own = host.vars[MIRROR_VAR] ?? undefined;
  const given = own ?? (process.env[MIRROR_VARIABLE] || undefined);
  const parsed = fetchArgs.mirror.safeParse(given);
  if (parsed.success) return { value: parsed.data };
  return { problem: { path: [MIRROR_VAR], message: `${own === undefined ? MIRROR_VARIABLE : MIRROR_VAR} is a URL, not ${JSON.stringify(given)}`, hint: "such as https://mirror.example/releases; {host} in it stands for the host of what is fetched" } };
}

/** Of the file that says the artifact: an inventory's, else the playbook or role that brings the vars. */
function folderOf({ artifact, path: at }: Found, { role, host, inventory, source }: Omit<VarsOnHost, "vars">): string {
  const said = inventory.explain(host.name, [role, ...at, "file"]).find(({ present, wins }) => present && wins);
  // A playbook's function may have put its own in the place of the inventory's, which may be a template.
  const { file } = said && (said.value === artifact.localFile || /\{[{%]/.test(String(said.value))) ? said : source;
  // What the command line says is no file.
  return existsSync(file) ? path.dirname(path.resolve(file)) : process.cwd();
}
