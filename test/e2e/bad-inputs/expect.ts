import assert from "node:assert/strict";
import type { Ended, Row } from "./row.ts";

/** Signs of a failure that nobody has thought of. */
const ACCIDENTS = [/^\s+at (?:async )?[\w.<>#[\] ]*\(?(?:file|node):/m, /bug in hawser/, /Unhandled/, /node:internal/, /\[object Object\]/, /\bundefined\b(?! \(reading| cannot be printed|[ ,:)}])/];

/** The output has the row's lines, its places and its exit code, in the right stream and without accidents. */
export function expectRow(row: Row, ended: Ended, places: readonly string[]): void {
  const stream = row.stream ?? (row.exit === 1 ? "stderr" : "stdout");
  const text = ended[stream];
  const all = `--- stdout\n${ended.stdout}--- stderr\n${ended.stderr}--- exit ${ended.code ?? ended.signal}`;
  assert.equal(ended.code ?? -1, row.exit, all);
  expectLine(text, row.says, all);
  if (row.hint !== undefined) expectLine(text, `try: ${row.hint}`, all);
  for (const line of row.also ?? []) expectLine(`${ended.stdout}\n${ended.stderr}`, line, all);
  for (const place of places) assert.ok(text.includes(place), `the place ${place} is not named in\n${all}`);
  for (const word of row.never ?? []) assert.ok(!`${ended.stdout}${ended.stderr}`.includes(word), `"${word}" stands in\n${all}`);
  for (const accident of ACCIDENTS) assert.doesNotMatch(`${ended.stdout}\n${ended.stderr}`, accident, all);
}

/** One whole line, whatever stands before it to indent it; `…` is anything. */
function expectLine(text: string, line: string, all: string): void {
  const source = line.split("…").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)).join(".*");
  assert.match(text, new RegExp(String.raw`^[\s│]*${source}$`, "m"), `no line "${line}" in\n${all}`);
}
