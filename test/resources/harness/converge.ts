import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { z } from "zod";
import { PlanError, type Change, type Kind, type Observed } from "../../../src/resources/contract.ts";
import type { Facts } from "../../../src/resources/facts.ts";
import { recorded } from "../../../src/resources/recorded.ts";
import { checkChange } from "./cases.ts";
import type { TestHost } from "./host.ts";
import { render } from "./scripts.ts";

export interface Applied {
  readonly before: Observed;
  readonly change: Change | undefined;
  /** What the apply said; undefined when there was nothing to do. */
  readonly applied: Observed | undefined;
  readonly now: Observed;
}

/** Looks, plans, applies and looks again, once. Asserts nothing about success. */
export function attempt<S extends z.ZodType>(kind: Kind<S>, rawArgs: z.input<S>, host: TestHost, facts: Facts = recorded("debian-12")): Applied {
  const args = kind.args.parse(rawArgs);
  const context = { facts };
  const probe = render(kind.probe(args, context));
  const before = host.run(probe);
  const change = kind.plan(args, before, context);
  if (change === undefined) return { before, change, applied: undefined, now: before };
  checkChange(change, rawArgs);
  assert.ok(change.apply, "converge() runs shell changes only");
  const state = mkdtempSync("/tmp/hawser-state-");
  mkdirSync(`${state}/stage`);
  for (const { content, name } of change.uploads ?? []) {
    const path = `${state}/stage/${name}`;
    if (Buffer.isBuffer(content)) writeFileSync(path, content, { mode: 0o600 });
    else copyFileSync(content.localFile, path);
  }
  const applied = host.run(`hw_state=${state}\n${render(change.apply)}`, { setE: true });
  rmSync(state, { recursive: true });
  return { before, change, applied, now: host.run(probe) };
}

/** Applies for real, and asserts that it succeeded, that a second plan finds nothing, and that `after` was right. */
export function converge<S extends z.ZodType>(kind: Kind<S>, rawArgs: z.input<S>, host: TestHost, facts: Facts = recorded("debian-12")): Applied {
  const done = attempt(kind, rawArgs, host, facts);
  const { change, applied, now } = done;
  if (applied !== undefined) assert.equal(applied.code, 0, `the apply failed: ${applied.err}`);
  const again = kind.plan(kind.args.parse(rawArgs), now, { facts });
  assert.equal(again, undefined, `did not converge: ${again?.summary}; the host shows ${JSON.stringify(now)}; the apply said ${applied?.err}`);
  if (change?.after !== undefined && kind.compares !== "code") assert.deepEqual({ out: now.out, code: now.code }, { out: change.after.out, code: change.after.code });
  return done;
}

/** Expects the plan to be refused, and returns the refusal. */
export function refused<S extends z.ZodType>(kind: Kind<S>, rawArgs: z.input<S>, host: TestHost, facts: Facts = recorded("debian-12")): PlanError {
  const args = kind.args.parse(rawArgs);
  const observed = host.run(render(kind.probe(args, { facts })));
  try {
    kind.plan(args, observed, { facts });
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "the plan was not refused" });
}
