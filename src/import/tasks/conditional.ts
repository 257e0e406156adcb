import { LEVEL } from "../expression/code.ts";
import { Printer } from "../expression/print.ts";
import type { Expr } from "../../jinja/ast.ts";
import type { Statement } from "../statement.ts";
import type { RoleContext } from "./context.ts";

/** Statements under conditions that are known before anything is done. @param remark Said above them. */
export function conditional(role: RoleContext, conditions: readonly Expr[], body: readonly Statement[], remark: string | undefined): Statement[] {
  if (conditions.length === 0) return [...body];
  const printer = new Printer(role.names);
  const codes = conditions.map((expr) => printer.condition(expr));
  const text = codes.map((one) => (codes.length > 1 && one.level < LEVEL.and ? `(${one.text})` : one.text)).join(" && ");
  if (text === "true") return [...body];
  const [first] = body;
  if (remark !== undefined && first !== undefined && first.type !== "lines" && first.remark === remark) first.remark = undefined;
  return [{ type: "group", remark, head: `if (${text})`, body, tail: "}", parts: [] }];
}
