import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installPrerequisites, labDown } from "../../src/lab/index.ts";
import { skip } from "./engine-fixture.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A project as `hawser init` makes it, with hawser installed by npm from a tarball, and its two lab hosts. */
void describe("a project made by hawser init, with hawser from npm", { skip }, () => {
  const above = mkdtempSync(path.join(tmpdir(), "hawser-everyday-"));
  const project = path.join(above, "everyday");
  // Told that it runs inside a test, Node's runner would report in another way.
  const { NODE_TEST_CONTEXT: _, ...surroundings } = process.env;
  const env = { ...surroundings, NO_COLOR: "1" };
  const said = (program: string, args: readonly string[], cwd = project): Promise<Said> =>
    run(program, args, { cwd, env, maxBuffer: 16_000_000 }).then(
      ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, out: stdout, err: stderr }),
    );
  const hawser = (...args: string[]): Promise<Said> => said("npx", ["hawser", ...args]);
  const well = async (what: Promise<Said>): Promise<string> => {
    const { code, out, err } = await what;
    assert.equal(code, 0, `${out}\n${err}`);
    return out;
  };

  before(async () => {
    await installPrerequisites();
    await labDown("everyday");
    const tarball = (await well(said("npm", ["pack", "--silent", "--pack-destination", above], ROOT))).trim();
    mkdirSync(path.join(above, "tool"));
    // As somebody who has it installed already, and makes a project beside it.
    writeFileSync(path.join(above, "tool/package.json"), '{ "private": true }');
    await well(said("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", `../${tarball}`], path.join(above, "tool")));
    await well(said("npx", ["hawser", "init", "../everyday"], path.join(above, "tool")));
    assert.equal((JSON.parse(readFileSync(path.join(project, "package.json"), "utf8")) as { dependencies: { hawser: string } }).dependencies.hawser, `file:../${tarball}`);
    await well(said("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline"]));
    // A network that is this test's own.
    const hosts = path.join(project, "inventory/lab/hosts.yml");
    writeFileSync(hosts, readFileSync(hosts, "utf8").replaceAll(/198\.19\.\d+\./g, "198.18.113."));
  }, { timeout: 600_000 });
  after(async () => {
    await labDown("everyday");
    rmSync(above, { recursive: true, force: true });
  });

  test("compiles, and its unit test passes", { timeout: 120_000 }, async () => {
    assert.match(await well(said("npm", ["test"])), /^# pass 1$/m);
  });

  test("runs on its lab hosts: a check, the change, and nothing left to do", { timeout: 180_000 }, async () => {
    assert.match(await well(hawser("run", "playbooks/site.ts", "--check")), /\+web-1, Debian GNU\/Linux 12 \(bookworm\)\. Questions: ops@example\.org[^]*2 changes pending on 2 hosts/);
    assert.match(await well(hawser("run", "playbooks/site.ts")), /2 changes made on 2 hosts: everything is as declared/);
    assert.match(await well(hawser("run", "playbooks/site.ts")), /no changes: everything is as declared/);
  });

  test("exec and facts reach them over ssh, in one request, as whom they are told", { timeout: 60_000 }, async () => {
    assert.match(await well(hawser("exec", "web", "--group", "--", "tail", "-n", "1", "/etc/motd")), /^2 hosts answered: web-1, web-2\n {2}- write down what you change\n$/);
    await well(hawser("exec", "web", "--", "useradd", "--create-home", "guest"));
    assert.equal(await well(hawser("exec", "web-1", "--become-user", "guest", "--become", "-o", "raw", "--shell", "id -un; pwd")), "guest\n/home/guest\n");
    assert.match(await well(hawser("facts", "web", "--filter", "os.id,init")), /^web-1 {2}os\.id {2}debian\nweb-1 {2}init {2}systemd\nweb-2 /);
  });

  test("a prompt on one of them plans and applies over ssh, and lets go of the lock", { timeout: 60_000 }, async () => {
    const typed = ["(await $`hostname`).stdout.trim()", 't.file("/root/typed", { content: "typed\\n" })', 'await apply(t.file("/root/typed", { content: "typed\\n" }))', 'await apply(t.file("/root/typed", { state: "absent" }))'];
    writeFileSync(path.join(project, "typed"), `${typed.join("\n")}\n`);
    const { code, out, err } = await said("sh", ["-c", "npx hawser console web-1 < typed"]);
    assert.equal(code, 0, `${out}${err}`);
    assert.match(out, /'web-1'\n[^]*would change[^]*\+typed\n[^]*\+ changed[^]*\+ changed/);
  });
});
