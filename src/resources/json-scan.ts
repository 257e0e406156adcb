/** A value in a JSON text, with where it stands: `text.slice(from, to)`. */
export interface JsonNode {
  readonly from: number;
  readonly to: number;
  /** Of an object or list, in order. A list's members have their index as name and no place of it. */
  readonly members: readonly JsonMember[] | undefined;
  readonly isList: boolean;
}

export interface JsonMember {
  readonly name: string | number;
  readonly nameFrom: number;
  readonly node: JsonNode;
}

const BLANKS = /[ \t\r\n]*/y;
const TOKEN = /"(?:[^"\\]|\\.)*"|[^\s,:[\]{}"]+/y;

/** Finds where everything stands in a text that JSON.parse accepts, so that an edit can leave all the rest as it is. */
export function scanJson(text: string): JsonNode {
  let at = 0;
  const blanks = (): void => void take(BLANKS);

  function take(pattern: RegExp): string {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  }

  function value(): JsonNode {
    const from = at;
    const opened = text[at];
    if (opened !== "{" && opened !== "[") {
      take(TOKEN);
      return { from, to: at, members: undefined, isList: false };
    }
    const members: JsonMember[] = [];
    at += 1;
    blanks();
    while (text[at] !== "}" && text[at] !== "]") {
      members.push(member(opened === "[" ? members.length : undefined));
      blanks();
      if (text[at] === ",") at += 1;
      blanks();
    }
    at += 1;
    return { from, to: at, members, isList: opened === "[" };
  }

  function member(index: number | undefined): JsonMember {
    const nameFrom = at;
    if (index !== undefined) return { name: index, nameFrom, node: value() };
    const name = JSON.parse(take(TOKEN)) as string;
    blanks();
    at += 1;
    blanks();
    return { name, nameFrom, node: value() };
  }

  blanks();
  return value();
}
