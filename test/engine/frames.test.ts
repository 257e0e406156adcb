import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { FrameReader } from "../../src/engine/frames.ts";

const MARK = "hw0123456789abcdef01";

function read(chunks: readonly Buffer[]): { frames: [string, Buffer][]; text: string } {
  const frames: [string, Buffer][] = [];
  let text = "";
  const reader = new FrameReader(MARK, (label, body) => frames.push([label, body]), (chunk) => (text += chunk.toString()));
  for (const chunk of chunks) reader.push(chunk);
  return { frames, text };
}

test("bodies of any bytes come out whole, however the stream is cut", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), fc.integer({ min: 1, max: 40 }), (bodies, size) => {
      const stream = Buffer.concat(bodies.flatMap((body, i) => [Buffer.from(body), Buffer.from(`\n${MARK} P ${i} 0;`)]));
      const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) => stream.subarray(i * size, (i + 1) * size));
      const { frames } = read(chunks);
      assert.deepEqual(frames.map(([label]) => label), bodies.map((_, i) => `P ${i} 0`));
      frames.forEach(([, body], i) => assert.deepEqual(Buffer.from(body), Buffer.from(bodies[i] as Uint8Array)));
    }),
  );
});

test("lines are shown before their frame ends, each once", () => {
  const { text, frames } = read([Buffer.from("one\ntw"), Buffer.from("o\nthree"), Buffer.from(`\n${MARK} A 0 0;`)]);
  assert.equal(text, "one\ntwo\nthree");
  assert.equal(frames[0]?.[1].toString(), "one\ntwo\nthree");
});

test("a large output costs linear time", () => {
  const chunk = Buffer.alloc(16_384, "x");
  const began = process.cpuUsage();
  const { frames } = read([...Array.from({ length: 2_000 }, () => chunk), Buffer.from(`\n${MARK} P 0 0;`)]);
  assert.equal(frames[0]?.[1].length, 2_000 * 16_384);
  assert.ok(process.cpuUsage(began).user < 5_000_000, "32 MB in under 5 s of CPU");
});
