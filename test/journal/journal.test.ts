import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { RunEvent, Unstamped } from "../../src/engine/events.ts";
import { findRun, hostsOf, Journal, lastHosts, pruneRuns, readJournal, resumable, runsFolder, runsIn, type Asked } from "../../src/journal/index.ts";

const ASKED: Asked = { verb: "run", playbook: "/p/site.ts", inventory: "/p/inventory", flags: { limit: "web" }, extraVars: ["token"] };
const source = { file: "/p/role.ts", line: 3, column: 5 };

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-journal-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, "runs");
}

const stamped = (event: Unstamped): RunEvent => ({ at: 1, ...event });
const START = stamped({ event: "start", playbook: "site", check: false, plays: ["one", "two"], hosts: ["a", "b", "c"] });
const PLAY = stamped({ event: "play", play: "one", index: 0, hosts: ["a", "b", "c"], roles: [] });
const resource = (host: string, id: string, extra: Partial<Extract<RunEvent, { event: "resource" }>> = {}): RunEvent => stamped({ event: "resource", host, play: "one", role: "r", id, kind: "file", outcome: "changed", summary: "create", diff: "+secret", source, ...extra });
const batch = (host: string, id: string, ...steps: string[][]): RunEvent => stamped({ event: "sent", host, play: "one", script: id, steps });
const over = (host: string, result: "done" | "failed" | "stopped" = "done", index = 0): RunEvent => stamped({ event: "host", host, play: "one", index, result });

/** A journal with these events, whose process has died: with `end` it has ended by itself. */
function written(folder: string, events: readonly RunEvent[], { end = false, id, dead = true }: { end?: boolean; id?: string; dead?: boolean } = {}): Journal {
  const journal = new Journal(folder, ASKED, assert.fail, id);
  for (const event of events) journal.on(event);
  if (end) journal.end();
  if (dead) writeFileSync(journal.file, readFileSync(journal.file, "utf8").replace(/"pid":\d+,"began":\d+/, '"pid":1,"began":0'));
  return journal;
}

describe("a run's journal", () => {
  it("lies where HAWSER_RUNS says, else below XDG_STATE_HOME, else below the home", () => {
    assert.equal(runsFolder({ HAWSER_RUNS: "/r", XDG_STATE_HOME: "/s", HOME: "/h" }), "/r");
    assert.equal(runsFolder({ XDG_STATE_HOME: "/s", HOME: "/h" }), "/s/hawser/runs");
    assert.equal(runsFolder({ HOME: "/h" }), "/h/.local/state/hawser/runs");
    assert.equal(runsFolder({ XDG_STATE_HOME: "relative", HOME: "/h" }), "/h/.local/state/hawser/runs");
  });

  it("is for its owner alone, and keeps what was done and neither diffs nor what is ok", (t) => {
    const folder = folderOf(t);
    const { file } = written(folder, [START, PLAY, resource("a", "r/file:/x"), resource("a", "r/file:/y", { outcome: "ok" }), stamped({ event: "phase", host: "a", phase: "done" })], { end: true });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    const text = readFileSync(file, "utf8");
    assert.match(text, /r\/file:\/x/);
    assert.doesNotMatch(text, /secret|file:\/y|phase/);
  });

  it("is there before the next thing happens", (t) => {
    const journal = written(folderOf(t), [START, batch("a", "batch-1", ["r/file:/x"])]);
    assert.match(readFileSync(journal.file, "utf8"), /batch-1/);
    journal.end();
  });

  it("refuses the run when it cannot be begun", (t) => {
    const folder = folderOf(t);
    writeFileSync(path.dirname(folder) + "/file", "");
    assert.throws(() => new Journal(`${path.dirname(folder)}/file/runs`, ASKED, assert.fail), /the run's journal cannot be written: ENOTDIR/);
  });

  it("tells of each host what was changed, what failed, and whether its last script is still open", (t) => {
    const { file } = written(folderOf(t), [
      START, PLAY,
      batch("a", "batch-1", ["r/file:/x"]), resource("a", "r/file:/x"), over("a"),
      batch("b", "batch-2", ["r/file:/x"], ["r/task:t"]), resource("b", "r/file:/x"),
      resource("c", "r/file:/x", { outcome: "failed", failure: { message: "no space", host: "c" } }), over("c", "failed"),
    ]);
    const run = readJournal(file);
    assert.equal(run.state, "cut");
    assert.deepEqual([...run.hosts].map(([host, { result, changed, failures }]) => [host, result, changed.length, failures.map(({ message }) => message), run.sent.get(host)?.script]), [
      ["a", "done", 1, [], undefined],
      ["b", undefined, 1, [], "batch-2"],
      ["c", "failed", 0, ["no space"], undefined],
    ]);
    assert.deepEqual((["failed", "unreachable", "changed", "unfinished"] as const).map((list) => hostsOf(list, run)), [["c"], [], ["a", "b"], ["b", "c"]]);
    const { sent, finished, carried } = resumable(run);
    assert.deepEqual(sent.get("b")?.steps, [[], ["r/task:t"]], "what is known to be done is not told again");
    assert.deepEqual([finished("a", 0), finished("a", 1), finished("b", 0)], [true, false, false]);
    assert.deepEqual(carried, [{ host: "a", index: 0 }]);
  });

  it("knows what one host has sent to another, and that the other took no part of its own", (t) => {
    const on = (id: string): RunEvent => resource("a", id, { on: "lb" });
    const { file } = written(folderOf(t), [START, PLAY, stamped({ event: "sent", host: "a", on: "lb", play: "one", script: "batch-9", steps: [["r/task:out"], ["r/task:in"]] }), on("r/task:out")]);
    const run = readJournal(file);
    assert.deepEqual([...run.hosts.keys()], ["a", "b", "c"]);
    assert.deepEqual([...run.sent], [["lb", { script: "batch-9", steps: [[], ["r/task:in"]] }]]);
  });

  it("is read also when its last line was cut", (t) => {
    const { file } = written(folderOf(t), [START, PLAY, over("a")]);
    appendFileSync(file, '{"at":3,"event":"resou');
    const run = readJournal(file);
    assert.equal(run.whole, false);
    assert.equal(run.hosts.get("a")?.result, "done");
  });

  for (const [name, events, state] of [
    ["ok", [START, stamped({ event: "recap", result: "ok", hosts: {}, pendingHandlers: {}, seconds: 1 })], "ok"],
    ["failed", [START, stamped({ event: "recap", result: "failed", hosts: {}, pendingHandlers: {}, seconds: 1 })], "failed"],
    ["interrupted", [START, stamped({ event: "recap", result: "failed", interrupted: true, hosts: {}, pendingHandlers: {}, seconds: 1 })], "interrupted"],
    ["without its recap", [START], "cut"],
  ] as const) {
    it(`says how a run ended: ${name}`, (t) => {
      assert.equal(readJournal(written(folderOf(t), events, { end: true }).file).state, state);
    });
  }

  it("knows a run that still goes on, and does not let it be resumed", (t) => {
    const journal = written(folderOf(t), [START], { dead: false });
    const run = readJournal(journal.file);
    assert.equal(run.state, "running");
    assert.throws(() => resumable(run), new RegExp(`the run ${journal.id} still goes on \\(process ${process.pid}\\)`));
    journal.end();
  });

  it("does not judge a run of another machine", (t) => {
    const journal = written(folderOf(t), [START], { end: true });
    writeFileSync(journal.file, readFileSync(journal.file, "utf8").replace(/"machine":"[^"]*"/, '"machine":"elsewhere"'));
    assert.throws(() => resumable(readJournal(journal.file)), /can only be seen on elsewhere/);
  });

  it("of a refused run says why, and there is nothing to go on with", (t) => {
    const folder = folderOf(t);
    const journal = new Journal(folder, ASKED, assert.fail);
    journal.end(new Error("--tags confg matches nothing"));
    const run = readJournal(journal.file);
    assert.equal(run.state, "refused");
    assert.throws(() => resumable(run), /refused before it touched a host: --tags confg matches nothing/);
  });
});

describe("the store of journals", () => {
  const three = (folder: string): string[] => ["20260101-000001-aaaa", "20260101-000002-bbbb", "20260102-000000-cccc"].map((id) => written(folder, [START], { end: true, id }).id);

  it("lists runs, the newest first, and leaves out what is no journal", (t) => {
    const folder = folderOf(t);
    assert.deepEqual([...runsIn(folder)], []);
    const ids = three(folder);
    writeFileSync(path.join(folder, "20260103-000000-dddd.jsonl"), "not one\n");
    assert.deepEqual([...runsIn(folder)].map(({ header }) => header.id), ids.toReversed());
    assert.throws(() => findRun(folder, "20260103"), /is no journal of a run/);
  });

  it("finds a run by the beginning of its id", (t) => {
    const folder = folderOf(t);
    three(folder);
    assert.equal(findRun(folder, "20260102").header.id, "20260102-000000-cccc");
    assert.throws(() => findRun(folder, "20260101"), /2 runs begin with 20260101/);
    assert.throws(() => findRun(folder, "2025"), /there is no run 2025/);
  });

  it("removes the oldest", (t) => {
    const folder = folderOf(t);
    const [oldest = ""] = three(folder);
    assert.equal(pruneRuns(folder, 2), 1);
    assert.ok(!existsSync(path.join(folder, `${oldest}.jsonl`)));
  });

  it("gives the hosts of the last run on an inventory, and refuses an empty list", (t) => {
    const folder = folderOf(t);
    assert.throws(() => lastHosts("failed", folder, "/p/inventory"), /there was no run on this inventory/);
    written(folder, [START, PLAY, resource("b", "r/file:/x")], { end: true });
    assert.deepEqual(lastHosts("changed", folder, "/p/inventory"), ["b"]);
    assert.throws(() => lastHosts("failed", folder, "/p/inventory"), /@failed names no host: the last run .* has none/);
    assert.throws(() => lastHosts("changed", folder, "/p/other"), /there was no run on this inventory/);
  });
});
