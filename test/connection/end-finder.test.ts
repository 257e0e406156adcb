import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EndFinder } from "../../src/connection/end-finder.ts";
import { until } from "./run.ts";

/** What is passed on of chunks that come one by one, each after `settle`. */
async function passed(chunks: readonly string[], live: boolean, settle: () => Promise<unknown> = () => Promise.resolve()): Promise<{ text: string; ended: boolean }> {
  let text = "";
  let ended = false;
  const finder = new EndFinder("END", (chunk) => void (text += chunk.toString()), () => void (ended = true), live);
  for (const chunk of chunks) {
    finder.push(Buffer.from(chunk));
    await settle();
  }
  return { text, ended };
}

const cuts = (text: string): string[][] => [[text], text.split(""), ...Array.from(text, (_, i) => [text.slice(0, i), text.slice(i)])];

describe("the end of a script's output", () => {
  for (const live of [false, true]) {
    it(`is found wherever the chunks are cut${live ? ", also when somebody looks on" : ""}`, async () => {
      for (const chunks of cuts("a\nb\n\nEN\nEND\nrest")) assert.deepEqual(await passed(chunks, live), { text: "a\nb\n\nEN", ended: true }, JSON.stringify(chunks));
    });
  }

  it("holds the newline of a last line back, unless somebody looks on", async () => {
    assert.equal((await passed(["line\n"], false)).text, "line");
    let text = "";
    const finder = new EndFinder("END", (chunk) => void (text += chunk.toString()), () => {}, true);
    finder.push(Buffer.from("line\n"));
    await until(() => text === "line\n");
    finder.push(Buffer.from("more\n"));
    await until(() => text === "line\nmore\n");
    finder.push(Buffer.from("EN"));
    await until(() => text === "line\nmore\nEN");
    finder.push(Buffer.from("D no\n\nEND\n"));
    assert.equal(text, "line\nmore\nEND no\n");
    assert.ok(finder.ended);
  });

  it("is found behind what was shown already", async () => {
    let text = "";
    const finder = new EndFinder("END", (chunk) => void (text += chunk.toString()), () => {}, true);
    finder.push(Buffer.from("x\nE"));
    await until(() => text === "x\nE");
    finder.push(Buffer.from("ND\n"));
    assert.ok(finder.ended);
    assert.equal(text, "x\nE");
  });
});
