import { call, comment, indent, type Lines, type Option } from "./emit.ts";
import type { Call } from "./modules/module.ts";

/** A piece of a role's function, before it is written down: what later pieces refer to gets a name then. */
export type Statement = LinesStatement | CallStatement | GroupStatement;

export interface LinesStatement {
  readonly type: "lines";
  readonly lines: Lines;
}

export interface CallStatement {
  readonly type: "call";
  readonly call: Call;
  /** Said above it. */
  remark: string | undefined;
  readonly options: Option[];
  /** What it needs, and whom it notifies; by name. */
  readonly needs: CallStatement[];
  readonly notify: string[];
  /** The constant that holds it, once something asks for it. */
  name: string | undefined;
  /** A look that a check has taken over: it is left out unless something else asks for it. */
  absorbed?: boolean;
  /** What it would be called. */
  readonly wishes: string;
}

export interface GroupStatement {
  readonly type: "group";
  remark: string | undefined;
  /** Without the brace: `for (const item of list)`, or what opens a function. */
  readonly head: string;
  readonly body: readonly Statement[];
  /** `}`, or `});` */
  readonly tail: string;
  /** Functions that stand before the body among the options of a block. */
  readonly parts: readonly { readonly name: string; readonly body: readonly Statement[] }[];
}

/** Writes statements as lines. @param depth How deep they stand, which counts in a line's width. */
export function write(statements: readonly Statement[], depth: number): string[] {
  return statements.flatMap((statement): string[] => {
    if (statement.type === "lines") return [...statement.lines];
    if (statement.type === "call" && statement.absorbed === true && statement.name === undefined) return [];
    const remark = statement.remark === undefined ? [] : comment(statement.remark);
    if (statement.type === "call") return [...remark, ...callLines(statement, depth)];
    const body = indent(write(statement.body, depth + 1));
    if (statement.parts.length === 0) return [...remark, `${statement.head} {`, ...body, statement.tail];
    const parts = statement.parts.flatMap((part) => [`${part.name}: () => {`, ...indent(write(part.body, depth + 2)), "},"]);
    return [...remark, `${statement.head} {`, ...indent(parts), "}, () => {", ...body, statement.tail];
  });
}

function callLines({ call: { verb, args, options: own }, options, needs, notify, name }: CallStatement, depth: number): string[] {
  const all: Option[] = [
    ...own,
    ...options,
    ...(needs.length > 0 ? [["needs", `[${[...new Set(needs.map((need) => need.name ?? ""))].join(", ")}]`] as const] : []),
    ...(notify.length > 0 ? [["notify", notify.length === 1 ? (notify[0] ?? "") : `[${notify.join(", ")}]`] as const] : []),
  ];
  return call(`${name === undefined ? "" : `const ${name} = `}${verb}`, args, all, depth);
}
