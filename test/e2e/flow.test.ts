import assert from "node:assert/strict";
import { readdir, rm } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { defineRole, lane, play, playbook, sh, use, z, type Inventory, type PlayGate, type Playbook } from "hawser";
import { E2eLab, follow, skip, type Said } from "./engine-fixture.ts";

const lab = new E2eLab("e2e-flow", "198.18.116", { lb: "debian", web1: "debian", web2: "el" });
const oneOut = lane("out of the pool");

interface Release {
  readonly version: string;
  /** A host on which the release does not start. */
  readonly broken?: string;
  /** A host on which it answers wrongly. */
  readonly sick?: string;
}

/** A release behind lb's pool, which a host leaves while it is worked on. */
const release = ({ version, broken = "", sick = "" }: Release) =>
  defineRole(import.meta, {
    name: "app",
    summary: "A release behind a load balancer.",
    vars: z.strictObject({}),
    tasks({ t, host }) {
      const schema = t.once("migrate", () => {
        const done = t.task("migrate", { check: sh`[ "$(cat /srv/schema 2>/dev/null)" = ${version} ]`, apply: sh`echo ${version} > /srv/schema; echo ${host.name} >> /srv/migrations` });
        return t.read("schema", { probe: sh`cat /srv/schema`, needs: [done] });
      });
      const member = `/srv/pool/${host.name}`;
      let out: ReturnType<typeof t.task>;
      t.block("release", {
        lane: oneOut,
        before: () => t.on("lb", ({ host: there, facts }) => {
          const reload = t.handler("reload", sh`echo reloaded ${facts.hostname} >> /srv/log`);
          out = t.task("drain", { check: sh`[ ! -e ${member} ]`, apply: sh`rm ${member}; echo drain ${host.name} on ${there.name} >> /srv/log`, notify: reload });
        }),
        always: () => t.on("lb", () => t.task("back", { check: sh`[ -e ${member} ]`, apply: sh`mkdir -p /srv/pool; touch ${member}; echo back ${host.name} >> /srv/log`, needs: [out], predict: "runs" })),
      }, () => {
        t.task("start", { check: sh`[ "$(cat /srv/running 2>/dev/null)" = ${version} ]`, apply: sh`[ ${host.name} != ${broken} ] && echo ${version} > /srv/running` });
        t.file("/srv/schema-of-app", { content: schema });
      });
    },
    verify({ v, host }) {
      v.assert("answers", { probe: sh`cat /srv/running`, value: ({ out }) => (host.name === sick ? "nonsense" : out.trim()), limit: { equals: version } });
    },
  });

const book = (what: Release, gate: PlayGate = { verify: true, within: 0 }): Playbook => playbook(import.meta, [play({ name: "app", hosts: "web*", serial: 1, gate, roles: [use(release(what), {})] })]);

void describe("a rollout behind a load balancer", { skip }, () => {
  let inventory: Inventory;
  before(async () => {
    await lab.up();
    inventory = await lab.inventory();
    await lab.exec("lb", "mkdir -p /srv/pool; touch /srv/pool/web1 /srv/pool/web2");
  }, { timeout: 300_000 });
  after(() => lab.down());

  const log = async (): Promise<string[]> => (await lab.exec("lb", "cat /srv/log 2>/dev/null || true; rm -f /srv/log; ls /srv/pool | tr '\\n' ' '")).trim().split("\n");
  const running = async (host: string): Promise<string> => (await lab.exec(host, "cat /srv/running 2>/dev/null || echo none")).trim();
  const said = (run: Said): string => run.trouble;

  void test("is foreseen by a check, and done host by host, each out of the pool meanwhile", { timeout: 120_000 }, async () => {
    const check = await follow(book({ version: "1" }), { inventory, check: true });
    assert.equal(check.recap.result, "ok", said(check));
    assert.equal(check.of("web1").get("task:drain on lb")?.outcome, "would-change");
    assert.deepEqual(await log(), ["web1 web2"]);
    const run = await follow(book({ version: "1" }), { inventory });
    assert.equal(run.recap.result, "ok", said(run));
    const name = (await lab.exec("lb", "hostname")).trim();
    assert.deepEqual(await log(), [...["web1", "web2"].flatMap((host) => [`drain ${host} on lb`, `reloaded ${name}`, `back ${host}`]), "web1 web2"]);
    assert.deepEqual([await lab.exec("web1", "cat /srv/migrations"), (await lab.exec("web2", "cat /srv/schema-of-app")).trim()], ["web1\n", "1"]);
    assert.deepEqual(Object.keys(run.recap.hosts), ["web1", "web2"]);
    assert.equal((await lab.exec("lb", "ls /run/hawser /var/lib/hawser/pending 2>/dev/null | grep -c handler || true")).trim(), "0", "no mark is left");
  });

  void test("with nothing to do costs lb one look, and changes nothing", { timeout: 60_000 }, async () => {
    const run = await follow(book({ version: "1" }), { inventory });
    assert.equal(run.recap.result, "ok", said(run));
    assert.deepEqual(Object.values(run.recap.hosts).map(({ changed }) => changed), [0, 0]);
    assert.deepEqual(await log(), ["web1 web2"]);
  });

  void test("that fails puts the host back, ends at the canary, and leaves the rest alone", { timeout: 60_000 }, async () => {
    const run = await follow(book({ version: "2", broken: "web1" }), { inventory });
    assert.equal(run.recap.result, "failed");
    assert.deepEqual([await running("web1"), await running("web2")], ["1", "1"]);
    assert.equal((await log()).at(-1), "web1 web2");
    assert.deepEqual([run.recap.hosts["web1"]?.failed, (run.recap.hosts["web2"]?.notReached ?? 0) > 0], [1, true]);
  });

  void test("that starts and is not well ends at the canary, and names the assertion", { timeout: 60_000 }, async () => {
    const run = await follow(book({ version: "3", sick: "web1" }), { inventory });
    assert.match(said(run), /the gate after batch 1 of 2 is not passed .*web1: the assertion app\/answers is nonsense, and must be = 3/);
    assert.deepEqual([await running("web1"), await running("web2")], ["3", "1"]);
    assert.equal((await log()).at(-1), "web1 web2");
  });

  void test("of a host outside of which --limit keeps lb, and with work on the controller", { timeout: 60_000 }, async () => {
    const here = `${lab.folder}/announced`;
    const announced = playbook(import.meta, [play({ name: "announce", hosts: "web2", tasks: ({ t, host }) => t.on("localhost", () => t.file(`${here}-${host.name}`, { content: "4\n" })) })]);
    const run = await follow(playbook(import.meta, [book({ version: "4" }), announced]), { inventory, limit: "web2" });
    assert.equal(run.recap.result, "ok", said(run));
    assert.deepEqual([await running("web1"), await running("web2")], ["3", "4"]);
    assert.ok((await readdir(lab.folder)).includes("announced-web2"));
    await rm(`${here}-web2`);
  });

  void test("waits for another run's lock on lb as long as it is told, and names who holds it", { timeout: 60_000 }, async () => {
    const holder = follow(playbook(import.meta, [play({ name: "hold", hosts: "lb", tasks: ({ t }) => void t.task("hold", { check: sh`[ -e /srv/held ]`, apply: sh`touch /srv/holding; while [ ! -e /srv/release ]; do sleep 0.1; done; touch /srv/held` }) })]), { inventory });
    while (!(await lab.exec("lb", "ls /srv")).includes("holding")) await new Promise((resolve) => setTimeout(resolve, 100));
    const run = await follow(book({ version: "5" }), { inventory, lockTimeout: 0 });
    assert.match(said(run), /lb, which it acts on, cannot be worked on: another run works on this host/);
    assert.deepEqual([await running("web1"), await running("web2")], ["3", "4"]);
    await lab.exec("lb", "touch /srv/release");
    assert.equal((await holder).recap.result, "ok");
  });
});
