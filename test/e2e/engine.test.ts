import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { defineRole, play, playbook, sh, use, z, type Inventory, type Playbook, type Selection } from "hawser";
import { bookOf, E2eLab, follow, skip, type Said } from "./engine-fixture.ts";

const lab = new E2eLab("e2e-engine", "198.18.59", { one: "debian", two: "el" });
const HOSTS = ["one", "two"] as const;

void describe("a run on real hosts", { skip }, () => {
  let inventory: Inventory;
  before(async () => {
    await lab.up();
    inventory = await lab.inventory();
  }, { timeout: 300_000 });
  after(() => lab.down());

  const changed = (said: Said, host: string): string[] => [...said.of(host)].filter(([, { outcome }]) => outcome === "changed").map(([id]) => id);
  const there = async (host: string): Promise<string[]> => (await lab.exec(host, "cd /srv; ls")).split("\n").filter((name) => name !== "");

  void test("reboots when it is due, goes on afterwards with new facts, and not a second time", { timeout: 120_000 }, async () => {
    await Promise.all(HOSTS.map((host) => lab.exec(host, "cat /proc/sys/kernel/random/boot_id >/root/boot; touch /root/reboot-me")));
    const book = bookOf(({ t }) => {
      t.file("/root/before", { content: "before\n" });
      const back = t.reboot("asked for", { marker: "/root/reboot-me", within: 60 });
      t.task("on the new boot", { check: sh`[ -e /root/after ]`, apply: sh`! cmp -s /root/boot /proc/sys/kernel/random/boot_id && touch /root/after`, needs: [back] });
      t.service("cron", { state: "running" });
    });
    const said = await follow(book, { inventory, check: true });
    for (const host of HOSTS) assert.equal(said.of(host).get("reboot:asked for")?.outcome, "would-change");
    const run = await follow(book, { inventory });
    assert.equal(run.recap.result, "ok", run.trouble);
    for (const host of HOSTS) assert.deepEqual(changed(run, host), ["file:/root/before", "reboot:asked for", "task:on the new boot"], host);
    const again = await follow(book, { inventory });
    for (const host of HOSTS) assert.deepEqual(changed(again, host), []);
  });

  void test("a package that two roles need is installed once and counted once, as the check said", { timeout: 90_000 }, async () => {
    const role = (name: string) => use(defineRole(import.meta, { name, summary: "", vars: z.strictObject({}), tasks: ({ t }) => void t.package("tree") }), {});
    const book = playbook(import.meta, [play({ name: "both", hosts: "one", roles: [role("first"), role("second")] })]);
    const [check, run] = [await follow(book, { inventory, check: true }), await follow(book, { inventory })];
    assert.equal(run.recap.result, "ok", run.trouble);
    const outcomes = ({ events }: Said): string[] => events.flatMap((event) => (event.event === "resource" ? [`${event.id} ${event.outcome}`] : []));
    assert.deepEqual(outcomes(check), ["first/package:tree would-change", "second/package:tree ok"]);
    assert.deepEqual(outcomes(run), ["first/package:tree changed", "second/package:tree ok"]);
  });

  void describe("of a part alone", () => {
    const parts = (): Playbook => bookOf(({ t }) => {
      t.file("/srv/first", { content: "1\n", tags: ["config"] });
      t.file("/srv/second", { content: "2\n", tags: ["config", "late"] });
      t.file("/srv/third", { content: "3\n" });
      t.file("/srv/always", { content: "4\n", tags: ["always"] });
      t.file("/srv/never", { content: "5\n", tags: ["never"] });
    });
    const rows: readonly (readonly [name: string, options: { readonly selection?: Selection; readonly limit?: string }, one: readonly string[], two?: readonly string[]])[] = [
      ["nothing chosen", {}, ["always", "first", "second", "third"]],
      ["--limit", { limit: "two" }, [], ["always", "first", "second", "third"]],
      ["--tags", { selection: { tags: ["config"] } }, ["always", "first", "second"]],
      ["--tags of a never", { selection: { tags: ["never"] } }, ["always", "never"]],
      ["--skip-tags", { selection: { skipTags: ["late"] } }, ["always", "first", "third"]],
      ["--start-at", { selection: { startAt: "file:/srv/third" } }, ["always", "third"]],
      ["--tags and --limit", { selection: { tags: ["late"] }, limit: "one" }, ["always", "second"], []],
    ];
    for (const [name, options, one, two = one] of rows) {
      void test(name, { timeout: 30_000 }, async () => {
        await Promise.all(HOSTS.map((host) => lab.exec(host, "mkdir -p /srv; rm -f /srv/*")));
        const run = await follow(parts(), { inventory, ...options });
        assert.equal(run.recap.result, "ok", run.trouble);
        assert.deepEqual(await there("one"), one);
        assert.deepEqual(await there("two"), two);
        assert.deepEqual(Object.keys(run.recap.hosts), options.limit === undefined ? ["one", "two"] : [options.limit]);
      });
    }

    void test("by a name that nothing has is refused", { timeout: 30_000 }, async () => {
      await assert.rejects(follow(parts(), { inventory, selection: { roles: ["nobody"] } }), /--role nobody matches nothing/);
      await assert.rejects(follow(parts(), { inventory, selection: { tags: ["confg"] } }), /--tags confg matches nothing/);
    });
  });
});
