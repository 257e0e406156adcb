/** A word of a line, quotes and backslashes taken away. */
export interface Word {
  readonly text: string;
  /** Where it starts in the line, counted from 0. */
  readonly column: number;
  /** True when a `#` that was meant for a part of it may have ended it. */
  readonly cut: boolean;
}

/** A line whose quotes do not end. `column` counts from 0. */
export interface Unclosed {
  readonly wrong: string;
  readonly column: number;
}

/**
 * Splits a line into words as a POSIX shell would, with Ansible's comments: `#` starts one wherever it stands outside of
 * quotes, in a word too.
 */
export function splitWords(line: string, { comments = true }: { readonly comments?: boolean } = {}): readonly Word[] | Unclosed {
  const words: Word[] = [];
  let text: string | undefined;
  let column = 0;
  let quote = "";
  let quotedAt = 0;
  const end = (cut: boolean): void => {
    if (text !== undefined) words.push({ text, column, cut });
    text = undefined;
  };
  const add = (char: string, at: number): void => {
    if (text === undefined) [text, column] = ["", at];
    text += char;
  };
  for (let i = 0; i < line.length; i += 1) {
    const char = line.charAt(i);
    const next = line.charAt(i + 1);
    if (quote !== "") {
      if (char === quote) quote = "";
      // Between double quotes a backslash only hides a quote or a backslash.
      else if (char === "\\" && quote === '"' && (next === '"' || next === "\\")) add(line.charAt((i += 1)), i);
      else add(char, i);
    } else if (char === '"' || char === "'") {
      add("", i);
      [quote, quotedAt] = [char, i];
    } else if (char === "\\") {
      if (next === "") return { wrong: "nothing stands behind the backslash", column: i };
      add(next, i);
      i += 1;
    } else if (/\s/.test(char)) end(false);
    else if (char === "#" && comments) {
      end(text !== undefined);
      return words;
    } else add(char, i);
  }
  if (quote !== "") return { wrong: `the quote ${quote} is not closed`, column: quotedAt };
  end(false);
  return words;
}
