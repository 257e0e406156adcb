import type { Conditions } from "../conditions.ts";
import { camel } from "../emit.ts";
import { Unconvertible } from "../expression/scope.ts";
import { TEXT } from "../expression/types.ts";
import type { Handler } from "../handlers.ts";
import type { ModuleCall } from "../keywords.ts";
import type { Names } from "../names.ts";
import { Owners } from "../owners.ts";
import type { Report } from "../report.ts";
import type { RoleFiles } from "../role-files.ts";
import type { CallStatement, Statement } from "../statement.ts";
import { textOf, valueOf, type YamlMap } from "../yaml.ts";
import type { Inherited } from "./inherited.ts";
import type { Result } from "./results.ts";

/** A role whose tasks are being written. */
export interface RoleContext extends RoleParts {
  /** What tasks have registered. */
  readonly results: Map<string, Result>;
  /** Names of tasks that are taken, as code. */
  readonly usedNames: Set<string>;
  readonly constants: Set<string>;
  /** Names of tasks that run once. */
  readonly onces: Set<string>;
  /** Lists of statements that the place at hand can see, from the outside in. */
  readonly open: Statement[][];
  /** Handlers that stood among the tasks. */
  readonly hoisted: string[][];
  /** The names of the loops around the task at hand, from the outside in. */
  readonly loops: (readonly string[])[];
  /** What comes behind the loop at hand. */
  readonly behind: CallStatement[];
  /** Calls that look after a file's owner, as text. */
  readonly attributes: Set<string>;
  readonly owners: Owners;
  /** Files that are being included, from the outside in. */
  readonly including: string[];
}

interface RoleParts {
  /** The Ansible directory. */
  readonly root: string;
  /** The role's folder, or the playbook's. */
  readonly folder: string;
  readonly names: Names;
  readonly report: Report;
  readonly files: RoleFiles;
  readonly handlers: readonly Handler[];
}

/** A task at hand. */
export interface Work extends Conditions {
  readonly task: YamlMap;
  readonly module: ModuleCall;
  readonly inherited: Inherited;
}

export function roleContext(parts: RoleParts): RoleContext {
  const constants = new Set(parts.handlers.map(({ variable }) => variable));
  return { ...parts, constants, results: new Map(), usedNames: new Set(), onces: new Set(), open: [], hoisted: [], loops: [], behind: [], attributes: new Set(), owners: new Owners(), including: [] };
}

export const isInLoop = (role: RoleContext): boolean => role.loops.length > 0;

/** Runs an attempt to write a task. One that fails leaves no names and handlers behind. */
export function attempt<T>(role: RoleContext, run: () => T, otherwise: (error: Unconvertible) => T): T {
  const hoisted = role.hoisted.length;
  const used = new Set(role.usedNames);
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Unconvertible)) throw error;
    role.hoisted.length = hoisted;
    role.usedNames.clear();
    for (const name of used) role.usedNames.add(name);
    return otherwise(error);
  }
}

/** A name as code, which no other task of the role has. */
export function unique(role: RoleContext, wanted: string): string {
  let name = wanted;
  for (let i = 2; role.usedNames.has(name); i++) name = `${wanted.slice(0, -1)} ${i}${wanted.slice(-1)}`;
  role.usedNames.add(name);
  return name;
}

/** A constant that is still free. */
export function constant(role: RoleContext, wanted: string): string {
  let name = wanted;
  for (let i = 2; role.constants.has(name); i++) name = `${wanted}${i}`;
  role.constants.add(name);
  return name;
}

/** The constant of a statement, which it gets now if it has none. */
export function refer(role: RoleContext, statement: CallStatement): string {
  statement.name ??= constant(role, camel(statement.wishes.replaceAll(/\$\{[^}]*\}|["'`]/g, " ").replace(/^(?:package|service|directory|file|task|group|user) (?=.*[a-z])/, (kind) => (kind === "package " ? "" : kind)).split("/").slice(-2).join(" ").trim().split(/\s+/).slice(0, 4).join(" ")));
  return statement.name;
}

/** Keeps what a task registers under the name that it gives. */
export function remember(role: RoleContext, task: YamlMap, result: Result): void {
  const register = textOf(valueOf(task, "register"));
  if (register === undefined) return;
  role.results.set(register, result);
  role.names.registered.set(register, { type: TEXT, ref: () => undefined });
}
