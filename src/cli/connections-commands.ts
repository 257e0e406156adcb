import type { Command } from "commander";
import type { KeptConnection } from "../connection/index.ts";
import { count, table } from "./inventory.ts";

/** `hawser connections`: what `keep_open` keeps open. */
export function connectionsCommands(program: Command): void {
  const group = program.command("connections").description("connections that are kept open between runs");
  group
    .command("list")
    .description("every connection on a line")
    .option("--json", "as JSON")
    .action(async (flags: { json?: boolean }) => {
      const { keptConnections } = await import("../connection/keeper/control.ts");
      const connections = await keptConnections();
      process.stdout.write(`${flags.json ? JSON.stringify(connections, undefined, 2) : listed(connections)}\n`);
    });
  group
    .command("close")
    .description("close connections; one that a run uses is closed when that run is over")
    .argument("[host...]", "names of the inventory; all when none is given")
    .action(async (hosts: string[]) => {
      const { closeKept, keptConnections } = await import("../connection/keeper/control.ts");
      const before = await keptConnections();
      const inUse = (await closeKept(hosts)).filter(({ host }) => hosts.length === 0 || hosts.includes(host)).length;
      const closed = before.filter(({ host }) => hosts.length === 0 || hosts.includes(host)).length - inUse;
      process.stdout.write(`closed ${count(Math.max(0, closed), "connection")}${inUse > 0 ? `; ${inUse} in use, closed when the run is over` : ""}\n`);
    });
}

function listed(connections: readonly KeptConnection[]): string {
  if (connections.length === 0) return "no connection is kept open";
  const rows = connections.map(({ host, address, user, idle, closesIn }) => [host, address, user, idle === undefined ? "in use" : duration(idle), closesIn === undefined ? "-" : duration(closesIn)]);
  return table([["HOST", "ADDRESS", "USER", "IDLE FOR", "CLOSES IN"], ...rows.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1))]).join("\n");
}

/** Seconds as they are written in the inventory, such as `1h2m` or `9m50s`. */
function duration(seconds: number): string {
  const parts = [[Math.floor(seconds / 3600), "h"], [Math.floor(seconds / 60) % 60, "m"], [seconds % 60, "s"]] as const;
  return parts.filter(([many]) => many > 0).map(([many, unit]) => `${many}${unit}`).join("") || "0s";
}
