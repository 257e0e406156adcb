import { Args } from "../args.ts";
import type { Option } from "../emit.ts";
import { quoted } from "../expression/code.ts";
import { Unconvertible } from "../expression/scope.ts";
import { loopOf } from "../loop.ts";
import { holeOf } from "../modules/files.ts";
import type { Call } from "../modules/module.ts";
import type { Statement } from "../statement.ts";
import { textOf, valueOf, without, type YamlMap } from "../yaml.ts";
import { callStatement } from "./call-statement.ts";
import { conditional } from "./conditional.ts";
import { type RoleContext, unique, type Work } from "./context.ts";
import { NOTHING } from "./inherited.ts";
import { nameOf } from "./labels.ts";
import { STAT } from "./results.ts";

/** A look at a path, for the tasks that ask for it. @throws Unconvertible */
export function stat(role: RoleContext, { task, early, late }: Work, args: Args): Statement[] {
  if (late.length > 0 || loopOf(task, role.names) !== undefined) throw new Unconvertible("stat in a loop, or under a condition about results", 0);
  args.ignore("get_checksum", "get_mime", "get_attributes", "checksum_algorithm", "get_md5");
  if (args.has("follow")) throw new Unconvertible("stat that follows links", 0);
  const at = args.path("path", "dest", "name");
  args.done();
  const register = textOf(valueOf(task, "register"));
  role.names.helper("stat");
  const read = callStatement(role, { verb: "t.read", args: [unique(role, quoted(register ?? nameOf(task)))], options: [["...ansible.stat", at]], kind: "read" }, { task, inherited: NOTHING }, register);
  if (register !== undefined) {
    role.results.set(register, { type: "stat", path: at, read });
    role.names.registered.set(register, { type: STAT, ref: () => undefined });
  }
  return conditional(role, early, [read], undefined);
}

/** A page that is asked until it answers. @throws Unconvertible */
export function uri(role: RoleContext, { task, inherited, early, late }: Work, args: Args): Statement[] {
  if (late.length > 0) throw new Unconvertible("uri under a condition about results", 0);
  args.ignore("timeout", "return_content", "follow_redirects", "force");
  const url = args.need("url");
  const insecure = !args.flag("validate_certs", true);
  if (args.word("status_code", "200") !== "200" || args.word("method", "GET") !== "GET") throw new Unconvertible("uri with a method or a status of its own", 0);
  args.done();
  const times = patience(task);
  if (times === undefined) throw new Unconvertible("retries that are computed", 0);
  role.names.uses.add("sh");
  const call: Call = { verb: "t.gate", args: [unique(role, quoted(nameOf(task)))], options: [["probe", `sh\`curl -fsS ${insecure ? "-k " : ""}-o /dev/null ${holeOf(url)}\``], ...times], kind: "gate" };
  return conditional(role, early, [callStatement(role, call, { task: without(task, "retries", "delay", "until"), inherited })], undefined);
}

/** How long and how often a gate asks, from `retries` and `delay`; undefined when they are computed. */
export function patience(task: YamlMap): Option[] | undefined {
  const retries = Number(textOf(valueOf(task, "retries")) ?? "3");
  const delay = Number(textOf(valueOf(task, "delay")) ?? "5");
  return Number.isFinite(retries * delay) ? [["within", String(Math.max(1, retries * delay))], ["every", String(Math.max(1, delay))]] : undefined;
}
