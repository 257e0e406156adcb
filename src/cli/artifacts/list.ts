import { colors } from "../../report/index.ts";
import { bytes, count } from "../../report/text.ts";
import { table } from "../inventory.ts";
import { standingOf, type State, type Wanted } from "./wanted.ts";

/** What a state is called. */
export const STATES: Readonly<Record<State, string>> = { cached: "cached", file: "a file here", missing: "to be fetched", damaged: "damaged" };

/** A table of artifacts, and how many of them the controller has. */
export function list(all: readonly Wanted[], color: boolean): string {
  if (all.length === 0) return "no role of this playbook brings an artifact\n";
  const { dim } = colors(color);
  const standings = all.map((wanted) => ({ wanted, ...standingOf(wanted) }));
  const [title = "", ...rows] = table([["ARTIFACT", "HOSTS", "SIZE", "STATE", "FROM"], ...standings.map(({ wanted, state, bytes: size }) => [wanted.vars.join(", "), String(wanted.hosts.length), size === undefined ? "-" : bytes(size), STATES[state], wanted.file ?? wanted.urls.join(", ")])]);
  const bad = standings.flatMap(({ why }) => (why === undefined ? [] : [why]));
  const there = standings.filter(({ state }) => state === "cached" || state === "file").length;
  return `${dim(title)}\n${rows.join("\n")}\n\n${bad.map((line) => `damaged: ${line}\n`).join("")}${count(all.length, "artifact")}, ${there} here\n`;
}

export function listJson(all: readonly Wanted[]): string {
  return all.map((wanted) => `${JSON.stringify({ ...wanted, ...standingOf(wanted) })}\n`).join("");
}
