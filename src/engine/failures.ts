import type { HandlerNode, ResourceNode } from "../dsl/items.ts";
import { HawserError } from "../errors/index.ts";
import { PlanError } from "../resources/contract.ts";
import type { Failure } from "./events.ts";
import type { Redactor } from "./redactor.ts";
import { KILLED_HINT, type StepResult } from "./remote.ts";
import { BecomeFailed, Unreachable } from "./session.ts";

/** What a command printed, kept short in events. */
const KEPT = 20_000;

interface At {
  readonly host: string;
  readonly node?: ResourceNode | HandlerNode;
}

function located({ host, node }: At): Partial<Failure> & { host: string } {
  return { host, ...(node && { role: node.role, resource: node.id, source: node.source }) };
}

/** Any error as data, redacted. */
export function failureOf(error: unknown, at: At, redactor: Redactor): Failure {
  const known = error instanceof HawserError || error instanceof PlanError ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  const stderr = error instanceof HawserError ? error.stderr : stderrOf(error);
  return {
    ...located(at),
    ...(error instanceof HawserError && error.source && (at.node ? { at: error.source } : { source: error.source })),
    message: redactor.text(message),
    ...(known?.hint !== undefined && { hint: redactor.text(known.hint) }),
    ...(stderr !== undefined && stderr !== "" && { stderr: redactor.text(stderr) }),
    ...(error instanceof Unreachable || error instanceof BecomeFailed ? { unreachable: true } : {}),
  };
}

/** zx's ProcessOutput carries the failed command's streams. */
function stderrOf(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && "stderr" in error && typeof error.stderr === "string" ? error.stderr : undefined;
}

/** What a failed command said last tells most. */
function lastLine(stderr: string): string {
  const line = stderr.trim().split("\n").at(-1)?.trim() ?? "";
  return line === "" ? "" : `: ${line.slice(0, 160)}`;
}

const FORBIDDEN = /permission denied|operation not permitted|are you root|must be root|need to be root|superuser privileges/i;

/**
 * A step that did not end with 0.
 * @param user The user that the session works as.
 */
export function stepFailure(result: StepResult, node: ResourceNode | HandlerNode, { host, user }: { readonly host: string; readonly user: string }, redactor: Redactor, limit?: number): Failure {
  const actor = node.user ?? user;
  const timedOut = result.result === "timed-out";
  const killed = result.result === "killed";
  return {
    ...located({ host, node }),
    message: timedOut ? `did not end within ${limit ?? "its"} s and was stopped` : killed ? "the host's shell was killed while this ran" : `exited ${result.code}${lastLine(redactor.text(result.err))}`,
    exitCode: result.code,
    stderr: redactor.text(result.err.trim()).slice(-KEPT),
    stdout: redactor.text(result.out.trim()).slice(-KEPT),
    ...(timedOut && { hint: "give it a longer `applyTimeout`, or look at what it waits for" }),
    ...(killed && { hint: KILLED_HINT }),
    ...(result.result === "failed" && actor !== "root" && FORBIDDEN.test(result.err) && { hint: forbiddenHint(node, actor) }),
  };
}

function forbiddenHint({ user }: ResourceNode | HandlerNode, actor: string): string {
  return user === undefined ? `${actor} may not do this: let the host \`become\` root in the inventory` : `${actor}, named by its \`runAs\`, may not do this`;
}
