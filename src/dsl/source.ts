import { fileURLToPath } from "node:url";
import type { SourceLine } from "../errors/index.ts";

const OWN_CODE = fileURLToPath(new URL("..", import.meta.url));
/** hawser's own roles lie here, also where the package is installed in somebody's node_modules. */
const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));
const FRAME = /\(?((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/;

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
    const match = FRAME.exec(line.trim());
    if (!match) continue;
    const file = (match[1] as string).startsWith("file://") ? fileURLToPath(match[1] as string) : (match[1] as string);
    const inPackage = file.startsWith(PACKAGE) ? file.slice(PACKAGE.length) : `/${file}`;
    if (file.startsWith(OWN_CODE) || inPackage.includes("node_modules/")) continue;
    return { file, line: Number(match[2]), column: Number(match[3]) };
  }
  return undefined;
}
