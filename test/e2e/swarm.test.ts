import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { E2eLab, follow, skip } from "./engine-fixture.ts";
import { proveRole } from "./role-proof.ts";
import { adding, ALL, book, changed, inventoryOf, load, met, migrating, ran, SERVICE, tasksOf, type Host } from "./swarm-fixture.ts";

/**
 * Real engines on hosts of this machine's kernel, which mostly has no IPVS: services are found by DNS. What the routing mesh does under
 * load is in swarm-mesh.test.ts, on kernels of their own.
 */
const lab = new E2eLab("e2e-swarm", "198.18.131", { la1: "debian", sg1: "debian", w1: "debian" });
const SECRET = "not-in-any-argument";
const vars = (changes: object = {}, motd = "one") => ({
  ha: true,
  networks: { back: {} },
  configs: { motd: { content: motd } },
  secrets: { token: { content: `!secret ${SECRET}` } },
  services: { web: { ...SERVICE, networks: ["back"], configs: ["motd"], secrets: ["token"], ...changes, deploy: { ...SERVICE.deploy, endpoint_mode: "dnsrr" } } },
});
const three = (changes?: object, motd?: string) => inventoryOf(lab, ALL, vars(changes, motd));
const on = async (host: Host, script: string): Promise<string> => (await lab.exec(host, script)).trim();
/** Beside the task that stays: it asks Docker's DNS for a task before each request. */
const CLIENT = load(`  p=$(docker inspect --format '{{.State.Pid}}' $(docker ps -q --filter label=com.docker.swarm.service.name=web | head -n 1))
  a=$(nsenter -t $p -n busybox nslookup -type=a web 127.0.0.11 2>/dev/null | awk '/^Address: 172/ { print $2; exit }')
  request "nsenter -t $p -n" "$a"`);
const minutes = (count: number) => ({ timeout: count * 60_000 });

void describe("a Swarm on real engines", { skip }, () => {
  before(() => lab.up(), minutes(5));
  after(() => lab.down());
  const proof = proveRole({
    test: import.meta,
    roles: ["swarm"],
    lab,
    book,
    inventory: () => three(),
    servers: { swarm: { name: "Docker Engine", on: "la1", version: "docker version --format '{{.Server.Version}}'" } },
    drifts: [
      { what: "a node without its label", by: { la1: "docker node update --label-rm region sg1 >/dev/null" }, repairs: [/sg1 swarm\/swarm-node:sg1/] },
      { what: "a service that somebody changed", by: { la1: "docker service update -d --no-resolve-image --env-add DRIFT=1 --replicas 3 web >/dev/null" }, repairs: [/la1 swarm-services\/swarm-service:web/] },
      { what: "forwarding that is dropped", by: { sg1: "iptables -w -F DOCKER-USER" }, repairs: [/sg1 swarm\/task:forwarding/] },
    ],
    faults: [
      { what: "what is forwarded is dropped", by: { sg1: "iptables -w -F DOCKER-USER" }, heal: "apply", expect: [/forwarding/] },
      { what: "an overlay too wide for the tunnel", by: { la1: "nsenter --net=/run/docker/netns/ingress_sbox ip link set eth0 mtu 1400" }, heal: { la1: "nsenter --net=/run/docker/netns/ingress_sbox ip link set eth0 mtu 1310" }, expect: [/overlay: MTU/] },
      { what: "VXLAN does not arrive", by: { sg1: "iptables -w -I INPUT -p udp --dport 4790 -j DROP" }, heal: { sg1: "iptables -w -D INPUT -p udp --dport 4790 -j DROP" }, expect: [/overlay to sg1: 1400 octets and back/] },
      { what: "two of three managers are gone", by: { sg1: "systemctl stop docker.socket docker", w1: "systemctl stop docker.socket docker" }, heal: { sg1: "systemctl start docker", w1: "systemctl start docker" }, expect: [/engine/, /membership/, /managers that are reachable/, /managers that are away/, /nodes that are ready/] },
    ],
    reboots: ["sg1"],
    settles: 180,
    unknown: 0.2,
  });

  void test("a witness has no tasks, and both regions have one", minutes(3), async () => {
    assert.ok(!(await tasksOf(on, "web")).includes("w1"));
  });

  void test("a new content is a new config, and the old one goes when no rollback needs it", minutes(5), async () => {
    const configs = async () => (await on("la1", "docker config ls --format '{{.Name}}'")).split("\n").length;
    await ran(book, await three({}, "two"));
    assert.equal(await configs(), 2, "the one before is a rollback's");
    await ran(book, await three({}, "three"));
    assert.deepEqual(changed(await ran(book, await three({}, "three"))), []);
    assert.equal(await configs(), 2);
    for (const host of ALL) assert.equal(await on(host, `grep -rl ${SECRET} /etc /run/hawser /var/lib/hawser /var/lib/docker/swarm 2>/dev/null || :`), "");
  });

  void test("a version that does not hold is rolled back, and the run says why", minutes(6), async () => {
    const said = await follow(book, { inventory: await three({ command: ["/bin/no-such-program"] }, "three") });
    assert.equal(said.recap.result, "failed");
    assert.match(said.trouble, /the new version did not hold, and Docker has brought the one before back[\s\S]*no-such-program/);
    assert.equal((await tasksOf(on, "web")).length, 2);
    // Docker forgets what was before a rollback, so what only that needed goes.
    assert.deepEqual(changed(await ran(book, await three({}, "three"))).filter((id) => !id.endsWith("swarm-prune:leftovers")), []);
    assert.deepEqual(changed(await ran(book, await three({}, "three"))), []);
  });

  void test("a node is drained, rebooted and given back, and no request is lost", minutes(6), async (t) => {
    const boot = await on("sg1", "cat /proc/sys/kernel/random/boot_id");
    await on("la1", CLIENT);
    const said = await ran(migrating("reboot"), await three({}, "three"), "sg1");
    const { answered, lost } = await met((script) => on("la1", script));
    t.diagnostic(`a hot migration with a reboot took ${said.seconds.toFixed(0)} s; ${answered} requests answered, ${lost} lost`);
    assert.ok(answered > 20, String(answered));
    assert.equal(lost, 0);
    assert.deepEqual(changed(said), ["sg1 swarm-drain/task:drain sg1 on la1", "sg1 swarm-act/task:act", "sg1 swarm-act/reboot:act", "sg1 swarm-activate/task:activate sg1 on la1"]);
    assert.notEqual(await on("sg1", "cat /proc/sys/kernel/random/boot_id"), boot);
    await proof.healthy();
  });

  void test("a node leaves, and one that the inventory got joins and gets work", minutes(8), async () => {
    const left = await inventoryOf(lab, ALL, { ...vars({}, "three"), ha: false }, { sg1: { state: "left" } });
    await ran(book, left);
    assert.deepEqual((await on("la1", "docker node ls --format '{{.Hostname}}'")).split("\n").sort(), ["la1", "w1"]);
    assert.deepEqual(changed(await ran(book, left)), []);
    const joined = await ran(adding, await three({}, "three"), "sg1");
    assert.ok(changed(joined).includes("sg1 swarm-work/task:work for sg1 on la1"), changed(joined).join("; "));
    assert.deepEqual(await tasksOf(on, "web"), ["la1", "sg1"]);
  });
});
