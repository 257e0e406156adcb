import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { hawser, LOCAL, project } from "./hawser.ts";

void test("what cannot be shown is refused at once, with what to try", { timeout: 120_000 }, async (t) => {
  const folder = project(t, { "inventory/hosts.yml": LOCAL });
  const taken = createServer().listen(0, "127.0.0.1");
  t.after(() => taken.close());
  await once(taken, "listening");
  const port = String((taken.address() as AddressInfo).port);
  for (const [args, message] of [
    [["--prometheus", "nowhere"], /nowhere is no URL of http or https/],
    [["--prometheus", "http://127.0.0.1:1", "--host", "web-1"], /two places/],
    [["--prometheus", "http://127.0.0.1:1", "--port", port], new RegExp(`port ${port} is taken[^]*--port 0`)],
    [["-i", "inventory"], /the inventory has no monitor[^]*group monitors/],
    [["-i", "inventory", "--host", "wed-1"], /wed-1[^]*web-1/],
    [["-i", "nowhere"], /nowhere/],
  ] as const) {
    const { code, err } = await hawser(folder, ["dashboard", ...args]);
    assert.equal(code, 1, args.join(" "));
    assert.match(err, message);
  }
});
