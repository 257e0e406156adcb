/** Where something begins in a text: an offset from 0. */
export interface At {
  readonly at: number;
}

export interface Call {
  readonly args: readonly Expr[];
  readonly named: ReadonlyMap<string, Expr>;
}

export type BinaryOp = "or" | "and" | "==" | "!=" | "<" | ">" | "<=" | ">=" | "in" | "not in" | "+" | "-" | "~" | "*" | "/" | "//" | "%" | "**";

/** A Jinja2 expression. `float` is a number that was written with a point, which Jinja prints with one. */
export type Expr = At &
  (
    | { readonly type: "literal"; readonly value: string | number | boolean | null; readonly float?: true }
    | { readonly type: "name"; readonly name: string }
    | { readonly type: "attribute"; readonly of: Expr; readonly name: string }
    | { readonly type: "index"; readonly of: Expr; readonly index: Expr }
    | { readonly type: "slice"; readonly of: Expr; readonly from: Expr | undefined; readonly to: Expr | undefined }
    | ({ readonly type: "call"; readonly of: Expr } & Call)
    | ({ readonly type: "filter"; readonly of: Expr; readonly name: string } & Call)
    | ({ readonly type: "test"; readonly of: Expr; readonly name: string; readonly negated: boolean } & Call)
    | { readonly type: "unary"; readonly op: "not" | "-" | "+"; readonly of: Expr }
    | { readonly type: "binary"; readonly op: BinaryOp; readonly left: Expr; readonly right: Expr }
    | { readonly type: "conditional"; readonly test: Expr; readonly yes: Expr; readonly otherwise: Expr | undefined }
    | { readonly type: "list"; readonly items: readonly Expr[] }
    | { readonly type: "dict"; readonly entries: readonly (readonly [Expr, Expr])[] }
  );

/** A piece of a template. The text is final: whitespace control was obeyed when it was read. */
export type Node = At &
  (
    | { readonly type: "text"; readonly text: string; readonly swallowed: boolean }
    | { readonly type: "print"; readonly value: Expr; readonly source: string }
    | { readonly type: "comment"; readonly text: string }
    | { readonly type: "if"; readonly branches: readonly { readonly test: Expr; readonly body: readonly Node[]; readonly at: number }[]; readonly otherwise: readonly Node[] | undefined }
    | { readonly type: "for"; readonly names: readonly string[]; readonly list: Expr; readonly only: Expr | undefined; readonly body: readonly Node[]; readonly otherwise: readonly Node[] | undefined }
    | { readonly type: "set"; readonly name: string; readonly value: Expr }
    | { readonly type: "include"; readonly name: Expr; readonly source: string }
    | { readonly type: "foreign"; readonly why: string; readonly source: string }
  );

/** A mistake in a Jinja2 text. */
export class JinjaError extends Error {
  override readonly name = "JinjaError";
  /** Offset in the text. */
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}
