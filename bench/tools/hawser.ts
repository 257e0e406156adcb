import { readFileSync } from "node:fs";
import { timed } from "../process.ts";
import type { Tool } from "./tool.ts";

interface Recap {
  readonly hosts: Readonly<Record<string, { readonly changed: number; readonly requests: number }>>;
}

const version = (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { readonly version: string }).version;

/** As a user runs it: a new process each time, no connection kept open, and nothing remembered but the compiled code. */
export const hawser: Tool = hawserWith([]);

/** The same over the connection that the round before has left open. */
export const kept: Tool = hawserWith(["--keep-open", "10m"]);

function hawserWith(flags: readonly string[]): Tool {
  return {
    version,
    async run({ folder }, workload, mode) {
      const argv = [process.execPath, "bin/hawser.mjs", "run", `bench/${workload.toLowerCase()}.ts`, "-i", folder, "--output", "json", ...(mode === "check" ? ["--check"] : []), ...flags];
      const { stdout, ...measured } = await timed(argv, { folder });
      const recap = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Recap;
      const hosts = Object.values(recap.hosts);
      return { ...measured, changed: hosts.reduce((sum, { changed }) => sum + changed, 0), requests: Math.max(...hosts.map(({ requests }) => requests)) };
    },
  };
}
