import assert from "node:assert/strict";
import test from "node:test";
import { play, playbook } from "hawser";

const [first, second] = [play({ name: "first", hosts: "all" }), play({ name: "second", hosts: "all" })];
const names = (...plays: Parameters<typeof playbook>[1]): string[] => playbook(import.meta, plays).plays.map(({ name }) => name);

void test("a playbook within another stands for its plays", () => {
  assert.deepEqual(names(playbook(import.meta, [first]), second), ["first", "second"]);
});

void test("what two playbooks both begin with is there once, where the first has it", () => {
  const needed = playbook(import.meta, [first]);
  assert.deepEqual(names(needed, playbook(import.meta, [needed, second]), needed), ["first", "second"]);
});

void test("a play that a playbook itself names twice is there twice", () => {
  assert.deepEqual(names(first, second, first), ["first", "second", "first"]);
});
