import { stringify } from "yaml";
import pc from "picocolors";
import { InventoryError, PatternError, didYouMean, formatPlace, formatProblem, type BecomeSettings, type ConnectionSettings, type ExplainedLayer, type Inventory, type InventoryHost } from "../inventory/index.ts";
import type { ExplainedPlay } from "./explain-plays.ts";
import { SETTINGS } from "../inventory/settings.ts";
import { REDACTED, Secret } from "../shell/index.ts";

/** How the inventory views print. */
export interface InventoryViewOptions {
  /** JSON or YAML for programs instead of text for people. Default `text`. */
  readonly format?: "text" | "json" | "yaml";
  /** Default false. */
  readonly color?: boolean;
  /** Only the hosts of this pattern. Default all. */
  readonly pattern?: string | undefined;
  /** For `explain`: what each play of a playbook says of the variable. */
  readonly plays?: readonly ExplainedPlay[] | undefined;
}

/**
 * `hawser inventory list`: one line a host, or everything about every host and group as JSON.
 * @throws PatternError when the pattern selects nothing.
 */
export function inventoryList(inventory: Inventory, options: InventoryViewOptions = {}): string {
  const hosts = options.pattern === undefined ? inventory.hosts : inventory.select(options.pattern);
  if (options.format === "json" || options.format === "yaml") {
    const names = new Set(hosts.map(({ name }) => name));
    const groups = inventory.groups.map((group) => ({ ...group, hosts: group.hosts.filter((name) => names.has(name)) }));
    const everything = { hosts: hosts.map((host) => whole(inventory, host)), groups };
    return options.format === "json" ? json(everything) : yaml(everything);
  }
  const { bold, dim } = pc.createColors(options.color === true);
  const rows = hosts.map((host) => [host.name, host.region || "-", target(host.connection), via(host.connection), becomes(host.become), host.groups.join(" ")]);
  const lines = table([["HOST", "REGION", "ADDRESS", "VIA", "BECOME", "GROUPS"], ...rows]);
  const summary = `${count(hosts.length, "host")} in ${inventory.path}`;
  return [dim(lines[0] ?? ""), ...lines.slice(1).map((line) => line.replace(/^\S+/, (name) => bold(name))), "", dim(summary)].join("\n");
}

/**
 * `hawser inventory graph`: groups and hosts as a tree. A group with several parents is drawn in full the first time and
 * referred to afterwards, so that the tree stays as long as the inventory. `vars` adds what counts for each host.
 */
export function inventoryGraph(inventory: Inventory, options: Omit<InventoryViewOptions, "format"> & { readonly vars?: boolean } = {}): string {
  const { bold, cyan, dim } = pc.createColors(options.color === true);
  const kept = new Set(inventory.select(options.pattern ?? "all").map(({ name }) => name));
  const drawn = new Set<string>();
  const lines = [bold(cyan("all"))];
  const draw = (name: string, indent: string): void => {
    const group = inventory.group(name);
    const below = new Set(group.children.flatMap((child) => [...inventory.group(child).hosts]));
    const own = group.hosts.filter((host) => kept.has(host) && !below.has(host));
    const children = group.children.filter((child) => child !== "ungrouped" || inventory.group(child).hosts.length > 0);
    const rows = [...children.map((child) => ({ child, host: "" })), ...own.map((host) => ({ child: "", host }))];
    for (const [index, { child, host }] of rows.entries()) {
      const last = index === rows.length - 1;
      const branch = dim(`${indent}${last ? "└─ " : "├─ "}`);
      if (child === "") {
        const { connection, region } = inventory.host(host);
        lines.push(`${branch}${host}  ${dim(`${target(connection)}${region === "" ? "" : `  ${region}`}`)}`);
        if (options.vars !== true) continue;
        const space = `${indent}${last ? "   " : "│  "}   `;
        for (const [name, value] of Object.entries(shownVars(inventory, host))) lines.push(dim(`${space}${name}: ${cut(JSON.stringify(value))}`));
        continue;
      }
      const again = drawn.has(child);
      const note = again ? " (see above)" : inventory.group(child).hosts.length === 0 ? " (no hosts)" : "";
      lines.push(`${branch}${bold(cyan(child))}${dim(note)}`);
      drawn.add(child);
      if (!again) draw(child, `${indent}${last ? "   " : "│  "}`);
    }
  };
  draw("all", "");
  return lines.join("\n");
}

/**
 * `hawser inventory host NAME`: connection, groups and all variables of one host, as YAML or JSON. Secrets are masked.
 * @throws PatternError when there is no such host.
 */
export function inventoryHost(inventory: Inventory, name: string, options: InventoryViewOptions = {}): string {
  const host = inventory.host(name);
  if (options.format === "json") return json(whole(inventory, host));
  const { bold, dim } = pc.createColors(options.color === true);
  const heading = `${bold(host.name)}  ${target(host.connection)}${host.region === "" ? "" : `  region ${host.region}`}  become ${becomes(host.become)}`;
  const groups = `groups: ${host.groups.join(" ")}`;
  // Comments, so that the whole output is still YAML.
  return [`# ${heading}`, dim(`# ${groups}`), yaml(shownVars(inventory, name)).trimEnd()].join("\n");
}

/**
 * `hawser inventory explain HOST VAR`: every layer that sets the variable, strongest last and marked.
 * @throws PatternError when there is no such host, or when nothing sets the variable.
 */
export function inventoryExplain(inventory: Inventory, name: string, path: string, options: InventoryViewOptions = {}): string {
  const layers = inventory.explain(name, path);
  const plays = options.plays ?? [];
  if (options.format === "json") return json({ host: name, path, layers, ...(options.plays && { plays }) });
  if (layers.length === 0 && plays.length === 0) throw notSet(inventory.host(name), path);
  const { bold, dim, green, yellow } = pc.createColors(options.color === true);
  const rows = table(layers.map((layer) => [`${layer.wins ? "=>" : "  "} ${layer.layer}`, formatPlace(layer), shown(layer)]));
  const lines = rows.map((row, index) => (layers[index]?.wins === true ? green(row) : dim(row)));
  const winner = layers.findLast(({ wins }) => wins);
  const lost = layers.some(({ present }) => present) && winner?.present === false;
  const top = path.split(/[.[]/)[0] ?? path;
  const note = lost ? [yellow(`${path} is not set on ${name}: ${winner.layer} replaces ${top} as a whole. Only ssh and become are merged.`)] : [];
  const filled = filledIn(inventory, name, path, winner);
  const where = table(plays.map(({ play, from, value, present, ...place }) => [`play ${play}`, ORIGINS[from], formatPlace(place), shown({ value, present })]));
  return [bold(`${path} on ${name}, weakest first:`), ...(layers.length > 0 ? lines : [dim("   no layer of the inventory sets it")]), ...note, ...(filled === undefined ? [] : [filled]), ...where.map((row, i) => (plays[i]?.from === "inventory" ? dim(row) : green(row)))].join("\n");
}

function notSet(host: InventoryHost, path: string): PatternError {
  const message = `no layer sets ${path} on ${host.name}`;
  const defaults = new Map([...flat("ssh", host.connection), ...flat("become", host.become)]);
  const value = defaults.get(path);
  if (value !== undefined) return new PatternError("unknown", path, message, `the default is ${value}`);
  const settings = Object.entries(SETTINGS).flatMap(([name, keys]) => [...keys.keys()].map((key) => `${name}.${key}`));
  if (settings.includes(path)) return new PatternError("unknown", path, message);
  return new PatternError("unknown", path, message, didYouMean(path, [...settings, ...Object.keys(host.vars)]));
}

/** The plain settings in force, under the names that the inventory gives them. */
function flat(prefix: string, settings: object): (readonly [string, string])[] {
  return Object.entries(settings)
    .filter(([key, value]) => key !== "assumed" && ["string", "number", "boolean"].includes(typeof value))
    .map(([key, value]) => [`${prefix}.${key.replaceAll(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)}`, String(value)] as const);
}

/** What a play does about a variable. */
const ORIGINS = { use: "the role's use says it", play: "the play's vars say it", inventory: "as above" } as const;

function shown({ value, present }: Pick<ExplainedLayer, "value" | "present">): string {
  if (!present) return "(not in it)";
  return cut(value instanceof Secret ? REDACTED : JSON.stringify(value));
}

function cut(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

/** A host as programs get it. */
function whole(inventory: Inventory, host: InventoryHost): object {
  return { ...host, vars: shownVars(inventory, host.name) };
}

/** The variables with their templates filled in, those that cannot be as they are written: a view shows what there is. */
function shownVars(inventory: Inventory, name: string): Record<string, unknown> {
  const { vars } = inventory.host(name);
  return Object.fromEntries(
    Object.keys(vars).map((key) => {
      try {
        return [key, vars[key]] as const;
      } catch (error) {
        if (!(error instanceof InventoryError)) throw error;
        return [key, inventory.explain(name, key).findLast(({ wins }) => wins)?.value] as const;
      }
    }),
  );
}

/** What a template becomes, or why it becomes nothing. */
function filledIn(inventory: Inventory, name: string, path: string, winner: ExplainedLayer | undefined): string | undefined {
  const [top = path, ...rest] = path.replaceAll(/\[(\d+)\]/g, ".$1").split(".");
  if (winner === undefined || !/\{[{%]/.test(JSON.stringify(winner.value) ?? "")) return undefined;
  try {
    const value = rest.reduce<unknown>((of, key) => (typeof of === "object" && of !== null ? (of as Record<string, unknown>)[key] : undefined), inventory.host(name).vars[top]);
    return value === undefined || JSON.stringify(value) === JSON.stringify(winner.value) ? undefined : `filled in: ${cut(JSON.stringify(value))}`;
  } catch (error) {
    if (!(error instanceof InventoryError)) throw error;
    return error.problems.map(formatProblem).join("\n");
  }
}

function target({ kind, address, port, user }: ConnectionSettings): string {
  if (kind === "local") return "local";
  const host = address.includes(":") && port !== undefined ? `[${address}]` : address;
  return `${user === undefined ? "" : `${user}@`}${host}${port === undefined ? "" : `:${port}`}`;
}

function via({ jump = [] }: ConnectionSettings): string {
  return jump.length === 0 ? "-" : jump.join(" > ");
}

function becomes({ method, user }: BecomeSettings): string {
  return method === "none" ? "-" : `${method} ${user}`;
}

export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd());
}

export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

function yaml(value: unknown): string {
  // By way of JSON, which masks secrets.
  return stringify(JSON.parse(JSON.stringify(value)), { lineWidth: 0, aliasDuplicateObjects: false });
}

function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
