import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { noTerminal, startOnTerminal } from "./terminal.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const HAWSER = path.join(ROOT, "bin/hawser.mjs");

void describe("hawser run --step", { skip: noTerminal }, () => {
  let folder = "";
  let playbook = "";
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "hawser-step-"));
    playbook = path.join(ROOT, "test/cli", `step-${path.basename(folder)}.ts`);
    writeFileSync(path.join(folder, "hosts.yml"), "all:\n  hosts:\n    here:\n      ssh: { kind: local }\n");
    writeFileSync(playbook, `import { play, playbook } from "hawser";
export default playbook(import.meta, [play({ name: "p", hosts: "all", tasks({ t }) {
  t.file(${JSON.stringify(path.join(folder, "one"))}, { content: "first\\n" });
  t.file(${JSON.stringify(path.join(folder, "two"))}, { content: "second\\n" });
  t.file(${JSON.stringify(path.join(folder, "three"))}, { content: "third\\n" });
} })]);
`);
  });
  after(() => {
    rmSync(playbook, { force: true });
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs it on a terminal of its own; each answer is typed when the question that it is for has been shown. */
  async function onTerminal(answers: readonly string[]): Promise<{ code: number | null; screen: string }> {
    for (const name of ["one", "two", "three"]) rmSync(path.join(folder, name), { force: true });
    const child = startOnTerminal([process.execPath, HAWSER, "run", playbook, "-i", path.join(folder, "hosts.yml"), "--step"]);
    let screen = "";
    let answered = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      screen += chunk.toString();
      while (answered < answers.length && screen.split("[q]uit: ").length - 1 > answered) child.stdin.write(answers[answered++]);
    });
    const [code] = (await once(child, "close")) as [number | null];
    return { code, screen: screen.replaceAll("\r", "") };
  }
  const made = (): string[] => ["one", "two", "three"].filter((name) => existsSync(path.join(folder, name)));

  void test("yes, a diff and no, on a real terminal", { timeout: 120_000 }, async () => {
    const { code, screen } = await onTerminal(["y\n", "d\n", "what\n", "no\n", "y\n"]);
    assert.equal(code, 0, screen);
    assert.deepEqual(made(), ["one", "three"]);
    assert.match(screen, /here {2}play\/file:\S+two {2}create\n/);
    assert.match(screen, /\+second/);
    assert.match(screen, /1 skipped resource is/);
  });

  void test("continue asks nothing more", { timeout: 120_000 }, async () => {
    const { code, screen } = await onTerminal(["n\n", "c\n"]);
    assert.equal(code, 0, screen);
    assert.deepEqual(made(), ["two", "three"]);
  });

  void test("quit, the end of input and Ctrl-C stop the run", { timeout: 120_000 }, async () => {
    for (const last of ["q\n", "\u0004", "\u0003"]) {
      const { code, screen } = await onTerminal(["y\n", last]);
      assert.equal(code, 130, screen);
      assert.deepEqual(made(), ["one"]);
      assert.match(screen, /interrupted/);
    }
  });

  void test("without a terminal it is refused before anything is read", { timeout: 60_000 }, () => {
    const ran = spawnSync("setsid", ["--wait", process.execPath, HAWSER, "run", "/there/is/none.ts", "--step"], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /--step has no terminal to ask on/);
  });

  void test("with --check it is refused, since a check changes nothing", { timeout: 60_000 }, () => {
    const ran = spawnSync(process.execPath, [HAWSER, "run", playbook, "--step", "--check"], { encoding: "utf8" });
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /'--step' cannot be used with option '-C, --check'/);
  });
});
