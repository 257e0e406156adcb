import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { fragment } from "../../src/engine/fragment.ts";
import { Remote } from "../../src/engine/remote.ts";
import { lookAt } from "../../src/resources/look.ts";
import { Sh } from "../../src/shell/index.ts";
import { LocalSession } from "./local-session.ts";

const look = (text: string) => fragment(Sh.raw(text), undefined, () => {});

/** A remote on this machine, and how many pieces each stream's answer came in. */
function remoteOn(t: TestContext, timeLooks: boolean): { remote: Remote; session: LocalSession; pieces: { out: number; err: number } } {
  const session = new LocalSession("here");
  t.after(() => session.close());
  const pieces = { out: 0, err: 0 };
  const request = session.request.bind(session);
  session.request = (script, options) =>
    request(script, {
      ...options,
      onStdout: (chunk) => {
        pieces.out += 1;
        options.onStdout(chunk);
      },
      onStderr: (chunk) => {
        pieces.err += 1;
        options.onStderr(chunk);
      },
    });
  return { remote: new Remote(session, { probeTimeout: 20, onConnection: () => {}, timeLooks }), session, pieces };
}

describe("the answer to looks", () => {
  const slow = Array.from({ length: 20 }, (_, i) => look(`printf 'out ${i}'; echo err ${i} >&2; sleep 0.02; exit ${i}`));

  it("comes in one piece, whatever the looks print and wherever", async (t) => {
    const { remote, pieces } = remoteOn(t, false);
    const seen = await remote.look(slow);
    assert.deepEqual(seen.map(({ seen }) => seen), slow.map((_, i) => ({ out: `out ${i}`, err: `err ${i}\n`, code: i })));
    assert.ok(pieces.out <= 3 && pieces.err <= 3, JSON.stringify(pieces));
    assert.ok(seen.every(({ seconds }) => seconds === undefined));
  });

  it("comes look by look where each look's time is asked for", async (t) => {
    const { remote, pieces } = remoteOn(t, true);
    const seen = await remote.look(slow);
    assert.ok(pieces.out >= slow.length, JSON.stringify(pieces));
    // How long is the machine's business: a busy one delivers several at a time.
    assert.deepEqual(seen.map(({ seconds }) => typeof seconds), seen.map((_, i) => (i === 0 ? "undefined" : "number")));
  });

  it("holds lines before the looks back from nothing: what they set stays set", async (t) => {
    const { remote, session } = remoteOn(t, false);
    const frames: string[] = [];
    await remote.look(slow.slice(0, 2), 'kept=yes; hw_m "L 0"\n', (label) => frames.push(label));
    assert.deepEqual(frames, ["L 0"]);
    const [kept] = await remote.look([look('printf %s "$kept"')]);
    assert.equal(kept?.seen.out, "yes");
    assert.equal(session.scripts.length, 2);
  });

  it("has more bytes than one piece may have, and more looks", async (t) => {
    const { remote } = remoteOn(t, false);
    const big = Array.from({ length: 70 }, (_, i) => look(`i=0; while [ $i -lt 40 ]; do printf '%0100d' ${i}; i=$((i + 1)); done`));
    const seen = await remote.look(big);
    assert.deepEqual(seen.map(({ seen }) => seen.out), big.map((_, i) => String(i).padStart(100, "0").repeat(40)));
  });

  it("reaches beyond the pieces: a file that needs a look of its own is looked at, in a batch too", async (t) => {
    const { remote, session } = remoteOn(t, false);
    const folder = path.join(session.folder, "files");
    mkdirSync(folder);
    const paths = Array.from({ length: 40 }, (_, i) => path.join(folder, String(i)));
    for (const [i, file] of paths.entries()) if (i % 3 > 0) writeFileSync(file, `content ${i}`);
    for (const file of [paths[0], paths[39]]) writeFileSync(file as string, "x".repeat(2_000_000));
    const looks = paths.map((file) => fragment(lookAt(file), undefined, () => {}));
    const alone = await new Remote(session, { probeTimeout: 20, onConnection: () => {} }).look(looks.slice(0, 1));
    const seen = await remote.look(looks);
    assert.deepEqual(seen[0]?.digest, alone[0]?.digest);
    assert.ok(seen.every((look) => look !== undefined));
    const batch = await remote.batch("batch-0", [], looks, { onBegin: () => {}, onDone: () => {}, onOutput: () => {}, limit: () => undefined });
    assert.deepEqual([...batch.looks.entries()].sort(([a], [b]) => a - b).map(([, { digest }]) => digest), seen.map(({ digest }) => digest));
    assert.equal(batch.looks.size, looks.length);
  });
});
