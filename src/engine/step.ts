import type { HandlerNode, ResourceNode } from "../dsl/items.ts";
import type { Change } from "../resources/contract.ts";
import { type HostContext, HostStopped, phase } from "./host-context.ts";

/** A change or a handler that is about to be applied; every text is redacted. */
export interface StepQuestion {
  readonly host: string;
  readonly play: string;
  readonly id: string;
  readonly summary: string;
  readonly diff?: string;
  /** True for a handler; one that is declined stays owed. */
  readonly handler: boolean;
}

/** `quit` stops the run for all hosts, as an interrupt does. */
export type StepAnswer = "apply" | "skip" | "quit";

/** Asked before each change, one question at a time. */
export type AskStep = (question: StepQuestion) => Promise<StepAnswer>;

/** Why a change was left out. */
export const DECLINED = "declined at --step";

/** Lets at most one question be open, and asks nothing more once somebody has quit. */
export function oneAtATime(ask: AskStep, onQuit: () => void): AskStep {
  let turn: Promise<unknown> = Promise.resolve();
  let over = false;
  return (question) => {
    const answer = turn.then(async () => {
      // What blocks declare as `always` is due also now.
      if (over) return "apply";
      const given = await ask(question);
      if (given !== "quit") return given;
      over = true;
      onQuit();
      return given;
    });
    turn = answer.catch(() => {});
    return answer;
  };
}

/** The answers for one host: each change and handler is asked about once, and again when something else is to be done. */
export class Stepper {
  readonly #answers = new Map<ResourceNode | HandlerNode, { readonly wants: boolean; readonly change: string }>();
  readonly #cx: HostContext;

  constructor(cx: HostContext) {
    this.#cx = cx;
  }

  /** Every change goes out by itself, so that what came of it is seen before the next question. */
  get on(): boolean {
    return this.#cx.ask !== undefined;
  }

  /** @throws HostStopped when the answer is to quit */
  async wants(node: ResourceNode | HandlerNode, change?: Change): Promise<boolean> {
    const { ask, redactor, host, play } = this.#cx;
    if (!ask) return true;
    const known = this.#answers.get(node);
    const what = `${change?.summary ?? ""}\0${change?.diff ?? ""}`;
    if (known && (!known.wants || known.change === what)) return known.wants;
    phase(this.#cx, "waiting", `for an answer about ${node.id}`);
    const answer = await ask({ host, play, id: node.id, summary: redactor.text(change?.summary ?? "run"), ...(change?.diff !== undefined && { diff: redactor.text(change.diff) }), handler: node.type === "handler" });
    if (answer === "quit") throw new HostStopped("stopped at --step", { host });
    this.#answers.set(node, { wants: answer === "apply", change: what });
    return answer === "apply";
  }
}
