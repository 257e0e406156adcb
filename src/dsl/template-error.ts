import { Script } from "node:vm";
import { HawserError, type SourceLine } from "../errors/index.ts";
import { ValuePending } from "../shell/index.ts";
import { TemplateMistake } from "./template-vars.ts";

/** A mistake in a template, with its place. */
export class TemplateError extends HawserError {
  override readonly name = "TemplateError";
  /** The lines around the mistake, numbered, with `>>` before the one that it is in. */
  readonly excerpt: string;

  constructor(message: string, source: SourceLine, text: string, details: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, { source, cause: details.cause, ...(details.hint !== undefined && { hint: details.hint }) });
    this.excerpt = excerpt(text, source.line);
  }
}

/** Names the place of what was thrown while line `line` of a template ran. Values that are not known yet pass through. */
export function atLine(thrown: unknown, filename: string, text: string, line: number): unknown {
  if (thrown instanceof ValuePending || thrown instanceof TemplateError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const undeclared = /^(\w+) is not defined$/.exec(message)?.[1];
  const word = thrown instanceof TemplateMistake ? thrown.word : undeclared;
  const hint = thrown instanceof TemplateMistake ? thrown.hint : undeclared === undefined ? undefined : `the values are in vars: vars.${undeclared}`;
  return new TemplateError(message, place(filename, text, line, word), text, { hint, cause: thrown });
}

/** The word's place, else the first tag's: ejs counts lines only. */
function place(filename: string, text: string, line: number, word: string | undefined): SourceLine {
  const content = text.split("\n")[line - 1] ?? "";
  const at = word === undefined ? -1 : content.search(new RegExp(`\\b${word.replaceAll(/[^\w]/g, "\\$&")}\\b`));
  return { file: filename, line, column: Math.max(at === -1 ? content.indexOf("<%") : at, 0) + 1 };
}

function excerpt(text: string, line: number): string {
  const lines = text.split("\n");
  const from = Math.max(line - 3, 0);
  return lines
    .slice(from, line + 2)
    .map((content, i) => `${from + i + 1 === line ? ">>" : "  "} ${String(from + i + 1).padStart(4)} | ${content}`)
    .join("\n");
}

/**
 * The place of a syntax error, which neither ejs nor `new Function` tells: the generated code is compiled again as a script,
 * whose error has a line, and ejs has left a `__line = N` after every line break of the template.
 */
export function syntaxError(thrown: SyntaxError, generated: string, filename: string, text: string): TemplateError {
  const said = thrown.message.split(" while compiling ejs")[0]?.replace(` in ${filename}`, "") ?? "syntax error";
  let line = 1;
  try {
    void new Script(`(function(){${generated}\n})`, { filename: "template" });
  } catch (error) {
    const at = Number(/^template:(\d+)/.exec((error as Error).stack ?? "")?.[1] ?? 1);
    const before = generated.split("\n").slice(0, at - 1).join("\n");
    line = Number([...before.matchAll(/; __line = (\d+)$/gm)].at(-1)?.[1] ?? 1);
  }
  const unclosed = /catch|end of input/.test(said) ? unclosedTag(text) : undefined;
  if (unclosed !== undefined) {
    const source = { file: filename, line: unclosed.line, column: unclosed.column };
    return new TemplateError(`syntax error: the ${unclosed.bracket} of this tag is never closed`, source, text, { hint: `close it with <% ${CLOSING[unclosed.bracket]} %>`, cause: thrown });
  }
  const hint = /end of input|missing|after argument|expected|Unexpected token '(?:\}|catch)'/i.test(said) ? "a { or ( is not closed, or closed twice, in this line or before it" : undefined;
  return new TemplateError(`syntax error: ${said}`, place(filename, text, line, undefined), text, { hint, cause: thrown });
}

const CLOSING = { "{": "}", "(": ")", "[": "]" } as const;

interface Opened {
  readonly bracket: keyof typeof CLOSING;
  readonly line: number;
  readonly column: number;
}

/** The last tag whose bracket nothing closes. Brackets in texts are left out; in a regular expression they may mislead. */
function unclosedTag(text: string): Opened | undefined {
  const open: Opened[] = [];
  for (const tag of text.matchAll(/<%(?![%#])[=_-]?([\s\S]*?)[-_]?%>/g)) {
    const before = text.slice(0, tag.index).split("\n");
    const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    const code = (tag[1] ?? "").replaceAll(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*/g, "");
    for (const [character] of code.matchAll(/[{}()[\]]/g)) {
      if (character in CLOSING) open.push({ bracket: character as keyof typeof CLOSING, ...place });
      else open.pop();
    }
  }
  return open.at(-1);
}
