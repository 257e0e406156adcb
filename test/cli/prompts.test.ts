import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { temporary } from "../connection/keys.ts";
import { encryptVault } from "../../src/inventory/vault.ts";
import { noTerminal, onTerminal, type Typing } from "./terminal.ts";

const BIN = fileURLToPath(new URL("../../bin/hawser.mjs", import.meta.url));

describe("what hawser asks for", { skip: noTerminal }, () => {
  const folder = temporary({ after });
  const made = join(folder, "made");
  before(() => {
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    writeFileSync(join(folder, "hosts.yml"), "all: { hosts: { here: { ssh: { kind: local }, become: { method: none } } } }\n");
    writeFileSync(
      join(folder, "site.ts"),
      `import { play, playbook, Secret, z } from "hawser";
export default playbook(import.meta, [play({ name: "p", hosts: "all", tasks({ t, host }) {
  const { version, token } = host.inventory;
  t.file(${JSON.stringify(made)}, { content: new Secret(String(version) + " " + (token as Secret).reveal() + "\\n"), mode: "0600" });
} })], { prompts: { version: { message: "Which version", schema: z.string().regex(/^\\d+[.]\\d+$/, "a version is like 1.10") }, token: { message: "The token", secret: true } } });
`,
    );
    writeFileSync(join(folder, "vaulted.yml"), "all: { hosts: { here: { ssh: { kind: local }, become: { method: none } } } }\n");
    writeFileSync(join(folder, "plain.ts"), 'import { play, playbook } from "hawser";\nexport default playbook(import.meta, [play({ name: "p", hosts: "all" })]);\n');
  });
  beforeEach(() => rmSync(made, { force: true }));

  const run = (typing: Typing, args: readonly string[], redirect?: string) => onTerminal([process.execPath, BIN, "run", ...args], typing, { cwd: folder, ...(redirect !== undefined && { redirect }) });
  /** In a session of its own, which has no terminal. */
  const without = (args: readonly string[], env: Record<string, string> = {}): Promise<{ code: number; err: string }> =>
    new Promise((resolve) => {
      execFile("setsid", ["--wait", process.execPath, BIN, "run", ...args], { cwd: folder, env: { ...(process.env as Record<string, string>), ...env } }, (error, _, err) => resolve({ code: error ? Number(error.code) : 0, err }));
    });

  it("prompts before anything is done, again after a wrong answer, and shows no secret", async () => {
    const { code, screen } = await run([["Which version: ", "latest\n"], ["a version is like 1.10", ""], ["Which version: ", "1.10\n"], ["The token: ", "hunter2\n"]], ["site.ts", "-i", "hosts.yml", "--diff"]);
    assert.equal(code, 0, screen);
    assert.equal(readFileSync(made, "utf8"), "1.10 hunter2\n");
    assert.ok(!screen.includes("hunter2"), screen);
    assert.ok(screen.indexOf("The token") < screen.indexOf("play p"));
  });

  it("asks on the terminal also when standard input and output go elsewhere", async () => {
    const { code, screen } = await run([["Which version: ", "1.10\n"], ["The token: ", "hunter2\n"]], ["site.ts", "-i", "hosts.yml"], "</dev/null >out 2>&1");
    assert.equal(code, 0, screen);
    assert.match(readFileSync(join(folder, "out"), "utf8"), /1 change/);
  });

  it("does nothing after Ctrl-C, and says so by its exit code", async () => {
    const { code, screen } = await run([["Which version: ", "1.10\n"], ["The token: ", "\u0003"]], ["site.ts", "-i", "hosts.yml"]);
    assert.equal(code, 130, screen);
    assert.match(screen, /cancelled: nothing was done/);
    assert.ok(!existsSync(made));
  });

  it("takes answers from -e without a terminal, and refuses to run without them", async () => {
    const refused = await without(["site.ts", "-i", "hosts.yml", "-e", "version=1.10"]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /there is no terminal to ask on: The token[^]*-e 'token=!env NAME'/);
    assert.ok(!existsSync(made));
    const wrong = await without(["site.ts", "-i", "hosts.yml", "-e", "version=latest", "-e", "token=x"]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /warning: token is secret, and stands on the command line/);
    assert.match(wrong.err, /the value of version from -e does not fit: a version is like 1\.10/);
    const ended = await without(["site.ts", "-i", "hosts.yml", "-e", "version=1.10", "-e", "token=!env TOKEN"], { TOKEN: "hunter2" });
    assert.equal(ended.code, 0, ended.err);
    assert.equal(ended.err, "");
    assert.equal(readFileSync(made, "utf8"), "1.10 hunter2\n");
  });

  it("asks for the passwords of ssh and become, without showing them", async () => {
    const { code, screen } = await run([["ssh password: ", "hunter2\n"], ["become password [the ssh password]: ", "\n"]], ["plain.ts", "-i", "hosts.yml", "-k", "-K"]);
    assert.equal(code, 0, screen);
    assert.ok(!screen.includes("hunter2"), screen);
    const { code: none, screen: said } = await run([["become password: ", "\n"]], ["plain.ts", "-i", "hosts.yml", "-K"]);
    assert.equal(none, 1, said);
    assert.match(said, /no become password was typed/);
    const refused = await without(["plain.ts", "-i", "hosts.yml", "-K"]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /there is no terminal to ask on: become password/);
  });

  it("asks for vault passwords, by id", async () => {
    const value = (text: string, password: string, id?: string) => `!vault |\n${encryptVault(text, password, id).trim().replaceAll(/^/gm, "          ")}`;
    writeFileSync(join(folder, "vaulted.yml"), `all:\n  hosts:\n    here:\n      ssh: { kind: local }\n      become: { method: none }\n      version: "1.10"\n      a: ${value("x", "one")}\n      b: ${value("y", "two", "prod")}\n`);
    const { code, screen } = await run([["vault password (prod): ", "two\n"], ["vault password: ", "one\n"]], ["plain.ts", "-i", "vaulted.yml", "--ask-vault-pass", "--vault-id", "prod@prompt"]);
    assert.equal(code, 0, screen);
    const { code: refused, screen: said } = await run([["vault password: ", "three\n"]], ["plain.ts", "-i", "vaulted.yml", "--ask-vault-pass"]);
    assert.equal(refused, 1);
    assert.match(said, /wrong vault password/);
  });
});
