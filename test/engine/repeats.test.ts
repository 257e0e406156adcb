import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { array, assert as hold, constantFrom, property } from "fast-check";
import { Repeats } from "../../src/engine/repeats.ts";

const BOILERPLATE = `if [ -f "$p" ]; then\nstat -c '%a' "$p"\nelse echo absent; fi`;
const texts = Array.from({ length: 40 }, (_, i) => `p=/srv/${i}\n${BOILERPLATE}`);

/** What a shell makes of the words. */
function read(given: readonly string[], shell: readonly string[]): string[] {
  const repeats = new Repeats(given);
  const script = `${repeats.definitions}${given.map((text) => `printf '%s\\0' ${repeats.word(text)}\n`).join("")}`;
  const { stdout, stderr } = spawnSync(shell[0] as string, [...shell.slice(1), "-c", script]);
  assert.equal(stderr.toString(), "");
  return stdout.toString().split("\0").slice(0, -1);
}

void test("what repeats is sent once", () => {
  const repeats = new Repeats(texts);
  assert.equal(repeats.definitions, `hw_0='${BOILERPLATE.replaceAll("'", `'\\''`)}'\n`);
  assert.equal(repeats.word(texts[3] as string), `'p=/srv/3\n'"$hw_0"`);
});

void test("what stands alone, or is short, stays where it is", () => {
  const repeats = new Repeats(["true", "true", "a\nb\n", "echo 'one'\n"]);
  assert.equal(repeats.definitions, "");
  assert.deepEqual(["true", "a\nb\n", ""].map((text) => repeats.word(text)), ["true", "'a\nb\n'", "''"]);
});

void test("a text that occurs twice as a whole is one variable", () => {
  const repeats = new Repeats([BOILERPLATE, BOILERPLATE]);
  assert.equal(repeats.word(BOILERPLATE), '"$hw_0"');
});

for (const shell of [["dash"], ["bash"], ["busybox", "ash"]]) {
  void test(`${shell.join(" ")} reads exactly the texts that were given`, () => {
    const line = constantFrom("", "a", `echo "it's $x" \\`, "  printf '%s\\n' `date` # a comment that is long enough", BOILERPLATE, "hw_0=a variable that looks like one of ours");
    const some = array(array(line, { maxLength: 6 }).map((lines) => lines.join("\n")), { minLength: 1, maxLength: 6 });
    hold(property(some, (given) => assert.deepEqual(read(given, shell), given)), { numRuns: 30 });
  });
}
