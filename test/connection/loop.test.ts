import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { framed as wire, LOOP } from "../../src/connection/kept-shell.ts";
import { need } from "./sshd.ts";

const folder = mkdtempSync(join(tmpdir(), "hawser-loop-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

/** Feeds bytes to the loop and closes its input. */
function feed(argv: readonly string[], input: Buffer | string, script = LOOP): Promise<Ended> {
  const child = spawn(argv[0] as string, [...argv.slice(1), "-c", `LC_ALL=C; export LC_ALL\n${script}`], { stdio: "pipe" });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString("latin1")));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString("latin1")));
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return new Promise((resolve) => child.once("close", (code) => resolve({ out, err, code })));
}

/** Sends each script when the one before has answered, as a session does. */
async function talk(argv: readonly string[], scripts: readonly string[]): Promise<Ended> {
  const child = spawn(argv[0] as string, [...argv.slice(1), "-c", `LC_ALL=C; export LC_ALL\n${LOOP}`], { stdio: "pipe" });
  let out = "";
  let err = "";
  let answered: () => void = () => {};
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString("latin1");
    if (out.endsWith("~")) answered();
  });
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString("latin1")));
  child.stdin.on("error", () => {});
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  for (const script of scripts) {
    const answer = new Promise<void>((resolve) => (answered = resolve));
    child.stdin.write(framed(`${script}\nprintf '~'`));
    await Promise.race([answer, closed]);
  }
  child.stdin.end();
  return { code: await closed, out: out.replaceAll("~", ""), err };
}

const framed = (script: string, gzip = false): Buffer => wire(Buffer.from(script), gzip);

const SHELLS: readonly (readonly [name: string, argv: readonly string[], program: string, pkg: string])[] = [
  ["dash", ["dash"], "dash", "dash"],
  ["bash as sh", ["bash", "--posix"], "bash", "bash"],
  ["busybox ash", ["busybox", "ash"], "busybox", "busybox"],
];

for (const [name, argv, program, pkg] of SHELLS) {
  describe(`the loop under ${name}`, { skip: need([program, pkg]) ?? false }, () => {
    it("runs script after script, in one shell", async () => {
      const { out, code } = await talk(argv, ["a=1; printf one", 'printf " $a two"', "cd /tmp; f() { printf ' three'; }", "f; pwd"]);
      assert.equal(out, "one 1 two three/tmp\n");
      assert.equal(code, 0);
    });

    it("keeps bytes, quotes and trailing newlines as they are", async () => {
      const { out } = await talk(argv, ["printf '%s|' 'ä€\u{1F600}' \"it's\" 'a\\b'\n\n\n", "printf '%s' 'é\nx\n'\n\n"]);
      assert.equal(Buffer.from(out, "latin1").toString(), "ä€\u{1F600}|it's|a\\b|é\nx\n");
    });

    it("runs nothing of a script that was cut", async () => {
      const whole = framed("printf ran; printf twice");
      for (const length of [3, 4, 12, whole.length - 1]) {
        const { out, code } = await feed(argv, whole.subarray(0, length));
        assert.equal(out, "", `cut after ${length} bytes`);
        assert.equal(code, 70);
      }
      assert.deepEqual(await feed(argv, whole.subarray(0, 2)), { out: "", err: "", code: 0 });
    });

    it("takes long scripts compressed, whole or not at all", async () => {
      const script = `printf '%s' ${"x".repeat(9000)}\n\n`;
      const packed = framed(script, true);
      assert.ok(packed.length < 200, `${packed.length} bytes`);
      assert.equal((await feed(argv, Buffer.concat([packed, framed("printf ' next'", true)]))).out, `${"x".repeat(9000)} next`);
      const header = packed.indexOf("\n") + 1;
      for (const length of [header, header + 9, packed.length - 12, packed.length - 1]) {
        const { out, code } = await feed(argv, packed.subarray(0, length));
        // Of the last bytes, the checksum, some may miss.
        if (code === 0) assert.equal(out, "x".repeat(9000));
        else assert.deepEqual([out, code], ["", 70], `cut after ${length} of ${packed.length} bytes`);
      }
    });

    it("evaluates hw_after before each script, once, and when the input ends", async () => {
      const { out } = await talk(argv, ["hw_after='printf A'", "printf 1", "printf 2; hw_after='printf B'"]);
      assert.equal(out, "A12B");
    });

    it("evaluates hw_after when the output is gone", async () => {
      const marker = join(folder, `after-${name.replaceAll(" ", "")}`);
      const child = spawn("sh", ["-c", `exec ${argv.join(" ")} -c "$1" | head -c 1`, "sh", LOOP], { stdio: ["pipe", "ignore", "ignore"] });
      child.stdin.write(framed(`hw_after=': >${marker}'; printf x; sleep 0.3; printf more; printf never; : >${marker}.on`));
      await new Promise((resolve) => child.once("close", resolve));
      await new Promise((resolve) => setTimeout(resolve, 300));
      const found = await feed(["sh"], "", `ls ${marker} ${marker}.on 2>/dev/null`);
      assert.equal(found.out.trim(), marker, "the script stops at the first lost write, and what it left is cleaned up");
    });

    it("gives scripts no input, so that a command which reads does not eat the next script", async () => {
      const { out } = await talk(argv, ["cat; read -r x || printf none", "printf ' next'"]);
      assert.equal(out, "none next");
    });

    it("survives a script that opens descriptors with exec", async () => {
      const { out } = await talk(argv, [`exec 9>>${folder}/lock`, "printf x >&9; printf held", "exec 9>&-; printf ' freed'"]);
      assert.equal(out, "held freed");
    });

    it("ends on exit and on a syntax error, and says so by its code", async () => {
      assert.equal((await talk(argv, ["exit 3"])).code, 3);
      const broken = await talk(argv, ["if then"]);
      assert.notEqual(broken.code, 0);
      assert.match(broken.err, /syntax error|unexpected/i);
    });

    it("takes a script of two megabytes", async () => {
      const long = `x='${"y".repeat(2_000_000)}'; printf '%s' \${#x}`;
      assert.equal((await talk(argv, [long, "printf ' on'"])).out, "2000000 on");
    });
  });
}
