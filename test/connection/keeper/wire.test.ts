import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { FrameReader, Kind, send, type Frame } from "../../../src/connection/keeper/frames.ts";
import { errorFromWire, errorToWire, fromWire, toWire } from "../../../src/connection/keeper/wire.ts";
import { ConnectionLost, HostKeyRefused, Unreachable } from "../../../src/connection/errors.ts";
import type { Hop } from "../../../src/connection/hop.ts";
import { HawserError, UsageError } from "../../../src/errors/index.ts";
import { Secret } from "../../../src/shell/index.ts";

/** What `send` writes, as bytes. */
function written(kind: Kind, body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  const socket = { cork: () => {}, uncork: () => {}, write: (chunk: Buffer) => chunks.push(chunk), writableNeedDrain: false };
  send(socket as unknown as Socket, kind, body);
  return Buffer.concat(chunks);
}

describe("between a run and the keeper", () => {
  it("frames arrive whole, wherever the stream is cut", () => {
    const bodies: [Kind, Buffer][] = [[Kind.message, Buffer.from("{}")], [Kind.data, Buffer.alloc(0)], [Kind.error, Buffer.from("e")], [Kind.end, Buffer.alloc(0)], [Kind.data, Buffer.from("last")]];
    const stream = Buffer.concat(bodies.map(([kind, body]) => written(kind, body)));
    for (let size = 1; size <= stream.length; size += 1) {
      const reader = new FrameReader();
      const frames: Frame[] = [];
      for (let at = 0; at < stream.length; at += size) frames.push(...reader.push(stream.subarray(at, at + size)));
      assert.deepEqual(frames.map(({ kind, body }) => [kind, body.toString()]), bodies.map(([kind, body]) => [kind, body.toString()]));
    }
  });

  it("much data travels in small frames, and stays what it was", () => {
    const body = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251));
    const frames = [...new FrameReader().push(written(Kind.data, body))];
    assert.equal(frames.length, 4);
    assert.deepEqual(Buffer.concat(frames.map((frame) => frame.body)), body);
  });

  it("what is no frame is an error", () => {
    assert.throws(() => [...new FrameReader().push(Buffer.from("GET / HTTP/1.1\r\n"))], /not a frame/);
    assert.throws(() => [...new FrameReader().push(Buffer.from([0, 255, 0, 0, 0]))], /not a frame/);
  });

  it("errors keep their class and all that they say", () => {
    const details = { hint: "h", host: "web1", stderr: "s", resource: "r", source: { file: "f", line: 1, column: 2 }, cause: Object.assign(new Error("why"), { code: "ECONNREFUSED" }) };
    for (const Type of [HostKeyRefused, Unreachable, ConnectionLost, UsageError, HawserError]) {
      const error = new Type("what", details);
      const again = errorFromWire(JSON.parse(JSON.stringify(errorToWire(error))) as ReturnType<typeof errorToWire>) as HawserError;
      assert.equal(again.constructor, Type);
      assert.deepEqual([again.name, again.message, again.hint, again.host, again.stderr, again.resource, again.source], [error.name, "what", "h", "web1", "s", "r", details.source]);
      assert.equal((again.cause as Error).message, "why");
      assert.equal((again.cause as NodeJS.ErrnoException).code, "ECONNREFUSED");
    }
    assert.equal(errorFromWire(errorToWire(new TypeError("a mistake"))).message, "a mistake");
  });

  it("secrets arrive, and are secrets again", () => {
    const hop = { label: "web1", address: "h", port: 22, password: new Secret("pw"), passphrase: undefined } as Hop;
    const [again] = fromWire(JSON.parse(JSON.stringify(toWire([hop]))) as ReturnType<typeof toWire>);
    assert.ok(again?.password instanceof Secret);
    assert.equal(again.password.reveal(), "pw");
    assert.equal(again.passphrase, undefined);
    assert.equal(again.label, "web1");
  });
});
