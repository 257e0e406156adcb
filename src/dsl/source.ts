import { fileURLToPath } from "node:url";
import { frameOf, isOwnCode } from "../errors/frames.ts";
import type { SourceLine } from "../errors/index.ts";

/** hawser's own roles lie here, also where the package is installed in somebody's node_modules. */
const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

/** The line of the role or playbook that called into hawser: the nearest stack frame outside hawser's own sources. */
export function callSite(): SourceLine {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 30;
  const stack = new Error("call site").stack ?? "";
  Error.stackTraceLimit = limit;
  return outsideFrame(stack) ?? { file: "unknown", line: 0, column: 0 };
}

/** Where an error came from in a role's or playbook's own code, if it passed through any. */
export function thrownAt(error: unknown): SourceLine | undefined {
  return error instanceof Error ? outsideFrame(error.stack ?? "") : undefined;
}

/** The nearest stack frame outside hawser's own sources. */
function outsideFrame(stack: string): SourceLine | undefined {
  for (const line of stack.split("\n").slice(1)) {
    const frame = frameOf(line);
    if (!frame) continue;
    const inPackage = frame.file.startsWith(PACKAGE) ? frame.file.slice(PACKAGE.length) : `/${frame.file}`;
    if (isOwnCode(frame.file) || inPackage.includes("node_modules/")) continue;
    return frame;
  }
  return undefined;
}
