import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { expectRow } from "./bad-inputs/expect.ts";
import { site, TRAP_HOSTS, type Row } from "./bad-inputs/row.ts";
import { commandLine } from "./bad-inputs/rows-command-line.ts";
import { inventories } from "./bad-inputs/rows-inventory.ts";
import { Workshop } from "./bad-inputs/workshop.ts";

const STATIC: readonly Row[] = [...commandLine, ...inventories];

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
