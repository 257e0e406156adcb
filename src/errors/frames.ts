import { existsSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { SourceLine } from "./index.ts";

const FRAME = /\(?((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/;

/** The place that one line of a stack names; Node's own modules are none. */
export function frameOf(line: string): SourceLine | undefined {
  if (/[( ]node:/.test(line)) return undefined;
  const [, file, at, column] = FRAME.exec(line.trim()) ?? [];
  if (file === undefined) return undefined;
  return { file: file.startsWith("file://") ? fileURLToPath(file) : file, line: Number(at), column: Number(column) };
}

/** hawser's sources; roles and playbooks lie beside them. */
const SOURCES = fileURLToPath(new URL("..", import.meta.url));
/** The folder that this code runs from, which is another one when it was compiled. */
const RUNNING = `${path.dirname(frameOf((new Error("here").stack ?? "").split("\n")[1] ?? "")?.file ?? SOURCES)}${path.sep}`;

/** Whether a file is hawser's own code rather than a playbook's or role's. */
export function isOwnCode(file: string): boolean {
  return file.startsWith(SOURCES) || file.startsWith(RUNNING);
}

/** A line of a stack with the place in hawser's sources, where it names compiled code of hawser. */
export function withSource(line: string): string {
  const frame = frameOf(line);
  if (!frame || !frame.file.startsWith(RUNNING) || !existsSync(`${frame.file}.map`)) return line;
  const map = new SourceMap(JSON.parse(readFileSync(`${frame.file}.map`, "utf8")) as ConstructorParameters<typeof SourceMap>[0]);
  const found = map.findEntry(frame.line - 1, frame.column - 1);
  if (!("originalSource" in found)) return line;
  const source = path.resolve(path.dirname(frame.file), found.originalSource);
  return line.replace(FRAME, (place) => `${place.startsWith("(") ? "(" : ""}${source}:${found.originalLine + 1}:${found.originalColumn + 1}${place.endsWith(")") ? ")" : ""}`);
}
