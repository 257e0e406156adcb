import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { lane } from "../../src/dsl/lane.ts";
import { play, playbook } from "../../src/dsl/play.ts";
import { defineRole, fact, use } from "../../src/dsl/role.ts";
import { planOf } from "../../src/engine/plan-of.ts";
import { UsageError } from "../../src/errors/index.ts";
import { recorded } from "../../src/resources/recorded.ts";
import { sh } from "../../src/shell/index.ts";

const motd = defineRole(import.meta, {
  name: "motd",
  summary: "A message of the day.",
  vars: z.strictObject({ text: z.string(), loud: z.boolean().default(false) }),
  facts: () => ({ shells: fact(sh`wc -l < /etc/shells`, z.coerce.number()) }),
  tasks({ t, vars, facts }) {
    const file = t.file("/etc/motd", { content: `${vars.loud ? vars.text.toUpperCase() : vars.text} ${facts.shells}\n` });
    t.service("sshd", { state: "running", needs: [file] });
  },
});

test("planOf shows a role's commands without any host", () => {
  const planned = planOf(use(motd, { text: "hello", loud: true }), recorded("debian-12"), { roleFacts: { shells: 4 }, seen: { "motd/file:/etc/motd": { out: "absent\n", code: 0 } } });
  assert.deepEqual(planned.map(({ id }) => id), ["motd/file:/etc/motd", "motd/service:sshd.service"]);
  assert.equal(planned[0]?.summary, "create");
  assert.ok(planned[0]?.apply?.includes(Buffer.from("HELLO 4\n").toString("base64")));
});

test("planOf knows peers, and asks validate", () => {
  const mesh = defineRole(import.meta, {
    name: "mesh",
    summary: "Knows the others.",
    vars: z.strictObject({ port: z.number() }),
    validate: ({ vars, peers }) => {
      if (peers.some((peer) => peer.vars.port === vars.port)) throw new UsageError("one port twice");
    },
    tasks: ({ t, peers }) => peers.forEach((peer) => t.file(`/etc/mesh/${peer.host.name}`, { content: `${peer.vars.port}\n` })),
  });
  const peers = (port: number) => ({ peers: { other: { port } } });
  assert.deepEqual(planOf(use(mesh, { port: 1 }), recorded("debian-12"), peers(2)).map(({ id }) => id), ["mesh/file:/etc/mesh/other"]);
  assert.throws(() => planOf(use(mesh, { port: 1 }), recorded("debian-12"), peers(1)), /one port twice/);
  assert.throws(() => planOf(use(mesh, { port: 1 }), recorded("debian-12"), { peers: { other: {} } }), /vars of mesh: port/);
});

test("planOf refuses vars that do not fit", () => {
  assert.throws(() => planOf(use(motd, { txt: "x" } as never), recorded("debian-12")), /vars of motd/);
});

for (const [what, make, message] of [
  ["a role's name in capitals", () => defineRole(import.meta, { name: "Motd", summary: "", vars: z.strictObject({}), tasks: () => {} }), /lower case/],
  ["a lane without room", () => lane("x", 0), /width/],
  ["serial 0", () => play({ name: "p", hosts: "all", serial: 0 }), /serial/],
  ["serial 150%", () => play({ name: "p", hosts: "all", serial: "150%" }), /serial/],
  ["an empty pattern", () => play({ name: "p", hosts: " " }), /hosts is empty/],
  ["a failure share of 101%", () => play({ name: "p", hosts: "all", maxFailPercentage: 101 }), /0 to 100/],
  ["a playbook without plays", () => playbook(import.meta, []), /no plays/],
] as const) {
  test(`${what} is refused where it is written`, () => {
    assert.throws(make, (error: Error & { source?: { file: string } }) => message.test(error.message) && (error.source === undefined || error.source.file.endsWith("role.test.ts")));
  });
}

test("a playbook in a playbook stands for its plays", () => {
  const inner = playbook(import.meta, [play({ name: "a", hosts: "all" }), play({ name: "b", hosts: "all" })]);
  assert.deepEqual(playbook(import.meta, [inner, play({ name: "c", hosts: "all" })]).plays.map(({ name }) => name), ["a", "b", "c"]);
});
