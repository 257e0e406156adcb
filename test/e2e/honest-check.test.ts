import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { sh, type Inventory, type Playbook, type ResourceNode } from "hawser";
import { CACHE_ADDRESS } from "../../src/lab/names.ts";
import { bookOf, E2eLab, follow, skip, type Said } from "./engine-fixture.ts";
import { observe, type Observation } from "./honest-check/observe.ts";
import { DRIFTS, PREPARE } from "./honest-check/prepare.ts";
import { honestBook } from "./honest-check/role.ts";

const lab = new E2eLab("e2e-honest", "198.18.51", { deb: "debian", el: "el" });
const HOSTS = ["deb", "el"] as const;

/** The largest share of resources that a check may not know of on untouched hosts. */
const MOST_UNKNOWN = 0.15;
/** The shell with facts and lock, the looks, and those at the role's list from a late value, once that is known. */
const MOST_REQUESTS = 3;

type Observed = ReadonlyMap<string, Observation>;

describe("an honest check", { skip }, () => {
  let inventory: Inventory;
  let book: Playbook;
  let server: Server;
  const nodes = new Map<string, Map<string, ResourceNode>>(HOSTS.map((host) => [host, new Map()]));

  before(async () => {
    await lab.up();
    inventory = await lab.inventory();
    await Promise.all(HOSTS.map((host) => lab.exec(host, PREPARE)));
    const served = serveFiles(lab.folder);
    server = served.server;
    await once(server, "listening");
    book = honestBook({ ...served.sources, url: `http://${CACHE_ADDRESS}:${(server.address() as AddressInfo).port}/file` }, (host, declared) => {
      for (const node of declared) nodes.get(host)?.set(node.id, node);
    });
  }, { timeout: 300_000 });
  after(async () => {
    server?.close();
    await lab.down();
  });

  /** Of those nodes whose probes a first run has made known. */
  const look = async (host: string): Promise<Observed> => await observe(lab, host, [...(nodes.get(host)?.values() ?? [])].filter(({ kind }) => kind.kind !== "read"));
  const lookAll = async (): Promise<ReadonlyMap<string, Observed>> => new Map(await Promise.all(HOSTS.map(async (host) => [host, await look(host)] as const)));
  const check = async (): Promise<Said> => await follow(book, { inventory, check: true });

  void test("says of untouched hosts what a run then does, resource by resource", { timeout: 200_000 }, async (t) => {
    const said = await check();
    assert.equal(said.recap.result, "ok", said.trouble);
    const early = await lookAll();
    const run = await follow(book, { inventory });
    assert.equal(run.recap.result, "ok", run.trouble);
    const late = await lookAll();
    for (const host of HOSTS) {
      compare(host, said, run, early.get(host) ?? new Map(), late.get(host) ?? new Map());
      const { unknown, requests } = said.recap.hosts[host] ?? {};
      const all = said.of(host).size;
      assert.ok((unknown ?? all) <= MOST_UNKNOWN * all, `${host}: ${unknown} of ${all} are unknown`);
      t.diagnostic(`${host}: ${all} resources, ${unknown} unknown, check ${requests} requests ${said.seconds.toFixed(1)} s; run ${run.recap.hosts[host]?.changed} changed, ${run.recap.hosts[host]?.requests} requests ${run.seconds.toFixed(1)} s`);
    }
  });

  void test("knows everything of hosts that have converged, and a second run changes nothing", { timeout: 60_000 }, async (t) => {
    const said = await check();
    for (const host of HOSTS) assertClean(said, host);
    const run = await follow(book, { inventory });
    assert.equal(run.recap.result, "ok", run.trouble);
    for (const host of HOSTS) {
      const counts = run.recap.hosts[host];
      assert.equal(counts?.changed, 0, host);
      assert.ok((counts?.requests ?? 99) <= MOST_REQUESTS, `${host} took ${counts?.requests} requests`);
      assert.deepEqual(run.handlers(host), []);
      t.diagnostic(`${host}: ${counts?.requests} requests, ${run.seconds.toFixed(1)} s`);
    }
  });

  void test("finds what was changed by hand and nothing else, and a run repairs it", { timeout: 200_000 }, async () => {
    const mine = (host: string) => DRIFTS.filter(({ only }) => only === undefined || only === host);
    for (const host of HOSTS) await lab.exec(host, mine(host).map(({ script }) => `{ ${script}; } >/dev/null 2>&1 || { echo ${JSON.stringify(script)} failed >&2; exit 1; }`).join("\n"));
    const early = await lookAll();
    const said = await check();
    for (const host of HOSTS) {
      const found = [...said.of(host)].filter(([, { outcome }]) => outcome !== "ok").map(([id]) => id);
      assert.deepEqual(found.sort(), mine(host).flatMap(({ ids }) => ids).sort(), host);
    }
    const run = await follow(book, { inventory });
    assert.equal(run.recap.result, "ok", run.trouble);
    const late = await lookAll();
    for (const host of HOSTS) compare(host, said, run, early.get(host) ?? new Map(), late.get(host) ?? new Map());
    const again = await check();
    for (const host of HOSTS) assertClean(again, host);
  });

  void test("foresees the state of a service that its package starts, whichever of the two does it", { timeout: 60_000 }, async () => {
    // An administrator's own policy lets maintainer scripts start what they install.
    await lab.exec("deb", "printf '#!/bin/sh\\nexit 0\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; apt-get -q -y purge at >/dev/null 2>&1");
    const declared = new Map<string, ResourceNode>();
    const at = bookOf(({ t, host }) => {
      if (host.name !== "deb") return;
      const pkg = t.package("at", { recommends: false });
      const service = t.service("atd", { state: "running", enabled: true, needs: [pkg] });
      const gate = t.gate("atd runs", { probe: sh`systemctl is-active -q atd`, within: 10, needs: [service] });
      for (const node of [...pkg, service, gate]) declared.set(node.id, node);
    });
    const said = await follow(at, { inventory, check: true });
    const early = await observe(lab, "deb", [...declared.values()]);
    const run = await follow(at, { inventory });
    assert.equal(run.recap.result, "ok", run.trouble);
    compare("deb", said, run, early, await observe(lab, "deb", [...declared.values()]));
    assert.equal(run.of("deb").get("service:atd.service")?.outcome, "changed");
    assertClean(await follow(at, { inventory, check: true }), "deb");
  });
});

function assertClean(said: Said, host: string): void {
  assert.equal(said.recap.result, "ok", said.trouble);
  const open = [...said.of(host)].filter(([, { outcome }]) => outcome !== "ok").map(([id, { outcome, summary, cause }]) => `${id} ${outcome}: ${summary ?? cause}`);
  assert.deepEqual(open, [], host);
  assert.deepEqual(said.handlers(host), [], host);
}

/** What the check said against the state before and after a run, whatever the run itself says; and then what the run says. */
function compare(host: string, said: Said, run: Said, early: Observed, late: Observed): void {
  const lies: string[] = [];
  const outcomes = said.of(host);
  const ran = run.of(host);
  for (const [id, { outcome, cause }] of outcomes) {
    const [was, is] = [early.get(id), late.get(id)];
    if (outcome === "unknown" && !/\S/.test(cause ?? "")) lies.push(`${id} is unknown without a cause`);
    if (id.startsWith("read:") || id.startsWith("given:")) continue;
    // What it waits for may come by what is changed before it.
    const waits = /^(?:gate|wait-for):/.test(id);
    if (!was || !is) lies.push(`${id} was not observed`);
    else if (is.wants !== "nothing") lies.push(`${id} still wants ${is.wants} after the run`);
    else if (outcome === "ok" && was.wants !== "nothing" && !waits) lies.push(`${id}: the check said ok, and it was not as declared`);
    // Resources that own parts of one file share a look, so only for the others does another look mean another state.
    else if (outcome === "ok" && was.digest !== is.digest && !sharesLook(id) && !waits) lies.push(`${id}: the check said ok, and it has changed`);
    // A task that claims to run once its needs change has a check that says yes before and after; that it ran is seen below.
    else if (outcome === "would-change" && !id.startsWith("task:") && was.wants === "nothing" && was.digest === is.digest) lies.push(`${id}: the check said that it would change, and it is as it was`);
    const then = ran.get(id)?.outcome;
    if (outcome === "ok" && then !== "ok") lies.push(`${id}: the check said ok, and the run said ${then}`);
    if (outcome === "would-change" && then !== "changed") lies.push(`${id}: the check said that it would change, and the run said ${then}`);
  }
  for (const id of late.keys()) if (!outcomes.has(id) && !/item-/.test(id)) lies.push(`${id} was not mentioned by the check`);
  assert.deepEqual(lies, [], host);
  assert.deepEqual(said.handlers(host), run.handlers(host), `${host}: the handlers that the check listed`);
}

function sharesLook(id: string): boolean {
  return /^(line|block|ini-key|json-key|yaml-key|hosts-entry|authorized-key|mount):/.test(id);
}

/** A file and an archive on the controller, the file also by http at an address that hosts reach. */
function serveFiles(folder: string): { server: Server; sources: { localFile: string; sha256: string; tarFile: string; tarSha256: string } } {
  const sum = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
  const [localFile, tarFile] = [path.join(folder, "download"), path.join(folder, "inner.tar.gz")];
  writeFileSync(localFile, "the download\n");
  mkdirSync(path.join(folder, "top/inner"), { recursive: true });
  writeFileSync(path.join(folder, "top/inner/file"), "unpacked\n");
  assert.equal(spawnSync("tar", ["-czf", tarFile, "-C", folder, "top"]).status, 0);
  const server = createServer((_, response) => response.end(readFileSync(localFile))).listen(0, CACHE_ADDRESS);
  return { server, sources: { localFile, sha256: sum(localFile), tarFile, tarSha256: sum(tarFile) } };
}
