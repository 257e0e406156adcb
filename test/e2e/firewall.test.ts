import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Inventory, Tasks } from "hawser";
import { labHost } from "../../src/lab/index.ts";
import { bookOf, E2eLab, follow, skip } from "./engine-fixture.ts";

const lab = new E2eLab("e2e-firewall", "198.18.57", { wall: "debian", peer: "debian" });

/** On each port a service says its line to whoever connects. Nothing is said of 8004, so the host's own firewall decides. */
const LISTEN = `
systemctl is-system-running --wait >/dev/null || :
printf '[Socket]\\nAccept=yes\\n%s\\n[Install]\\nWantedBy=sockets.target\\n' "$(printf 'ListenStream=%s\\n' 8001 8002 8003 8004)" >/etc/systemd/system/hello.socket
printf '[Service]\\nExecStart=/bin/echo hello\\nStandardOutput=socket\\n' >/etc/systemd/system/hello@.service
systemctl daemon-reload
systemctl -q enable --now hello.socket nftables`;
const INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends";

type Ports = Readonly<Record<"8001" | "8002" | "8003" | "8004" | "peer to 8002", "open" | "closed">>;
const OPEN: Ports = { 8001: "open", 8002: "open", 8003: "closed", 8004: "open", "peer to 8002": "closed" };
const STRICT: Ports = { ...OPEN, 8004: "closed" };

describe("rules of the firewall", { skip }, () => {
  let inventory: Inventory;
  /** The controller's address, as the hosts see it. */
  let me = "";

  before(async () => {
    await lab.up();
    inventory = await lab.inventory();
    await lab.exec("wall", LISTEN);
    me = (await knock(22)).from ?? "";
  }, { timeout: 300_000 });
  after(() => lab.down());

  const rules = (t: Tasks, state: "present" | "absent"): void => {
    t.firewallRule("others", { protocol: "tcp", port: 8002, action: "drop", position: 900, state });
    t.firewallRule("web", { protocol: "tcp", port: [8001, "8010-8020"], action: "accept", state });
    t.firewallRule("me", { protocol: "tcp", port: 8002, source: me, action: "accept", position: 10, state });
    t.firewallRule("refused", { protocol: "tcp", port: 8003, action: "reject", state });
    t.firewallRule("never", { action: "accept", state: "absent" });
  };
  const bookWith = (state: "present" | "absent") => bookOf(({ t, host }) => {
    if (host.name === "wall") rules(t, state);
  });
  const book = bookWith("present");

  async function pending(of = book): Promise<Record<string, string>> {
    const said = await follow(of, { inventory, check: true });
    assert.equal(said.recap.result, "ok", said.trouble);
    return Object.fromEntries([...said.of("wall")].filter(([, { outcome }]) => outcome !== "ok").map(([id, { outcome, summary }]) => [id.replace("firewall-rule:", ""), outcome === "would-change" ? summary ?? "" : outcome]));
  }

  /** What a check foresees is what a run does, and then nothing is left. */
  async function repairs(foreseen: Readonly<Record<string, string>>, of = book): Promise<void> {
    assert.deepEqual(await pending(of), foreseen);
    const run = await follow(of, { inventory });
    assert.equal(run.recap.result, "ok", run.trouble);
    assert.deepEqual([...run.of("wall")].flatMap(([id, { outcome }]) => (outcome === "changed" ? [id.replace("firewall-rule:", "")] : [])), Object.keys(foreseen));
    assert.deepEqual(await pending(of), {});
  }

  async function reboot(): Promise<void> {
    await labHost.stop(lab.name, "wall");
    await labHost.start(lab.name, "wall");
  }

  void test("in a table of nftables survive its reload and restart, and a reboot", { timeout: 120_000 }, async () => {
    await filters({ ...OPEN, 8003: "open", "peer to 8002": "open" });
    await repairs({ others: "add", web: "add", me: "add", refused: "add" });
    await filters(OPEN);
    for (const command of ["reload", "restart"]) {
      await lab.exec("wall", `systemctl ${command} nftables`);
      await filters(OPEN);
      assert.deepEqual(await pending(), {}, command);
    }
    await reboot();
    await filters(OPEN);
    assert.deepEqual(await pending(), {});
    await lab.exec("wall", "nft flush ruleset");
    await filters({ ...OPEN, 8003: "open", "peer to 8002": "open" });
    await repairs({ others: "load again", web: "load again", me: "load again", refused: "load again" });
    await filters(OPEN);
  });

  void test("open ufw, and survive its reload and a reboot", { timeout: 120_000 }, async () => {
    await lab.exec("wall", `${INSTALL} ufw >/dev/null; ufw allow 22/tcp; ufw --force enable`);
    await filters({ ...STRICT, 8001: "closed", 8002: "closed" });
    await repairs({ web: "change", me: "change" });
    await filters(STRICT);
    await lab.exec("wall", "ufw reload");
    await filters(STRICT);
    assert.deepEqual(await pending(), {});
    await reboot();
    await filters(STRICT);
    assert.deepEqual(await pending(), {});
    await lab.exec("wall", "iptables -F ufw-user-input; iptables -I INPUT -p tcp --dport 22 -j ACCEPT");
    await repairs({ web: "load again", me: "load again" });
    await lab.exec("wall", "ufw --force delete allow proto tcp from any to any port 8001,8010:8020");
    await repairs({ web: "load again" });
    await filters(STRICT);
  });

  void test("open firewalld, and survive its reload and a reboot", { timeout: 180_000 }, async () => {
    await lab.exec("wall", `ufw disable; ${INSTALL} firewalld >/dev/null; firewall-cmd --state`);
    await filters({ ...STRICT, 8001: "closed", 8002: "closed" });
    // It conflicts with nftables.service, whose stop flushes everything.
    await lab.exec("wall", "systemctl -q disable nftables");
    await repairs({ others: "load again", web: "change", me: "change", refused: "load again" });
    assert.ok(!(await lab.exec("wall", "cat /etc/ufw/user.rules")).includes("8001"), "ufw has given it up");
    await filters(STRICT);
    await lab.exec("wall", "firewall-cmd --reload");
    await filters(STRICT);
    assert.deepEqual(await pending(), {});
    await reboot();
    await filters(STRICT);
    assert.deepEqual(await pending(), {});
    await lab.exec("wall", "firewall-cmd --permanent --remove-rich-rule=\"$(firewall-cmd --permanent --list-rich-rules | grep 8002)\"");
    await repairs({ me: "load again" });
  });

  void test("stand in firewalld alone where it uses iptables, and survive its reload", { timeout: 120_000 }, async () => {
    await lab.exec("wall", "sed -i s/^FirewallBackend=.*/FirewallBackend=iptables/ /etc/firewalld/firewalld.conf; systemctl restart firewalld; firewall-cmd --state");
    await repairs({ others: "change", web: "change", me: "change", refused: "change" });
    assert.ok(!(await lab.exec("wall", "nft list tables")).includes("hawser"));
    await filters(STRICT);
    await lab.exec("wall", "firewall-cmd --reload");
    await filters(STRICT);
    assert.deepEqual(await pending(), {});
    await lab.exec("wall", "firewall-cmd --direct --remove-rules ipv4 filter INPUT");
    await repairs({ others: "load again", web: "load again", me: "load again", refused: "load again" });
    await filters(STRICT);
  });

  void test("go without a trace", { timeout: 60_000 }, async () => {
    await repairs({ others: "remove", web: "remove", me: "remove", refused: "remove" }, bookWith("absent"));
    await filters({ 8001: "closed", 8002: "closed", 8003: "closed", 8004: "closed", "peer to 8002": "closed" });
    const left = await lab.exec("wall", "nft list tables | grep hawser || :; ls -d /etc/hawser /etc/systemd/system/*/hawser-fire* /etc/systemd/system/hawser-fire* /run/hawser-* 2>/dev/null || :; firewall-cmd --list-rich-rules; firewall-cmd --permanent --list-rich-rules; firewall-cmd --permanent --direct --get-all-rules");
    assert.equal(left.trim(), "");
  });

  /** Until connections go as expected; a firewall may still be starting. */
  async function filters(expected: Ports): Promise<void> {
    const end = Date.now() + 15_000;
    for (;;) {
      const found: Record<string, string> = {};
      for (const port of ["8001", "8002", "8003", "8004"]) found[port] = (await knock(Number(port))).state;
      found["peer to 8002"] = (await lab.exec("peer", `timeout 1 bash -c ': </dev/tcp/${lab.address("wall")}/8002' 2>/dev/null && echo open || echo closed`)).trim();
      if (Date.now() > end || Object.entries(expected).every(([port, state]) => found[port] === state)) {
        assert.deepEqual(found, expected);
        return;
      }
      await delay(100);
    }
  }
});

/** Whether somebody answers on a port of the host; one that drops packets never does. */
async function knock(port: number): Promise<{ state: "open" | "closed"; from?: string }> {
  return await new Promise((resolve) => {
    const socket = connect({ host: lab.address("wall"), port, timeout: 700 });
    const end = (state: "open" | "closed") => {
      resolve({ state, ...(socket.localAddress !== undefined && { from: socket.localAddress }) });
      socket.destroy();
    };
    socket.once("connect", () => end("open")).once("timeout", () => end("closed")).once("error", () => end("closed"));
  });
}
