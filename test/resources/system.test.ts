import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import type { Upstream } from "../../src/resources/contract.ts";
import { hostname } from "../../src/resources/hostname.ts";
import { kernelModule } from "../../src/resources/kernel-module.ts";
import { reboot } from "../../src/resources/reboot.ts";
import { recorded } from "../../src/resources/recorded.ts";
import { repository } from "../../src/resources/repository.ts";
import { timer } from "../../src/resources/timer.ts";
import { unit } from "../../src/resources/unit.ts";
import { waitFor } from "../../src/resources/wait-for.ts";
import { sh } from "../../src/shell/index.ts";
import { converge, onEveryShell, render, runCases, type TestHost } from "./harness.ts";

for (const kind of [unit, timer, hostname, kernelModule, waitFor, reboot, repository]) runCases(kind as typeof unit);

const FACTS = { facts: recorded("debian-12") };
const up = (kind: string): Upstream => ({ id: `r/${kind}:x`, kind, outcome: "would-change" });

void test("a shell command is quoted for systemd and then for the shell", () => {
  const args = timer.args.parse({ name: "x", every: "1h", command: sh`printf ${"%d $HOME"} "a\\b"` });
  const change = timer.plan(args, { out: "absent\n--\nabsent\n--show\nLoadState=not-found\n", err: "", code: 0 }, FACTS);
  assert.ok(change?.diff?.includes(`ExecStart=/bin/sh -c "printf '%%d $$HOME' \\"a\\\\b\\""`), change?.diff);
  assert.ok(change?.diff?.includes("OnUnitActiveSec=1h\n+OnActiveSec=1h"));
});

void test("packages and commands may ask for a reboot, files do not", () => {
  const predict = (kind: string, code = 0) => reboot.predict?.(reboot.args.parse({}), { out: "", err: "", code }, [up(kind)], FACTS).outcome;
  assert.deepEqual([predict("package"), predict("task"), predict("file"), predict("package", 1)], ["unknown", "unknown", "ok", "would-change"]);
});

void test("a module that a package may bring would be loaded", () => {
  const predict = (name: string) => kernelModule.predict?.(kernelModule.args.parse({ name }), { out: "absent\n", err: "", code: 0 }, [up("package")], FACTS).outcome;
  assert.equal(predict("wireguard"), "would-change");
});

onEveryShell("module look: hyphens and underscores are the same, and nothing is printed beside it", (host) => {
  const seen = host.run(render(kernelModule.probe(kernelModule.args.parse({ name: "no-such_module" }), FACTS)));
  assert.deepEqual(seen, { out: "absent\n", err: "", code: 0 });
});

const wait = (host: TestHost, args: unknown) => host.run(render(waitFor.probe(waitFor.args.parse(args), FACTS))).code;

for (const systemCommands of [true, false]) {
  onEveryShell(`a listening port is found${systemCommands ? "" : " without bash and ss"}`, async (host) => {
    const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const codes = () => [wait(host, { name: "a", port }), wait(host, { name: "a", port, host: "127.0.0.1" }), wait(host, { name: "a", port, state: "absent" }), wait(host, { name: "a", port, host: "127.0.0.1", state: "absent" })];
    try {
      assert.deepEqual(codes(), [0, 0, 1, 1]);
    } finally {
      server.close();
      await new Promise((resolve) => server.once("close", resolve));
    }
    assert.deepEqual(codes(), [1, 1, 0, 0]);
  }, { systemCommands });
}

onEveryShell("waiting ends when the condition holds", (host) => {
  host.run(`(sleep 0.3; : >${host.root}/ready) >/dev/null 2>&1 &`);
  converge(waitFor, { name: "ready", path: `${host.root}/ready`, every: 0.1, timeout: 5 }, host);
  converge(waitFor, { name: "not", command: sh`[ -e ${host.root}/not ]`, state: "absent" }, host);
}, { systemCommands: true });
