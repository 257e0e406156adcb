import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import type { AssertionEvent, Verified, VerifyEvent } from "../../src/engine/events.ts";
import { humanVerifyReporter, jsonVerifyReporter, verifyExitCode, type VerifyReporter } from "../../src/report/index.ts";

const source = { file: "/site/roles/gre/role.ts", line: 12, column: 5 };
const asserted = (changes: Partial<AssertionEvent>): AssertionEvent => ({ event: "assertion", host: "la-1", role: "gre", name: "round trip over gre1", value: 84.612_34, unit: "ms", limit: "<= 120", ok: true, source, ...changes });
const verified = (changes: Partial<Verified> = {}): Verified => ({ asserted: 2, broken: 0, unreachable: [], failed: [], hosts: 2, seconds: 3.2, ...changes });

async function text(make: (stream: NodeJS.WritableStream) => VerifyReporter, events: readonly VerifyEvent[], end: Verified): Promise<string> {
  let out = "";
  const reporter = make(new Writable({ write: (chunk: Buffer, _, done) => {
    out += chunk.toString();
    done();
  } }));
  for (const event of events) reporter.on(event);
  await reporter.end(end);
  return out;
}
const human = (events: readonly VerifyEvent[], end: Verified) => text((stream) => humanVerifyReporter(stream, { color: false, cwd: "/site" }), events, end);

test("people get a table, numbers under one another, and one line that says it all", async () => {
  assert.equal(
    await human([asserted({}), asserted({ host: "*", role: "keepalived", name: "holders", value: 1, unit: "", limit: "= 1" })], verified()),
    `
    host  role        assertion             measured      limit
  ✔ la-1  gre         round trip over gre1     84.61  ms  <= 120
  ✔ all   keepalived  holders                      1      = 1

2 limits kept on 2 hosts: everything works as the roles assert (3.2 s)
`,
  );
});

test("what is broken comes first, with why, where it is asserted and what to try", async () => {
  const broken = asserted({ host: "sg-1", name: "loss over gre1", value: null, unit: "%", limit: "<= 1", ok: false, cause: "the probe exited 2: no route", hint: "ip route get 10.255.0.1" });
  assert.equal(
    await human([asserted({}), broken], verified({ broken: 1 })),
    `
    host  role  assertion             measured      limit
  ✖ sg-1  gre   loss over gre1         nothing      <= 1
      the probe exited 2: no route
      asserted at roles/gre/role.ts:12:5
      try: ip route get 10.255.0.1
  ✔ la-1  gre   round trip over gre1     84.61  ms  <= 120

1 of 2 limits broken on sg-1: mend what is marked ✖ and verify again (3.2 s)
`,
  );
});

test("hosts that could not be looked at are named in the last line", async () => {
  const out = await human([{ event: "failure", failure: { message: "no answer", host: "sg-1", unreachable: true } }, asserted({})], verified({ asserted: 1, unreachable: ["sg-1"] }));
  assert.match(out, /sg-1\s+✖ unreachable\n\s+no answer/);
  assert.match(out, /^1 limit kept; sg-1 could not be looked at: check the connection and verify again \(3\.2 s\)$/m);
});

test("programs get a line for each assertion, its keys in a fixed order", async () => {
  const out = await text(jsonVerifyReporter, [asserted({}), asserted({ value: null, ok: false, cause: "nothing", hint: "look" })], verified());
  assert.deepEqual(out.trimEnd().split("\n"), [
    '{"event":"assertion","host":"la-1","role":"gre","name":"round trip over gre1","value":84.61234,"unit":"ms","limit":"<= 120","ok":true}',
    '{"event":"assertion","host":"la-1","role":"gre","name":"round trip over gre1","value":null,"unit":"ms","limit":"<= 120","ok":false,"cause":"nothing","hint":"look"}',
  ]);
});

test("a broken limit wins over a host that cannot be reached", () => {
  assert.equal(verifyExitCode(verified()), 0);
  assert.equal(verifyExitCode(verified({ unreachable: ["a"] })), 4);
  assert.equal(verifyExitCode(verified({ failed: ["a"] })), 2);
  assert.equal(verifyExitCode(verified({ unreachable: ["a"], broken: 1 })), 2);
});
