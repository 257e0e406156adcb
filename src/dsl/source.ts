import { fileURLToPath } from "node:url";
import { frameOf, isOwnCode } from "../errors/frames.ts";
import type { SourceLine } from "../errors/index.ts";

/** hawser's own roles lie here, also where the package is installed in somebody's node_modules. */
const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

/** How many frames are looked at for the caller's: few at first, since each costs something. */
const DEPTHS = [8, 30];
/** What stands at a frame, by file, line and column as they run: a role declares the same lines for every host. */
const places = new Map<string, SourceLine | "own">();

/** The line of the role or playbook that called into hawser: the nearest stack frame outside hawser's own sources. */
export function callSite(): SourceLine {
  const limit = Error.stackTraceLimit;
  const prepare: unknown = Reflect.get(Error, "prepareStackTrace");
  try {
    for (const depth of DEPTHS) {
      Error.stackTraceLimit = depth;
      // Frames as they are cost little; to write them out, with the lines of the TypeScript, costs most of a declaration.
      const raw = new Error("call site");
      Error.prepareStackTrace = (_, frames) => frames;
      const frames = raw.stack as unknown as readonly NodeJS.CallSite[];
      Reflect.set(Error, "prepareStackTrace", prepare);
      let place = nearest(frames);
      // Made here and not in a function, so that it has the same frames.
      if (place === "unknown") place = nearest(frames, new Error("call site").stack?.split("\n").slice(-frames.length));
      if (typeof place === "object") return place;
    }
  } finally {
    Error.stackTraceLimit = limit;
  }
  return { file: "unknown", line: 0, column: 0 };
}

/** The first place that is not hawser's own; `unknown` when a frame was never seen before and `lines`, its text, is not given. */
function nearest(frames: readonly NodeJS.CallSite[], lines?: readonly string[]): SourceLine | "own" | "unknown" {
  for (const [index, frame] of frames.entries()) {
    const file = frame.getFileName();
    // Built-in functions, and what was made by `eval`, which two texts may share.
    if (file === null || file === undefined) continue;
    const key = `${file}:${frame.getLineNumber()}:${frame.getColumnNumber()}`;
    if (lines) places.set(key, outside(lines[index] ?? "") ?? "own");
    const place = places.get(key) ?? "unknown";
    if (place !== "own") return place;
  }
  return "own";
}

/** Where an error came from in a role's or playbook's own code, if it passed through any. */
export function thrownAt(error: unknown): SourceLine | undefined {
  return error instanceof Error ? outsideFrame(error.stack ?? "") : undefined;
}

/** The nearest stack frame outside hawser's own sources. */
function outsideFrame(stack: string): SourceLine | undefined {
  for (const line of stack.split("\n").slice(1)) {
    const frame = outside(line);
    if (frame) return frame;
  }
  return undefined;
}

/** The place that a line of a stack names, when that is outside hawser's own sources. */
function outside(line: string): SourceLine | undefined {
  const frame = frameOf(line);
  if (!frame) return undefined;
  const inPackage = frame.file.startsWith(PACKAGE) ? frame.file.slice(PACKAGE.length) : `/${frame.file}`;
  return isOwnCode(frame.file) || inPackage.includes("node_modules/") ? undefined : frame;
}
