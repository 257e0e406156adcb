import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { KeptConnection } from "../../src/connection/index.ts";
import { keeperHome } from "../connection/keeper.ts";
import { temporary } from "../connection/keys.ts";
import { until } from "../connection/run.ts";
import { LOGIN, need, startSshd, type Sshd } from "../connection/sshd.ts";

const BIN = fileURLToPath(new URL("../../bin/hawser.mjs", import.meta.url));
const skip = need(["sshd", "openssh-server"]) ?? false;

describe("hawser keeps connections open", { skip }, () => {
  let server: Sshd;
  const home = keeperHome({ after });
  const folder = temporary({ after });

  before(async () => {
    server = await startSshd({ config: "LogLevel VERBOSE" });
    mkdirSync(join(folder, "inv"));
    const ssh = (host: string, more = ""): string => `    ${host}: { ssh: { address: 127.0.0.1, port: ${server.port}, user: ${LOGIN}, key: ${server.key}, agent: false, known_hosts: ${server.folder}/known_hosts, config: false${more} }, become: { method: none } }\n`;
    writeFileSync(join(folder, "inv/hosts.yml"), `all:\n  hosts:\n${ssh("kept", ", keep_open: 10m")}${ssh("plain")}`);
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    writeFileSync(join(folder, "site.ts"), 'import { play, playbook } from "hawser";\nexport default playbook(import.meta, [play({ name: "p", hosts: "all", roles: [] })]);\n');
  });
  after(() => server.stop());

  const hawser = (...args: string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      execFile(process.execPath, [BIN, ...args], { cwd: folder }, (error, stdout, stderr) => (error ? reject(new Error(`${error.message}\n${stdout}\n${stderr}`)) : resolve(stdout)));
    });
  const check = async (...args: string[]): Promise<void> => void (await hawser("run", "site.ts", "-i", "inv", "--check", ...args));
  const kept = async (): Promise<KeptConnection[]> => JSON.parse(await hawser("connections", "list", "--json")) as KeptConnection[];
  const logins = (): number => server.log().split("Accepted publickey").length - 1;

  it("where the inventory says so, and tells which", async () => {
    assert.equal(await hawser("connections", "list"), "no connection is kept open\n");
    await check();
    assert.equal(logins(), 2);
    await check();
    assert.equal(logins(), 3);
    const [connection, ...others] = await kept();
    assert.deepEqual(others, []);
    assert.deepEqual([connection?.host, connection?.address, connection?.user], ["kept", `127.0.0.1:${server.port}`, LOGIN]);
    assert.ok((connection?.closesIn ?? 0) > 590);
    assert.match(await hawser("connections", "list"), /^HOST +ADDRESS +USER +IDLE FOR +CLOSES IN\nkept +127\.0\.0\.1:\d+ +\w+ +\d+s +(?:10m|9m\d+s)\n$/);
  });

  it("for one run, where the command line says so, or does not", async () => {
    await check("--keep-open", "1h");
    assert.deepEqual(new Set((await kept()).map(({ host, closesIn = 0 }) => `${host} ${closesIn > 3500}`)), new Set(["kept true", "plain true"]));
    const before = logins();
    await check("--keep-open", "off");
    assert.equal(logins(), before + 2);
  });

  it("with one keeper, however many begin at once and whatever the last one left behind", async () => {
    process.kill(home.pids()[0] as number, "SIGKILL");
    await until(() => home.pids().length === 0);
    assert.equal(home.sockets().length, 1);
    await Promise.all(Array.from({ length: 4 }, () => check("--keep-open", "1h")));
    assert.equal(home.pids().length, 1);
    assert.equal(home.sockets().length, 1);
    assert.match(await hawser("connections", "close"), /^closed [2-8] connections\n$/);
    await until(() => home.pids().length === 0);
    await check("--keep-open", "1h");
  });

  it("until they are closed", async () => {
    assert.equal(await hawser("connections", "close", "plain", "nobody"), "closed 1 connection\n");
    assert.equal(await hawser("connections", "close"), "closed 1 connection\n");
    await until(() => home.pids().length === 0);
    assert.equal(await hawser("connections", "list"), "no connection is kept open\n");
  });

  it("and refuses a time that is none", async () => {
    await assert.rejects(hawser("run", "site.ts", "--keep-open", "25h"), /'--keep-open <duration>' argument '25h' is invalid\. it must be a duration up to 24h, such as 90s, 10m or 1h30m, or off\./);
  });
});
