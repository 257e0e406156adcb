import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { BadLab, differences, type Host } from "./bad-inputs/lab.ts";
import { expectRow } from "./bad-inputs/expect.ts";
import { site, TRAP_HOSTS, type HostRow, type Row, type Scene } from "./bad-inputs/row.ts";
import { commandLine } from "./bad-inputs/rows-command-line.ts";
import { connections } from "./bad-inputs/rows-connection.ts";
import { declarations } from "./bad-inputs/rows-declaration.ts";
import { hosts } from "./bad-inputs/rows-host.ts";
import { inventories } from "./bad-inputs/rows-inventory.ts";
import { networks } from "./bad-inputs/rows-network.ts";
import { platform } from "./bad-inputs/rows-platform.ts";
import { Workshop } from "./bad-inputs/workshop.ts";

const STATIC: readonly Row[] = [...commandLine, ...inventories, ...networks, ...platform];

void describe("found before any host is touched", { concurrency: 4 }, () => {
  const traps = [1, 2, 3].map(() => createServer((socket) => {
    visits++;
    socket.destroy();
  }));
  const words: Record<string, string> = {};
  let visits = 0;
  before(async () => {
    for (const [i, trap] of traps.entries()) {
      await new Promise<void>((resolve) => trap.listen(0, "127.0.0.1", resolve));
      words[`PORT${i + 1}`] = String((trap.address() as AddressInfo).port);
    }
  });
  after(() => {
    for (const trap of traps) trap.close();
    assert.equal(visits, 0, "a host was connected to");
  });
  for (const row of STATIC) {
    void test(`${row.id}: ${row.wrong}`, async () => {
      const workshop = new Workshop({ "site.ts": site("", "all"), "inv/hosts.yml": TRAP_HOSTS, ...row.files }, words);
      try {
        const ended = await workshop.start(row).ended;
        expectRow(row, ended, workshop.places);
        if (row.stream !== "stdout") assert.equal(ended.stdout, "");
      } finally {
        workshop.dispose();
      }
    });
  }
});

const skip = process.platform === "linux" && process.getuid?.() === 0 ? false : "the lab's hosts need root on Linux";

void describe("found on the way to a host or on it", { skip, timeout: 300_000 }, () => {
  let lab: BadLab;
  let untouched: ReadonlyMap<string, string>[];
  before(async () => {
    lab = await BadLab.up();
  });
  after(async () => {
    await lab.down();
  });

  void describe("what changes nothing", { concurrency: 4 }, () => {
    before(async () => {
      await Promise.all((["b1", "b2"] as const).map((host) => lab.sh(host, "mkfifo /opt/fifo")));
      untouched = await Promise.all((["b1", "b2"] as const).map((host) => lab.state(host)));
    });
    after(async () => {
      for (const [i, host] of (["b1", "b2"] as const).entries()) assert.deepEqual(differences(untouched[i] ?? new Map(), await lab.state(host)), []);
    });
    for (const row of [...connections, ...declarations]) {
      void test(`${row.id}: ${row.wrong}`, async () => {
        const workshop = new Workshop(row.files ?? {}, lab.words);
        try {
          expectRow(row, await workshop.start(row).ended, workshop.places);
        } finally {
          workshop.dispose();
        }
      });
    }
  });

  void describe("what has a host to itself", { concurrency: true }, () => {
    for (const host of ["b1", "b2"] as const) {
      void describe(`alone on ${host}`, { concurrency: 1 }, () => {
        for (const row of hosts.filter((candidate) => candidate.on === host)) void test(`${row.id}: ${row.wrong}`, { timeout: 120_000 }, () => alone(lab, host, row));
      });
    }
  });
});

/** Runs a row that has a host to itself, and compares the host's state. */
async function alone(lab: BadLab, host: Host, row: HostRow): Promise<void> {
  const workshop = new Workshop(row.files ?? {}, lab.words);
  try {
    if (row.before !== undefined) await lab.sh(host, row.before);
    const before = await lab.state(host);
    const { child, ended } = workshop.start(row);
    const scene: Scene = {
      signal: (name) => void child.kill(name),
      host: (script) => lab.sh(host, script),
      until: (script) => lab.until(host, script),
      closeOutput: () => void child.stdout?.destroy(),
      again: (...args) => workshop.start({ ...row, ...(args.length > 0 && { args }) }).ended,
    };
    await row.during?.(scene);
    expectRow(row, await ended, workshop.places);
    await row.afterwards?.(scene);
    if (row.id !== "lock-held") await lab.settled(host);
    assert.deepEqual(differences(before, await lab.state(host)), row.changes ?? []);
  } finally {
    workshop.dispose();
    if (row.undo !== undefined) await lab.sh(host, row.undo);
  }
}
