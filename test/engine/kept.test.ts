import assert from "node:assert/strict";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { KeptFiles } from "../../src/inventory/index.ts";
import { file } from "../../src/resources/file.ts";
import { sh } from "../../src/shell/index.ts";
import { use } from "../../src/dsl/role.ts";
import { roleOf, runPlays, runTasks, scratch } from "./harness.ts";

async function keeping(folder: string): Promise<KeptFiles> {
  const identity = await generateIdentity();
  writeFileSync(`${folder}/recipients.txt`, `# the operators\n${await identityToRecipient(identity)}\n`);
  writeFileSync(`${folder}/age.txt`, `${identity}\n`, { mode: 0o600 });
  return new KeptFiles(folder, { HAWSER_AGE_IDENTITY: `${folder}/age.txt` });
}

const initTasks = (dir: string): Parameters<typeof runTasks>[0] => ({ t }) => {
  const keys = t.kept("keys", z.object({ root: z.string() }));
  t.task("init", {
    check: sh`[ -e ${dir}/initialised ]`,
    makes: keys,
    apply: async ({ $ }) => {
      await $`touch ${dir}/initialised`;
      return { root: "s.once-only-token" };
    },
  });
  t.add(file, { path: `${dir}/token`, content: keys.value.map(({ root }) => root) });
};

test("an output that exists once is kept encrypted, used at once and by the next run", async (t) => {
  const [dir, folder] = [scratch(t), scratch(t)];
  const kept = await keeping(folder);
  const ran = await runTasks(initTasks(dir), { kept });
  assert.equal(ran.recap.result, "ok", JSON.stringify(ran.events.filter((event) => event.event === "resource" && event.failure)));
  assert.equal(readFileSync(`${dir}/token`, "utf8"), "s.once-only-token");
  const stored = readFileSync(`${folder}/kept/h1/r/keys.age`, "utf8");
  assert.match(stored, /BEGIN AGE ENCRYPTED FILE/);
  assert.ok(!JSON.stringify(ran.events).includes("once-only-token"));
  rmSync(`${dir}/token`);
  const again = await runTasks(initTasks(dir), { kept });
  assert.equal(again.outcomes()["task:init"], "ok");
  assert.equal(readFileSync(`${dir}/token`, "utf8"), "s.once-only-token");
});

test("without recipients nothing is done on any host, unless what makes the output is left out", async (t) => {
  const [dir, folder] = [scratch(t), scratch(t)];
  const kept = new KeptFiles(folder);
  const before = { name: "before", hosts: "all", roles: [use(roleOf(({ t: tasks }) => void tasks.add(file, { path: `${dir}/first`, content: "" })))] };
  const making = { name: "p", hosts: "all", roles: [use(roleOf(initTasks(dir), { name: "maker" }))] };
  for (const plays of [[making], [before, making]]) await assert.rejects(runPlays(plays, { kept }), /nobody to be kept for/);
  assert.deepEqual(readdirSync(dir), []);
  const checked = await runPlays([before, making], { kept, check: true });
  assert.equal(checked.recap.result, "ok");
  assert.equal((await runPlays([before, making], { kept, selection: { roles: ["r"] } })).recap.result, "ok");
  assert.deepEqual(readdirSync(dir), ["first"]);
});

test("a key that does not open what is kept for a later play is refused before the first changes anything", async (t) => {
  const [dir, folder, other] = [scratch(t), scratch(t), scratch(t)];
  const kept = await keeping(folder);
  assert.equal((await runTasks(initTasks(dir), { kept })).recap.result, "ok");
  await keeping(other);
  const plays = [
    { name: "before", hosts: "all", roles: [use(roleOf(({ t: tasks }) => void tasks.add(file, { path: `${dir}/first`, content: "" }), { name: "first" }))] },
    { name: "p", hosts: "all", roles: [use(roleOf(initTasks(dir)))] },
  ];
  await assert.rejects(runPlays(plays, { kept: new KeptFiles(folder, { HAWSER_AGE_IDENTITY: `${other}/age.txt` }) }), { name: "UsageError", message: /kept\/h1\/r\/keys\.age cannot be opened: / });
  assert.ok(!existsSync(`${dir}/first`));
});

test("output that could not be saved waits encrypted on the host; the next run fetches it and does not repeat", async (t) => {
  const [dir, folder] = [scratch(t), scratch(t)];
  const kept = await keeping(folder);
  const folders = new Map<string, string>();
  const broken = Object.assign(Object.create(kept) as KeptFiles, {
    prove: () => kept.prove(),
    encrypt: (text: string) => kept.encrypt(text),
    load: (name: string) => kept.load(name),
    save: async () => {
      throw new Error("the disk is full");
    },
  });
  const first = await runTasks(initTasks(dir), { kept: broken, folders });
  assert.match(first.event("task:init").failure?.message ?? "", /could not be saved here: the disk is full/);
  const [copy = ""] = readdirSync(`${folders.get("h1")}/state/kept`);
  assert.match(readFileSync(`${folders.get("h1")}/state/kept/${copy}`, "utf8"), /BEGIN AGE/);
  const second = await runTasks(initTasks(dir), { kept, folders });
  assert.equal(second.recap.result, "ok");
  assert.equal(second.outcomes()["task:init"], "ok");
  assert.equal(readFileSync(`${dir}/token`, "utf8"), "s.once-only-token");
  assert.deepEqual(readdirSync(`${folders.get("h1")}/state/kept`), []);
});

test("done but not kept is said, not repeated", async (t) => {
  const [dir, folder] = [scratch(t), scratch(t)];
  writeFileSync(`${dir}/initialised`, "");
  const ran = await runTasks(initTasks(dir), { kept: await keeping(folder) });
  assert.equal(ran.outcomes()["task:init"], "ok");
  assert.match(ran.event(`file:${dir}/token`).failure?.message ?? "", /was done before, but its output is not kept/);
});
