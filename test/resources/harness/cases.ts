import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse, type ScalarTag } from "yaml";
import type { z } from "zod";
import { PlanError, type Change, type Kind, type KindContext, type Observed } from "../../../src/resources/contract.ts";
import type { Facts } from "../../../src/resources/facts.ts";
import { formatLook, parseLook, type Look } from "../../../src/resources/look.ts";
import { recorded, type RecordedName } from "../../../src/resources/recorded.ts";
import { Secret, Sh, Value } from "../../../src/shell/index.ts";
import { render } from "./scripts.ts";

interface Case {
  name: string;
  args: unknown;
  facts?: RecordedName;
  /** Fields that replace those of the recorded facts. */
  with?: Partial<Facts>;
  /** What the probe printed; `look` writes it as lookAt() does. */
  observed?: { out?: string; err?: string; code?: number; look?: Partial<Look> & { content?: string } };
  expect: {
    /** The probe's exact text. */
    probe?: string;
    /** The plan finds nothing to do. */
    none?: true;
    summary?: string;
    diff?: string;
    /** The apply's exact text, without the last newline. */
    apply?: string;
    /** Texts that stand in the apply. */
    applies?: string[];
    after?: Partial<Observed>;
    /** The content of a file as the look after the change shows it. */
    content?: string;
    merge?: { key: string; item: string };
    /** A text that the message or hint of the bad argument or PlanError holds. */
    error?: string;
    claims?: { target: string; part?: string }[];
    key?: string;
  };
}

const TAGS: ScalarTag[] = [
  { tag: "!secret", resolve: (text) => new Secret(text) },
  { tag: "!regexp", resolve: (text) => regexp(text) },
  { tag: "!base64", resolve: (text) => Buffer.from(text, "base64") },
  { tag: "!sh", resolve: (text) => Sh.raw(text) },
  { tag: "!pending", resolve: (text) => Value.pending(text).value },
];

function regexp(text: string): RegExp {
  const [, source = text, flags = ""] = /^\/(.*)\/([a-z]*)$/s.exec(text) ?? [];
  return new RegExp(source, flags);
}

/**
 * One test for each entry of `<kind>.cases.yaml` beside the tests. The tags `!secret`, `!regexp`, `!base64`, `!sh` and
 * `!pending` make what YAML cannot write.
 */
export function runCases<S extends z.ZodType>(kind: Kind<S>): void {
  const file = new URL(`../${kind.kind}.cases.yaml`, import.meta.url);
  const cases = parse(readFileSync(file, "utf8"), { customTags: TAGS }) as Case[];
  for (const one of cases) void test(`${kind.kind}: ${one.name}`, () => runCase(kind, one));
}

function runCase<S extends z.ZodType>(kind: Kind<S>, one: Case): void {
  const { expect } = one;
  const context: KindContext = { facts: recorded(one.facts ?? "debian-12", one.with) };
  if (expect.error !== undefined) {
    const wanted = expect.error;
    assert.throws(() => planCase(kind, one, context), (error: unknown) => {
      const said = error instanceof Error ? `${error.message}\n${error instanceof PlanError ? error.hint ?? "" : ""}` : String(error);
      assert.ok(said.includes(wanted), `expected an error with ${JSON.stringify(wanted)}, got ${JSON.stringify(said)}`);
      return true;
    });
    return;
  }
  const args = kind.args.parse(one.args);
  if (expect.key !== undefined) assert.equal(kind.key(args), expect.key);
  if (expect.claims !== undefined) assert.deepEqual(kind.claims(args), expect.claims);
  if (expect.probe !== undefined) assert.equal(render(kind.probe(args, context)).trimEnd(), expect.probe.trimEnd());
  if (one.observed === undefined) return;
  const change = planCase(kind, one, context);
  if (expect.none === true) {
    assert.equal(change, undefined, `expected no change, got: ${change?.summary}`);
    return;
  }
  assert.ok(change, "expected a change, got none");
  checkChange(change, one.args);
  if (expect.summary !== undefined) assert.equal(change.summary, expect.summary);
  if (expect.diff !== undefined) assert.equal(change.diff?.trimEnd(), expect.diff.trimEnd());
  if (change.apply !== undefined) {
    const text = render(change.apply);
    if (expect.apply !== undefined) assert.equal(text.trimEnd(), expect.apply.trimEnd());
    for (const part of expect.applies ?? []) assert.ok(text.includes(part), `${JSON.stringify(part)} is not in:\n${text}`);
  }
  if (expect.after !== undefined) assert.deepEqual(change.after, { out: "", err: "", code: 0, ...expect.after });
  if (expect.content !== undefined) {
    assert.ok(change.after, "expected an observation after the change");
    assert.equal(parseLook(change.after, "it").content?.toString("latin1"), Buffer.from(expect.content).toString("latin1"));
  }
  if (expect.merge !== undefined) assert.deepEqual({ key: change.merge?.key, item: change.merge?.item }, expect.merge);
}

function planCase<S extends z.ZodType>(kind: Kind<S>, one: Case, context: KindContext): Change | undefined {
  const args = kind.args.parse(one.args);
  const { look, ...rest } = one.observed ?? {};
  const observed = look === undefined ? { out: "", err: "", code: 0, ...rest } : formatLook(completeLook(look));
  return kind.plan(args, observed, context);
}

function completeLook(look: Partial<Look> & { content?: string | Buffer }): Look {
  const content = look.content === undefined ? undefined : Buffer.from(look.content);
  return { kind: "absent", mode: "0644", owner: "root", group: "root", size: content?.length ?? 0, sha256: undefined, link: undefined, ...look, content };
}

/** What holds for every change of every kind. */
export function checkChange(change: Change, args: unknown): void {
  assert.equal(change.apply !== undefined, change.run === undefined, "exactly one of apply and run is present");
  for (const secret of secretsIn(args)) {
    assert.ok(!change.summary.includes(secret), "the summary holds a secret");
    assert.ok(!change.diff?.includes(secret), "the diff holds a secret");
    if (change.apply !== undefined) {
      let revealed = false;
      change.apply.render(() => (revealed = true));
      assert.ok(revealed || !change.apply.render().includes(secret), "a secret stands in the apply, but not as a Secret");
    }
  }
}

function secretsIn(value: unknown): string[] {
  if (value instanceof Secret) return [value.reveal()];
  if (Array.isArray(value)) return value.flatMap(secretsIn);
  if (typeof value === "object" && value !== null && !(value instanceof Value)) return Object.values(value).flatMap(secretsIn);
  return [];
}
