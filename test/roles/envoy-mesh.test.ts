import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { difference, runningOf, stateOf } from "../../roles/envoy/dump.ts";
import { resourcesOf } from "../../roles/envoy/bootstrap.ts";
import { CERTIFICATE, KEY, TRUSTED } from "../../roles/envoy/paths.ts";
import { builtArtifact, withoutArtifact } from "../artifacts/index.ts";
import { EchoClient, underLoad } from "../e2e/grpc-load.ts";
import { end } from "./envoy/fixture.ts";
import { certificates, EchoServer, EnvoyEnd, Path, until } from "./envoy/rig.ts";

/**
 * Two ends of the mesh on this machine: real Envoys with what the role generates, under its supervisor. The ways between them are
 * forwarders that can be cut. What needs hosts is in test/e2e/envoy.test.ts.
 */
const echo = (port: number, target: number) => ({ echo: { port, targets: [`127.0.0.1:${target}`], idempotent: true, health_check: { interval_s: 0.5, timeout_s: 2 } } });
const LA = end("la-1", { region: "la", private_address: "127.141.1.1", public_address: "127.141.1.2", mesh_port: 31_443, admin_port: 31_901, metrics: "127.0.0.1:31902", services: echo(31_051, 31_050) });
const SG = end("sg-1", { region: "sg", private_address: "127.141.2.1", public_address: "127.141.2.2", mesh_port: 32_443, admin_port: 32_901, metrics: "127.0.0.1:32902", services: echo(32_051, 32_050) });
/** Los Angeles as Singapore reaches it: through the forwarders. */
const SEEN = { ...LA, vars: { ...LA.vars, mesh_port: 33_443 } };
const FROM_SG = "127.0.0.1:32051";

void describe("two real Envoys", { skip: withoutArtifact("envoy"), timeout: 240_000 }, () => {
  let folder: string;
  let [la, sg]: [EnvoyEnd, EnvoyEnd] = [] as never;
  const [servedInLa, servedInSg] = [new EchoServer("la-1", "la"), new EchoServer("sg-1", "sg")];
  const [tunnel, direct] = [new Path(31_443), new Path(31_443)];
  const state = async (from: EnvoyEnd, address: string, port: number): Promise<string> => stateOf(await from.admin("clusters?format=json"), "echo", address, port);

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "hawser-mesh-"));
    spawnSync("tar", ["-xzf", builtArtifact("envoy")?.file ?? "", "-C", folder]);
    certificates(folder, ["la-1", "sg-1"]);
    const program = path.join(folder, "envoy");
    la = new EnvoyEnd(folder, program, LA);
    sg = new EnvoyEnd(folder, program, SG);
    la.write([SG]);
    sg.write([SEEN]);
    await Promise.all([servedInLa.listen(31_050), servedInSg.listen(32_050), tunnel.listen("127.141.1.1", 33_443), direct.listen("127.141.1.2", 33_443)]);
    await Promise.all([la.start(), sg.start()]);
    await until("all endpoints are healthy", async () => (await Promise.all([state(sg, "127.0.0.1", 32_050), state(sg, "127.141.1.1", 33_443), state(sg, "127.141.1.2", 33_443)])).every((each) => each === "healthy"));
  });
  after(async () => {
    await Promise.all([la.stop(), sg.stop()]);
    await Promise.all([servedInLa.kill(), servedInSg.kill()]);
    tunnel.close();
    direct.close();
    rmSync(folder, { recursive: true, force: true });
  });

  void test("Envoy takes what is generated, and runs with nothing else", async () => {
    const at = (name: string): string => path.join(folder, "sg-1", name);
    const dump = [[KEY, "key.pem"], [CERTIFICATE, "cert.pem"], [TRUSTED, "trusted.pem"]].reduce((text, [file = "", name = ""]) => text.replaceAll(at(name), file), await sg.admin("config_dump"));
    assert.equal(difference(resourcesOf(SG, [SEEN]), runningOf(dump)), undefined);
  });

  void test("a service is asked in its own region", async () => {
    const { failures, regions } = await underLoad(FROM_SG, () => Promise.resolve());
    assert.deepEqual([failures, Object.keys(regions)], [[], ["sg"]]);
  });

  void test("a hot restart under load loses nothing, not even what is under way", async (t) => {
    const load = await underLoad(FROM_SG, async () => {
      const client = new EchoClient(FROM_SG);
      const long = client.call("long", 3000);
      assert.deepEqual(await sg.reload(), { code: 0, err: "" });
      assert.equal((await long).text, "long");
      client.close();
    });
    t.diagnostic(`${load.calls} calls, the slowest took ${load.slowest} ms`);
    assert.deepEqual(load.failures, []);
    assert.equal(await sg.epoch(), 1);
  });

  void test("with the locals killed the tunnel serves, with that cut the public address, and no call fails", async (t) => {
    const load = await underLoad(FROM_SG, async () => {
      await servedInSg.kill();
      await until("the tunnel serves", async () => /echo::127\.141\.1\.1:33443::rq_success::[1-9]\d/.test(await sg.admin("clusters")));
      assert.match(await sg.admin("clusters"), /echo::127\.141\.1\.2:33443::rq_success::0/, "the public address waits");
      tunnel.cut(true);
      await until("the public address serves", async () => /echo::127\.141\.1\.2:33443::rq_success::[1-9]\d/.test(await sg.admin("clusters")));
    });
    t.diagnostic(`${load.calls} calls, the slowest took ${load.slowest} ms`);
    assert.deepEqual(load.failures, []);
    assert.equal(await state(sg, "127.141.1.1", 33_443), "fails its health check");
  });

  void test("traffic returns to the tunnel by itself, and a peer's hot restart loses nothing", async () => {
    tunnel.cut(false);
    await until("the tunnel is healthy", async () => (await state(sg, "127.141.1.1", 33_443)) === "healthy");
    const load = await underLoad(FROM_SG, async () => assert.equal((await la.reload()).code, 0));
    assert.deepEqual([load.failures, Object.keys(load.regions)], [[], ["la"]]);
  });

  void test("only who shows a peer's certificate is let in", () => {
    const ask = (...words: string[]) => spawnSync("curl", ["-sk", "--http2", "--max-time", "5", "-o", "/dev/null", "-w", "%{http_code}", ...words, "https://127.0.0.1:31443/"], { encoding: "utf8" }).stdout;
    const cert = (host: string): string[] => ["--cert", path.join(folder, host, "cert.pem"), "--key", path.join(folder, host, "key.pem")];
    assert.equal(ask(), "000");
    assert.equal(ask(...cert("la-1")), "000", "not even this end's own");
    assert.equal(ask(...cert("sg-1")), "404", "no service is named so");
  });

  void test("a hot restart that cannot begin is told of, and the old Envoy goes on", async () => {
    sg.write([SEEN], (text) => text.replace("port_value: 32902", "port_value: 31050"));
    const load = await underLoad(FROM_SG, async () => {
      const { code, err } = await sg.reload();
      assert.equal(code, 1);
      assert.match(err, /the new Envoy ended with 1 before it served: the old one goes on/);
    });
    assert.deepEqual(load.failures, []);
  });

  void test("a stop drains, and ends with nothing lost", async () => {
    const load = await underLoad(FROM_SG, async () => assert.equal(await la.stop(), 0), { clients: 2 });
    // Nobody serves any more at the end: what is answered so was never sent to anybody.
    assert.deepEqual(load.failures.filter((failure) => !failure.startsWith("grpc-status 14")), []);
    assert.ok(readFileSync(path.join(folder, "la-1", "restart"), "utf8").startsWith("1 ok"));
  });
});
