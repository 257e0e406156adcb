/**
 * hawser's public API: what roles and playbooks import, and how other programs run them.
 * @packageDocumentation
 */
import type { Playbook } from "./dsl/play.ts";
import { type RunEvent } from "./engine/events.ts";
import { runPlaybook } from "./engine/run.ts";
import type { RunOptions as EngineOptions } from "./engine/run-options.ts";
import { answer, type Answer } from "./dsl/prompts.ts";
import { connectTo } from "./connect.ts";
import { Inventory, loadInventory } from "./inventory/index.ts";

export { z } from "zod";
export { encryptAge } from "./inventory/age.ts";
export { defineConfig, type HawserConfig } from "./config.ts";
export * as ansible from "./ansible/index.ts";
export { HawserError, UsageError, type SourceLine } from "./errors/index.ts";
export { Secret, Sh, sh, Value, type Late } from "./shell/index.ts";
export { defineResource, PlanError, type Change, type Kind, type Observed, type Prediction, type Upstream } from "./resources/contract.ts";
export { late, secret } from "./resources/args.ts";
export { recorded } from "./resources/recorded.ts";
export { yamlText } from "./resources/yaml-text.ts";
export type { Facts } from "./resources/facts.ts";
export { artifact, type Artifact } from "./dsl/artifact.ts";
export { defineRole, fact, use, varsOf, type DrillInput, type HostView, type Listener, type Member, type PlayVars, type Role, type RoleInput, type Use, type ValidateInput, type VerifyInput } from "./dsl/role.ts";
export { play, playbook, type Play, type Playbook, type PlaybookOptions, type Serial } from "./dsl/play.ts";
export type { GatedBatch, PlayGate } from "./dsl/play-gate.ts";
export type { Answer, Prompt, Prompts } from "./dsl/prompts.ts";
export { lane, type Lane } from "./dsl/lane.ts";
export type { Tasks } from "./dsl/tasks.ts";
export type { Limit, Measured, Measurement, Verifier } from "./dsl/verifier.ts";
export type { DrillPlan } from "./dsl/drill-plan.ts";
export type { CommonOptions } from "./dsl/options.ts";
export type { HandlerNode, ResourceNode } from "./dsl/items.ts";
export { planOf, type PlannedResource } from "./engine/plan-of.ts";
export type { Failure, HostCounts, Outcome, RunEvent } from "./engine/events.ts";
export type { Selection } from "./engine/selection.ts";
export { defineInventory, Inventory, InventoryError, loadInventory, PatternError } from "./inventory/index.ts";
export type { InventoryContext, InventoryDefinition, InventoryGroupSource, InventorySource, InventoryValue, InventoryVars } from "./inventory/index.ts";

export interface RunOptions extends Partial<Omit<EngineOptions, "inventory">> {
  /** A loaded inventory, or the path of one. */
  readonly inventory: Inventory | string;
  /** Answers to the playbook's prompts, by name, where `inventory` is a path: nothing is asked. */
  readonly answers?: Readonly<Record<string, Answer>>;
}

/**
 * Runs a playbook; the events come as they happen, the last is the recap.
 * Ending the loop early interrupts the run after the current batch.
 * @throws UsageError, InventoryError before any host was changed
 * @example for await (const event of run(site, { inventory: "inventory/production", check: true })) console.log(event)
 */
export async function* run(playbook: Playbook, options: RunOptions): AsyncGenerator<RunEvent, void, void> {
  const given = new Map<string, unknown>(Object.entries(options.answers ?? {}));
  const inventory = typeof options.inventory === "string" ? await loadInventory(options.inventory, { answer: () => answer(playbook.prompts, given) }) : options.inventory;
  const connections = options.connect ? undefined : connectTo(inventory);
  const interrupt = new AbortController();
  const queue: RunEvent[] = [];
  let wake = (): void => {};
  const state = { over: false };
  const done = runPlaybook(
    playbook,
    { ...options, inventory, connect: options.connect ?? (connections as NonNullable<typeof connections>).open, interrupt: options.interrupt ? AbortSignal.any([options.interrupt, interrupt.signal]) : interrupt.signal },
    (event) => {
      queue.push(event);
      wake();
    },
  ).finally(() => {
    state.over = true;
    wake();
  });
  try {
    while (!state.over || queue.length > 0) {
      const event = queue.shift();
      if (event) yield event;
      else if (!state.over) {
        // oxlint-disable-next-line promise/avoid-new
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    interrupt.abort();
    try {
      await done;
    } finally {
      await connections?.close();
    }
  }
}
