import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { forwarderFor, type Forwarder, type Target } from "../../src/connection/index.ts";
import { Prometheus } from "../../src/dashboard/index.ts";
import { HawserError } from "../../src/errors/index.ts";
import { targetOn, until } from "./run.ts";
import { freePort, need, startSshd, type Sshd } from "./sshd.ts";

const skip = need(["sshd", "openssh-server"]) ?? false;

void describe("TCP connections that a host makes", { skip }, () => {
  let sshd: Sshd;
  let web: Server;
  const open: Forwarder[] = [];
  before(async () => {
    sshd = await startSshd();
    // Answers as Prometheus does to a query without any result.
    web = createServer((_, response) => response.end('{"status":"success","data":{"resultType":"vector","result":[],"alerts":[]}}')).listen(0, "127.0.0.1");
    await once(web, "listening");
  });
  after(async () => {
    for (const forwarder of open) await forwarder.close();
    web.close();
    await sshd.stop();
  });

  const through = (target: Target = targetOn(sshd)): Forwarder => {
    const forwarder = forwarderFor(target);
    open.push(forwarder);
    return forwarder;
  };
  const asked = (forwarder: Forwarder, port = (web.address() as AddressInfo).port): Prometheus => new Prometheus({ url: new URL(`http://127.0.0.1:${port}/`), name: "la-1", connect: () => forwarder.connect("127.0.0.1", port) });

  it("carry several requests at once over one login", async () => {
    const logins = () => sshd.log().split("Accepted publickey").length;
    const before = logins();
    const prometheus = asked(through());
    const answers = await Promise.all([prometheus.query("up"), prometheus.query("up"), prometheus.alerts(), prometheus.query("up")]);
    assert.deepEqual(answers.map((each) => ("samples" in each ? each.samples : each)), [[], [], [], []]);
    assert.equal(logins() - before, 1);
  });

  it("are made again after the connection was lost", async () => {
    const prometheus = asked(through());
    await prometheus.query("up");
    for (const pid of execFileSync("pgrep", ["-P", String(sshd.pid)], { encoding: "utf8" }).trim().split("\n")) process.kill(Number(pid), "SIGKILL");
    await until(async () => await prometheus.query("up").then(() => true, () => false));
  });

  it("that are refused say so by the host's name, and what to try", async () => {
    await assert.rejects(asked(through(), await freePort()).query("up"), (error) => error instanceof HawserError && /Prometheus \(la-1\): .*refused/i.test(error.message) && error.hint !== undefined);
    await assert.rejects(asked(through(targetOn(sshd, { port: await freePort() }))).query("up"), (error) => error instanceof HawserError);
  });
});
