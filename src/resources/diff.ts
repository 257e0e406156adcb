import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";

/** Beyond this many changed lines a diff is a wall of text, and slow to find. */
const MAX_EDITS = 2000;

export interface DiffInput {
  /** Undefined where no file is, or was. */
  readonly before: Buffer | undefined;
  readonly after: Buffer | undefined;
  /** `all`: nothing of it may be shown, and why. `old`: what stood there before may not be shown. */
  readonly hide?: { readonly what: "all" | "old"; readonly why: string } | undefined;
}

export const HOLDS_SECRET = { what: "all", why: "it holds a secret" } as const;
/** Other people's secrets are in files that not everybody may read. */
export const ONLY_OWNER = "not everybody may read the file";

/** A unified diff of a file, or one line that says why there is none. */
export function fileDiff(path: string, { before, after, hide }: DiffInput): string {
  if (hide?.what === "all") return `(content hidden: ${hide.why})`;
  if (before?.includes(0) || after?.includes(0)) return `(binary: ${size(before)} -> ${size(after)})`;
  const patch = createTwoFilesPatch(before === undefined ? "(absent)" : path, after === undefined ? "(absent)" : path, text(before), text(after), undefined, undefined, {
    context: 3,
    headerOptions: FILE_HEADERS_ONLY,
    maxEditLength: MAX_EDITS,
  });
  if (patch === undefined) return `(more than ${MAX_EDITS} lines change: ${size(before)} -> ${size(after)})`;
  const lines = patch.split("\n");
  return lines.map((line, i) => (hide?.what === "old" && i > 1 && line.startsWith("-") ? `-(hidden: ${hide.why})` : line)).join("\n");
}

function size(content: Buffer | undefined): string {
  return content === undefined ? "absent" : `${content.length} bytes`;
}

/** A host's file must not steer the terminal of whoever reads the diff: control characters are shown as their pictures. */
function text(content: Buffer | undefined): string {
  return (content?.toString("utf8") ?? "").replaceAll(/(?![\n\t])\p{Cc}/gu, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\u2421";
  });
}
